"""Tune the talk rater on labelled windows, rate the spans of episodes that it has not seen, write its weights.

    python -m bench.worthiness.talk --labels DIR [--labels DIR ...] --out FILE [--steps 1500] [--write]

It learns from the episodes without NAME.gold.jsonl. Those with one are kept for measuring, and FILE holds ratings of
their spans, for ``--talk`` of ``bench.worthiness.train``. A step reads 16 stretches of talk, one in four around an
advertisement: the worth of each window (its mean over tokens) by squared error, and beside it whether it is worth
sending, an advertisement, and stands alone. Every other time an episode is read without punctuation. It takes about 40
minutes on two cores that multiply bfloat16 fast.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from bench.worthiness.episodes import (
    GOOD,
    VIEWS,
    RememberingEmbedder,
    note_trained_on,
    read_episodes,
    read_labels,
    read_windows,
)
from bench.worthiness.low_rank import DEVICE, learnt, mixed_precision, with_updates
from digest_pipeline.claims.models import talk_rater
from digest_pipeline.claims.models.punctuation import get_punctuator
from digest_pipeline.claims.models.talk_rater import OUTPUTS, rate_spans
from digest_pipeline.claims.models.tuned_encoder import STRETCH, TalkEncoder, padded
from digest_pipeline.claims.models.worthiness import Scores
from digest_pipeline.encoder import get_embedder
from digest_pipeline.model_files import encoder_source
from digest_pipeline.settings import load_settings

WEIGHTS = Path(talk_rater.__file__).with_name("talk_rater.npz")
CONTAINED_SHARE = 0.1  # how far standing alone counts for worth by itself
WORTH_SCALE = 3.0  # of the worth that is learnt, for its loss to weigh beside the others
LOSS_SHARES = (1.0, 0.5, 0.5, 0.25)  # worth; worth sending, advertisement, standing alone
KEPT = [0, 2]  # of the outputs: worth and advertisement
STARTS = (0.0, -3.0, -2.0, -1.5)  # of the head's offsets: the last three are rare
STRETCHES, ONE_AD_IN = 16, 4
WHOLE_WINDOW = 40  # tokens from which a window counts fully
UPDATE_RATE, HEAD_RATE, WARM_UP = 6e-4, 1e-3, 40


@dataclass(frozen=True)
class Talk:
    """An episode as tokens, the window of each, and what is wanted of each window, shape (windows, 4)."""

    ids: npt.NDArray[np.int64]
    windows: npt.NDArray[np.int64]
    wanted: Scores

    @property
    def ads(self) -> npt.NDArray[np.int64]:
        """The windows that advertise."""
        return np.flatnonzero(self.wanted[:, 2])


def talks_of(path: Path, tokenizer: TalkEncoder) -> list[Talk]:
    """An episode's windows as they are written, and without punctuation."""
    texts = [str(window["text"]) for window in read_windows(path)]
    columns = read_labels(path, len(texts))
    score, contained = columns["score"], columns["sc"]
    worth = score / 3 * (0.75 + 0.25 * (contained > 0)) + CONTAINED_SHARE * contained
    worth -= np.average(worth, weights=[len(text.split()) for text in texts])
    wanted = np.column_stack([worth * WORTH_SCALE, score >= GOOD, columns["ad"], contained])
    vocabulary = tokenizer.tokenizer.get_vocab().items()
    marks = {number for token, number in vocabulary if len(token) == 1 and not token.isalnum() and token not in "'$%@/"}
    found = tokenizer.tokenizer(texts, add_special_tokens=False, verbose=False)["input_ids"]
    bare = [[token for token in window if token not in marks] for window in found]
    return [
        Talk(
            np.concatenate([np.array(window, dtype=np.int64) for window in windows]),
            np.repeat(np.arange(len(windows)), [len(window) for window in windows]),
            wanted,
        )
        for windows in (found, bare)
    ]


