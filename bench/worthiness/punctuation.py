"""Tune the punctuator on punctuated transcripts, measure it on shows that it has not heard, write its weights.

    python -m bench.worthiness.punctuation --network http://127.0.0.1:8765 [--steps 700] [--halves DIR] [--write]

Reads every episode of a podcast network, hides case and punctuation, and learns to tell where they were. A step reads
8 stretches of talk. Two networks are tuned on half of the shows each and measured on the other half, beside the plain
baseline that begins a sentence before words that often open one; DIR keeps them. The one that is written has heard all
shows. A step takes two to three seconds on a core.
"""

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin
from xml.etree import ElementTree as ET

import httpx
import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from bench.worthiness.low_rank import DEVICE, learnt, mixed_precision, with_updates
from digest_pipeline.claims.models import punctuation
from digest_pipeline.claims.models.tuned_encoder import STRETCH, TalkEncoder, padded
from digest_pipeline.claims.sentences import (
    ABBREVIATION,
    ASKS,
    BEGINS,
    CAPITAL,
    COMMA,
    MARKS,
    READINESS,
    Scores,
    best_borders,
    plain_word,
)
from digest_pipeline.model_files import encoder_source
from digest_pipeline.settings import load_settings

WEIGHTS = Path(punctuation.__file__).with_name("punctuation.npz")
MOST_WORDS = 12_000  # of an episode, so that no long one outweighs the others
MEASURED_WORDS = 3_000  # of an episode of a show that was not heard
FULL_STOP = re.compile(r"[.?!…][\"”’')]*$")
QUESTION = re.compile(r"\?[\"”’')]*$")
PAUSE = re.compile(r"[,;:][\"”’')]*$")
OPENS = {"so", "but", "because", "and", "now", "then", "well", "yeah"}
NAMES = {BEGINS: "sentence begins", COMMA: "comma", ASKS: "question", CAPITAL: "capital"}
STARTS = (-2.5, -2.5, -4.5, -3.0)  # what the outputs begin at
STRETCHES = 8
UPDATE_RATE, HEAD_RATE, WARM_UP = 6e-4, 1e-3, 40


@dataclass(frozen=True)
class Talk:
    """An episode's words, and of each what was hidden, in the columns of ``Punctuator``: 0, 1 or, of a capital at the
    start of a sentence, which says nothing, NaN.
    """

    show: str
    words: list[str]
    marks: Scores


@dataclass(frozen=True)
class Tokens:
    """A talk as the encoder sees it, and the word of each token."""

    ids: list[int]
    word: npt.NDArray[np.int64]
    marks: Scores


def read_network(base: str) -> list[Talk]:
    """Every episode of a podcast network that has a transcript of segments."""
    talks = []
    with httpx.Client(timeout=60, trust_env=False) as client:
        opml = ET.fromstring(client.get(f"{base}/opml").raise_for_status().content)
        for outline in opml.iter("outline"):
            feed = outline.get("xmlUrl")
            if not feed:
                continue
            channel = ET.fromstring(client.get(feed).raise_for_status().content)
            for link in channel.iter("{https://podcastindex.org/namespace/1.0}transcript"):
                url = urljoin(feed, link.get("url", ""))
                if url.endswith(".json"):
                    rows = client.get(url).raise_for_status().json()["segments"]
                    talks.append(talk_of(feed, " ".join(row["body"] for row in rows)))
    return talks


def talk_of(show: str, text: str) -> Talk:
    """The words of a text, and what stands around them."""
    words, marks, begins = [], [], True
    for raw in text.split():
        if plain := plain_word(raw):
            is_end = bool(FULL_STOP.search(raw)) and not ABBREVIATION.fullmatch(raw)
            capital = float("nan") if begins else float(raw.lstrip("\"“‘'([")[:1].isupper())
            words.append(plain)
            marks.append((begins, bool(PAUSE.search(raw)), bool(QUESTION.search(raw)), capital))
            begins = is_end
    return Talk(show, words[:MOST_WORDS], np.array(marks[:MOST_WORDS], dtype=float).reshape(-1, MARKS))


def tokens_of(talk: Talk, tokenizer: TalkEncoder) -> Tokens:
    """A talk's tokens."""
    ids, starts = tokenizer.tokens(talk.words)
    return Tokens(ids, np.repeat(np.arange(len(talk.words)), np.diff(starts)), talk.marks)


