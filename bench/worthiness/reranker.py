"""Tune the reranker on labelled windows, rate the shortlists of shows that it has not seen, write its weights.

    python -m bench.worthiness.reranker --labels DIR [--labels DIR ...] --out FILE [--steps 1000] [--write]

The labels are those of ``bench.worthiness.train``, which takes FILE as ``--reranked`` and prints the figures. Each step
compares spans of a few episodes with others of their own: two in three of an episode's best by the linear model, the
rest any. The loss is the squared error of the ratings once both they and the targets are centred in the episode. A
thousand steps take about a minute on one H200; two cores take half a minute for one.
"""

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from bench.worthiness.episodes import GOOD, VIEWS, LabelledEpisode, RememberingEmbedder, read_episodes
from bench.worthiness.low_rank import DEVICE, learnt, mixed_precision, with_updates
from bench.worthiness.ranking import refused
from bench.worthiness.ridge import held_out, length_weight_of, moments_of, targets
from digest_pipeline.claims.models import reranker
from digest_pipeline.claims.models.punctuation import get_punctuator
from digest_pipeline.claims.models.reranker import passages_of
from digest_pipeline.claims.models.tuned_encoder import BATCH, PassageEncoder, padded
from digest_pipeline.claims.models.worthiness import Scores, worth_in_context
from digest_pipeline.encoder import get_embedder
from digest_pipeline.model_files import encoder_source
from digest_pipeline.settings import load_settings

WEIGHTS = Path(reranker.__file__).with_name("reranker.npz")
BEST, ANY = 300, 300  # spans of an episode that are at hand: its best, and some of the others
EPISODES_A_STEP, BEST_A_STEP, ANY_A_STEP = 4, 32, 16
LOSS_SHARES = (1.0, 0.5, 0.15, 0.15)  # worth; promotion, worth sending, standing alone are learnt beside it
UPDATE_RATE, HEAD_RATE, WARM_UP = 6e-4, 1e-3, 60
FOLDS = 4


@dataclass(frozen=True)
class Shortlist:
    """Spans of an episode in one view, its best first: their rows, tokens, and targets (spans, 4)."""

    episode: str
    view: str
    fold: int
    spans: int
    windows: int
    best: int
    rows: npt.NDArray[np.int64]
    ids: list[list[int]]
    types: list[list[int]]
    wanted: Scores