def fit(source: str, talks: Sequence[Talk], steps: int, seed: int = 1) -> TalkEncoder:
    """A rater that has learnt from these episodes."""
    torch.manual_seed(seed)
    chance = np.random.default_rng(seed)
    network = with_updates(TalkEncoder(source, len(LOSS_SHARES))).train()
    with torch.no_grad():
        network.head.bias.copy_(torch.tensor(STARTS))
    updates = [p for p in network.encoder.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW([{"params": updates}, {"params": list(network.head.parameters())}], weight_decay=0.01)
    ads = np.sqrt([len(talk.ads) for talk in talks])
    lengths = np.array([len(talk.ids) for talk in talks]) ** 0.75
    shares = torch.tensor(LOSS_SHARES, device=DEVICE)
    for step in range(steps):
        for group, highest in zip(optimizer.param_groups, (UPDATE_RATE, HEAD_RATE), strict=True):
            group["lr"] = highest * min(1, (step + 1) / WARM_UP) * (1 - step / steps)
        drawn = []
        for n in range(STRETCHES):
            near_ad = n % ONE_AD_IN == 0 and ads.any()
            weights = ads if near_ad else lengths
            talk = talks[chance.choice(len(talks), p=weights / weights.sum())]
            if near_ad:
                start = int(np.searchsorted(talk.windows, chance.choice(talk.ads)) - chance.integers(0, STRETCH))
            else:
                start = int(chance.integers(-20, max(1, len(talk.ids) - STRETCH + 20)))
            drawn.append((talk, max(0, min(start, len(talk.ids) - 1))))
        losses = _losses(network, drawn)
        optimizer.zero_grad()
        (losses * shares).sum().backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_([*updates, *network.head.parameters()], 1.0)
        optimizer.step()
        if step % 100 == 99 or step + 1 == steps:
            print(f"  step {step + 1}: losses {losses.tolist()}", flush=True)
    with torch.no_grad():
        network.head.weight[0] /= WORTH_SCALE
    return network.eval()


def weights_of(network: TalkEncoder) -> dict[str, npt.NDArray[np.float16]]:
    """What ``talk_rater.npz`` holds: the updates, and the heads of worth and advertisement. Of the worth no offset."""
    head, bias = (part.detach().cpu().numpy()[KEPT] for part in (network.head.weight, network.head.bias))
    kept = {"head": head, "bias": bias * [0, 1]}
    return learnt(network) | {name: part.astype(np.float16) for name, part in kept.items()}


def _losses(network: TalkEncoder, drawn: Sequence[tuple[Talk, int]]) -> torch.Tensor:
    """Of each output, over the windows that some of these stretches of talk hold."""
    rows, places, wanted, count = [], [], [], 0
    for talk, start in drawn:
        row, begin, end = network.stretch(talk.ids.tolist(), start)
        held, place = np.unique(talk.windows[start : start + STRETCH], return_inverse=True)
        rows.append(row)
        places.append([-1] * begin + (place + count).tolist() + [-1] * (len(row) - end))
        wanted.append(talk.wanted[held])
        count += len(held)
    ids, types, mask = padded(rows, [[0] * len(row) for row in rows], DEVICE)
    with mixed_precision():
        rated = network(ids, types, mask)
    flat = torch.tensor([place + [-1] * (ids.shape[1] - len(place)) for place in places], device=DEVICE).reshape(-1)
    rated, flat = rated.float().reshape(-1, len(LOSS_SHARES))[flat >= 0], flat[flat >= 0]
    sums = torch.zeros(count, len(LOSS_SHARES), device=DEVICE).index_add(0, flat, rated)
    tokens = torch.bincount(flat, minlength=count)
    found, target = sums / tokens[:, None], torch.tensor(np.concatenate(wanted), device=DEVICE).float()
    off = (found[:, :1] - target[:, :1]) ** 2
    unlikely = nn.functional.binary_cross_entropy_with_logits(found[:, 1:], target[:, 1:], reduction="none")
    weight = tokens.clamp(max=WHOLE_WINDOW)[:, None]
    losses: torch.Tensor = (torch.cat([off, unlikely], dim=1) * weight).sum(dim=0) / weight.sum()
    return losses


def main() -> None:
    """Tune on the episodes that are not measured, rate those that are."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=Path, action="append", required=True, help="folder with windows and labels")
    parser.add_argument("--vectors", type=Path, help="file that keeps sentence vectors from one call to the next")
    parser.add_argument("--out", type=Path, required=True, help="file for the ratings of the others (.npz)")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--write", action="store_true", help="write talk_rater.npz into the package")
    args = parser.parse_args()
    settings = load_settings()
    source = encoder_source(settings.encoder_model)
    tokenizer = TalkEncoder(source)
    labelled = sorted(f for folder in args.labels for f in folder.glob("*.labels.jsonl"))
    paths = [file.with_name(file.name.removesuffix(".labels.jsonl") + ".jsonl") for file in labelled]
    learnt_from = [path for path in paths if not path.with_suffix(".gold.jsonl").exists()]
    print(f"{len(learnt_from)} episodes to learn from, {len(paths) - len(learnt_from)} to measure on; {DEVICE}")
    network = fit(source, [talk for path in learnt_from for talk in talks_of(path, tokenizer)], args.steps)
    stored = weights_of(network)
    rater = TalkEncoder(source, OUTPUTS).tuned({name: weights.astype(np.float32) for name, weights in stored.items()})
    embedder = RememberingEmbedder(get_embedder(settings), args.vectors)
    measured = {path.stem for path in paths} - {path.stem for path in learnt_from}
    found = {
        f"{episode.name}/{episode.view}": rate_spans(episode.turns, episode.spans, rater)
        for episode in read_episodes(args.labels, embedder, get_punctuator(settings, "en"))
        if episode.name in measured
    }
    embedder.save()
    print(f"{len(found) // len(VIEWS)} episodes rated in {len(VIEWS)} views")
    np.savez_compressed(args.out, **found)  # type: ignore[arg-type]
    if args.write:
        np.savez_compressed(WEIGHTS, **stored)  # type: ignore[arg-type]
        note_trained_on(path.stem for path in learnt_from)
        print(f"{WEIGHTS}: {WEIGHTS.stat().st_size} bytes")


if __name__ == "__main__":
    main()