def fit(source: str, talks: Sequence[Talk], steps: int, seed: int = 1) -> TalkEncoder:
    """A punctuator that has learnt from these talks."""
    torch.manual_seed(seed)
    chance = np.random.default_rng(seed)
    network = with_updates(TalkEncoder(source, MARKS)).train()
    with torch.no_grad():
        network.head.bias.copy_(torch.tensor(STARTS))
    updates = [p for p in network.encoder.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW([{"params": updates}, {"params": list(network.head.parameters())}], weight_decay=0.01)
    heard = [tokens_of(talk, network) for talk in talks]
    lengths = np.array([len(talk.ids) for talk in heard], dtype=float)
    for step in range(steps):
        for group, highest in zip(optimizer.param_groups, (UPDATE_RATE, HEAD_RATE), strict=True):
            group["lr"] = highest * min(1, (step + 1) / WARM_UP) * (1 - step / steps)
        drawn = [
            (talk, int(chance.integers(0, max(1, len(talk.ids) - STRETCH))))
            for talk in (heard[row] for row in chance.choice(len(heard), STRETCHES, p=lengths / lengths.sum()))
        ]
        loss = _loss(network, drawn)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_([*updates, *network.head.parameters()], 1.0)
        optimizer.step()
        if step % 50 == 49 or step + 1 == steps:
            print(f"  step {step + 1}: loss {loss.item():.4f}", flush=True)
    return network.eval()


def _loss(network: TalkEncoder, drawn: Sequence[tuple[Tokens, int]]) -> torch.Tensor:
    """Of the words in these stretches of talk: the mean of their four cross entropies."""
    rows, places, wanted, count = [], [], [], 0
    for talk, start in drawn:
        row, begin, end = network.stretch(talk.ids, start)
        held, place = np.unique(talk.word[start : start + STRETCH], return_inverse=True)
        rows.append(row)
        places.append([-1] * begin + (place + count).tolist() + [-1] * (len(row) - end))
        wanted.append(talk.marks[held])
        count += len(held)
    ids, types, mask = padded(rows, [[0] * len(row) for row in rows], DEVICE)
    with mixed_precision():
        rated = network(ids, types, mask)
    flat = torch.tensor([place + [-1] * (ids.shape[1] - len(place)) for place in places], device=DEVICE).reshape(-1)
    rated, flat = rated.float().reshape(-1, MARKS)[flat >= 0], flat[flat >= 0]
    sums = torch.zeros(count, MARKS, device=DEVICE).index_add(0, flat, rated)
    target = torch.tensor(np.concatenate(wanted), device=DEVICE).float()
    known = ~target.isnan()
    losses = nn.functional.binary_cross_entropy_with_logits(
        sums / torch.bincount(flat, minlength=count)[:, None], target.nan_to_num(), reduction="none"
    )
    mean: torch.Tensor = (losses * known).sum() / known.sum()
    return mean


def weights_of(network: TalkEncoder) -> dict[str, npt.NDArray[np.float16]]:
    """What ``punctuation.npz`` holds."""
    head, bias = (part.detach().cpu().numpy().astype(np.float16) for part in (network.head.weight, network.head.bias))
    return learnt(network) | {"head": head, "bias": bias}


def as_shipped(source: str, stored: dict[str, npt.NDArray[np.float16]]) -> TalkEncoder:
    """The network that the package makes of stored weights."""
    return TalkEncoder(source, MARKS).tuned({name: part.astype(np.float32) for name, part in stored.items()})


def report(network: TalkEncoder, unheard: Sequence[Talk]) -> None:
    """Print precision, recall and F1 of each mark as the package places it, on talks of shows that were not heard."""
    odds = [network.rate(talk.words[:MEASURED_WORDS]) for talk in unheard]
    found = np.concatenate(odds) > 0
    found[:, BEGINS] = np.concatenate([borders_in(rated) for rated in odds])
    wanted = np.concatenate([talk.marks[:MEASURED_WORDS] for talk in unheard])
    opens = np.concatenate([np.isin(talk.words[:MEASURED_WORDS], list(OPENS)) for talk in unheard])
    guesses = [(name, column, found[:, column]) for column, name in NAMES.items()]
    for name, column, guess in [*guesses, ("sentence begins, by opening words", BEGINS, opens)]:
        known = ~np.isnan(wanted[:, column])
        said, true = guess[known], wanted[known, column] > 0
        hit = float((said & true).sum())
        precision, recall = hit / max(1, said.sum()), hit / true.sum()
        harmonic = 2 * precision * recall / max(1e-9, precision + recall)
        print(f"  {name:34s} precision {precision:.3f} recall {recall:.3f} F1 {harmonic:.3f}")


def borders_in(odds: Scores) -> npt.NDArray[np.bool_]:
    """At which words the package lets a sentence begin."""
    begins = np.zeros(len(odds), dtype=bool)
    begins[[0, *best_borders(odds[:, BEGINS] + READINESS)]] = True
    return begins


def main() -> None:
    """Tune, measure on unheard shows, and write what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", required=True, help="base address of a podcast network")
    parser.add_argument("--steps", type=int, default=700)
    parser.add_argument("--halves", type=Path, help="folder for the two networks of half of the shows each")
    parser.add_argument("--write", action="store_true", help="tune on all shows and write punctuation.npz")
    args = parser.parse_args()
    source = encoder_source(load_settings().encoder_model)
    talks = read_network(args.network)
    shows = sorted({talk.show for talk in talks})
    print(f"{len(talks)} episodes of {len(shows)} shows, {sum(len(talk.words) for talk in talks)} words")
    for half in (0, 1):
        heard = set(shows[half::2])
        print(f"tuned on {len(heard)} shows, measured on the others:")
        stored = weights_of(fit(source, [talk for talk in talks if talk.show in heard], args.steps))
        report(as_shipped(source, stored), [talk for talk in talks if talk.show not in heard])
        if args.halves:
            args.halves.mkdir(parents=True, exist_ok=True)
            np.savez_compressed(args.halves / f"half{half}.npz", **stored)  # type: ignore[arg-type]
    if args.write:
        stored = weights_of(fit(source, talks, args.steps))
        np.savez_compressed(WEIGHTS, **stored)  # type: ignore[arg-type]
        print(f"{WEIGHTS}: {WEIGHTS.stat().st_size} bytes")


if __name__ == "__main__":
    main()