def fit(source: str, lists: Sequence[Shortlist], steps: int, seed: int) -> PassageEncoder:
    """A reranker that has learnt from these episodes."""
    torch.manual_seed(seed)
    chance = np.random.default_rng(seed)
    network = with_updates(PassageEncoder(source, len(LOSS_SHARES))).train()
    network.encoder.embeddings.token_type_embeddings.requires_grad_(True)
    updates = [p for p in network.encoder.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW([{"params": updates}, {"params": list(network.head.parameters())}], weight_decay=0.01)
    weights = np.sqrt([part.windows for part in lists])
    shares = torch.tensor(LOSS_SHARES, device=DEVICE)
    for step in range(steps):
        for group, highest in zip(optimizer.param_groups, (UPDATE_RATE, HEAD_RATE), strict=True):
            group["lr"] = highest * min(1, (step + 1) / WARM_UP) * (1 - step / steps)
        drawn = chance.choice(len(lists), EPISODES_A_STEP, replace=False, p=weights / weights.sum())
        chosen = [lists[i] for i in drawn]
        rows = [
            np.concatenate([chance.choice(part.best, BEST_A_STEP), chance.choice(len(part.rows), ANY_A_STEP)])
            for part in chosen
        ]
        wanted = torch.tensor(np.stack([part.wanted[at] for part, at in zip(chosen, rows, strict=True)]), device=DEVICE)
        pairs = [(part.ids[i], part.types[i]) for part, at in zip(chosen, rows, strict=True) for i in at]
        off = _rated(network, pairs).view(wanted.shape) - wanted.float()
        loss = ((off - off.mean(dim=1, keepdim=True)) ** 2 * shares).mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_([*updates, *network.head.parameters()], 1.0)
        optimizer.step()
        if step % 100 == 99 or step + 1 == steps:
            print(f"  step {step + 1}: loss {loss.item():.4f}", flush=True)
    return network.eval()


def rate(network: PassageEncoder, part: Shortlist) -> Scores:
    """The worth of the best of a shortlist; NaN for every other span of the episode."""
    rated = np.full(part.spans, np.nan)
    with torch.inference_mode():
        for first in range(0, part.best, BATCH):
            at = range(first, min(first + BATCH, part.best))
            found = _rated(network, [(part.ids[i], part.types[i]) for i in at])
            rated[part.rows[first : first + len(at)]] = found[:, 0].cpu()
    return rated


def weights_of(network: PassageEncoder) -> dict[str, npt.NDArray[np.float16]]:
    """What ``reranker.npz`` holds: the updates, and the token types, which are learnt too."""
    types = network.encoder.embeddings.token_type_embeddings.weight
    return {"token_types": types.detach().cpu().numpy().astype(np.float16), **learnt(network)}


def _rated(network: PassageEncoder, pairs: Sequence[tuple[list[int], list[int]]]) -> torch.Tensor:
    ids, types = zip(*pairs, strict=True)
    with mixed_precision():
        rated: torch.Tensor = network(*padded(ids, types, DEVICE))
    return rated.float()


def shortlists(episodes: Sequence[LabelledEpisode], tokenizer: PassageEncoder) -> list[Shortlist]:
    """What is learnt from, and rated: by ratings of a linear model that has not seen the show."""
    ratings = held_out(episodes, moments_of(episodes), lambda e: e.show)
    length_weight = length_weight_of(ratings)
    folds = _folds(episodes)
    chance, found = np.random.default_rng(1), []
    for episode, rated in zip(episodes, ratings, strict=True):
        worth = worth_in_context(episode.spans, rated[:, 0], length_weight)
        order = np.argsort(np.where(refused(episode, rated), -np.inf, worth))[::-1]
        others = chance.permutation(order[BEST:])[:ANY]
        rows = np.concatenate([order[:BEST], others])
        ids, types = tokenizer.tokens(passages_of(episode.turns, [episode.spans[row] for row in rows]))
        wanted = np.column_stack([targets(episode), episode.best >= GOOD, episode.contained])[rows]
        fold, best = folds[episode.show], min(BEST, len(order))
        found.append(
            Shortlist(
                episode.name, episode.view, fold, len(episode.spans), episode.windows, best, rows, ids, types, wanted
            )
        )
    return found


def _folds(episodes: Sequence[LabelledEpisode]) -> dict[str, int]:
    """Whole shows in groups of about as many episodes."""
    sizes = Counter(episode.show for episode in episodes)
    loads, folds = [0] * FOLDS, {}
    for show, size in sizes.most_common():
        folds[show] = loads.index(min(loads))
        loads[folds[show]] += size
    return folds


def main() -> None:
    """Tune without each fold, rate it, then tune on all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=Path, action="append", required=True, help="folder with windows and labels")
    parser.add_argument("--vectors", type=Path, help="file that keeps sentence vectors from one call to the next")
    parser.add_argument("--out", type=Path, required=True, help="file for the held-out ratings (.npz)")
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--write", action="store_true", help="write reranker.npz into the package")
    args = parser.parse_args()
    settings = load_settings()
    source = encoder_source(settings.encoder_model)
    embedder = RememberingEmbedder(get_embedder(settings), args.vectors)
    episodes = list(read_episodes(args.labels, embedder, get_punctuator(settings, "en")))
    lists = shortlists(episodes, PassageEncoder(source))
    embedder.save()
    print(f"{len(lists) // len(VIEWS)} episodes in {len(VIEWS)} views; {DEVICE}")
    found: dict[str, Scores] = {}
    for fold in range(FOLDS):
        print(f"without fold {fold + 1} of {FOLDS}:")
        network = fit(source, [part for part in lists if part.fold != fold], args.steps, fold)
        found |= {f"{part.episode}/{part.view}": rate(network, part) for part in lists if part.fold == fold}
    np.savez_compressed(args.out, **found)  # type: ignore[arg-type]
    if args.write:
        print("on all:")
        np.savez_compressed(WEIGHTS, **weights_of(fit(source, lists, args.steps, FOLDS)))  # type: ignore[arg-type]
        print(f"{WEIGHTS}: {WEIGHTS.stat().st_size} bytes")


if __name__ == "__main__":
    main()
