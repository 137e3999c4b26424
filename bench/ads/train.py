"""Train the advertisement model, and measure it on episodes that it has not seen.

    python -m bench.ads.train --network URL [--network URL] [--labels DIR] [--write] [--unseen episode|show]

Prints precision and recall of the flags per show and in total, for the published and for the raw view, each episode
judged by a model that was trained without it (or without its whole show); then for the shipped weights, which have seen
these episodes. ``--write`` puts weights that were trained on everything into the package.
"""

import argparse
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from bench.ads.episodes import (
    Flags,
    Labelled,
    View,
    as_published,
    as_recognised,
    from_folder,
    from_network,
    spliced,
    to_windows,
    written_blocks,
)
from digest_pipeline.regression import Array, Regression
from digest_pipeline.transcripts.ads import model as ad_model
from digest_pipeline.transcripts.ads.cues import CUES
from digest_pipeline.transcripts.ads.model import AdModel, Unit, cue_matrix, place_matrix, units_of

WEIGHTS = Path(ad_model.__file__).with_name("weights.npz")
OWN_STRENGTH, PLACED_STRENGTH = 0.005, 0.03  # inverse of the L2 penalties
BIAS = 1.0  # log odds added: a missed advertisement costs more than a lost farewell
WRITTEN_BLOCKS = 8  # spliced into an episode
TALK = 250  # units of talk taken of each view, for all of it


@dataclass(frozen=True)
class Example:
    """A view cut into units, with what does not depend on the model."""

    view: View
    units: list[Unit]
    cues: Array
    is_ad: Flags


def examples_of(episode: Labelled, blocks: dict[str, list[list[str]]], dice: random.Random) -> list[Example]:
    """Both views of an episode as it is, then both with written blocks in it."""
    rows, is_ad = spliced(episode, blocks, dice, WRITTEN_BLOCKS)
    views = [as_published(episode.rows, episode.is_ad), as_recognised(episode.rows, episode.is_ad)]
    views += [as_published(rows, is_ad), as_recognised(rows, is_ad)]
    examples = []
    for view in views:
        units = units_of(view.segments)
        flags = np.array([np.mean(view.is_ad[unit.first : unit.last + 1]) >= 0.5 for unit in units], dtype=bool)
        examples.append(Example(view, units, cue_matrix(units), flags))
    return examples


def fit(examples: Sequence[Example]) -> AdModel:
    """Both regressions, the second on the judgements of the first; all advertisements, and a sample of the talk."""
    dice = np.random.default_rng(1)
    rows = [_sampled(e.is_ad, dice) for e in examples]
    weights = np.concatenate(
        [np.where(e.is_ad[row], 1.0, _share(e, row)) for e, row in zip(examples, rows, strict=True)]
    )
    target = np.concatenate([e.is_ad[row] for e, row in zip(examples, rows, strict=True)])
    cues = np.vstack([e.cues[row] for e, row in zip(examples, rows, strict=True)])
    own = _regression(cues, target, weights, OWN_STRENGTH, 0.0)
    placed = np.vstack(
        [place_matrix(e.units, e.cues, own.log_odds(e.cues))[row] for e, row in zip(examples, rows, strict=True)]
    )
    return AdModel(tuple(CUES), own, _regression(placed, target, weights, PLACED_STRENGTH, BIAS))


def _sampled(is_ad: Flags, dice: np.random.Generator) -> npt.NDArray[np.int64]:
    """Rows of the advertisements, and of at most ``TALK`` units of talk."""
    talk = np.flatnonzero(~is_ad)
    return np.concatenate([np.flatnonzero(is_ad), dice.choice(talk, min(TALK, len(talk)), replace=False)])


def _share(example: Example, rows: npt.NDArray[np.int64]) -> float:
    """How many units of talk each of those taken stands for."""
    return float((~example.is_ad).sum() / max(1, (~example.is_ad[rows]).sum()))


def _regression(matrix: Array, target: Flags, weights: Array, strength: float, bias: float) -> Regression:
    scaler = StandardScaler().fit(matrix)
    model = LogisticRegression(C=strength, max_iter=300).fit(scaler.transform(matrix), target, weights)
    return Regression(scaler.mean_, scaler.scale_, model.coef_[0], float(model.intercept_[0]) + bias)


def flags_of(model: AdModel, example: Example, windows: int) -> Flags:
    """Which windows of an episode the model flags."""
    flagged = np.zeros(len(example.view.segments), dtype=bool)
    for unit, verdict in zip(example.units, model.judge(example.units), strict=True):
        flagged[unit.first : unit.last + 1] = verdict
    return to_windows(example.view, flagged, windows)


def report(title: str, counts: dict[str, Array]) -> None:
    """Print precision, recall and flagged good windows, a line a show."""
    print(f"{title:44s} {'ads':>5s} {'flagged':>8s} {'precision':>10s} {'recall':>7s} {'good flagged':>14s}")
    for name, (both, flagged, ads, spoiled, good) in [
        *sorted(counts.items()),
        ("all", np.sum([*counts.values()], axis=0)),
    ]:
        print(
            f"  {name[:42]:42s} {ads:5.0f} {flagged:8.0f} {both / max(1, flagged):10.3f} {both / max(1, ads):7.3f}"
            f" {spoiled:6.0f} of {good:4.0f}"
        )


def count(flags: Flags, episode: Labelled) -> Array:
    """Both, flagged, advertisements, good windows flagged, good windows."""
    good = episode.is_good
    return np.array([x.sum() for x in (flags & episode.is_ad, flags, episode.is_ad, flags & good, good)], dtype=float)


def main() -> None:
    """Train and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", action="append", default=[], help="base address of a podcast network")
    parser.add_argument("--labels", type=Path, action="append", default=[], help="folder with windows and labels")
    parser.add_argument("--unseen", choices=("episode", "show"), default="episode", help="what a model has not seen")
    parser.add_argument("--write", action="store_true", help="write the weights into the package")
    args = parser.parse_args()
    episodes = [
        *(from_network(args.network) if args.network else ()),
        *(e for folder in args.labels for e in from_folder(folder)),
    ]
    dice, blocks = random.Random(1), written_blocks()
    examples = {e.name: examples_of(e, blocks, dice) for e in episodes}
    if args.write:  # first: what is measured below as shipped is what is shipped
        write(fit([x for several in examples.values() for x in several]))

    def key(episode: Labelled) -> str:
        return episode.show if args.unseen == "show" else episode.name

    counts: dict[str, dict[str, Array]] = defaultdict(lambda: defaultdict(lambda: np.zeros(5)))
    for unseen in sorted({key(e) for e in episodes}):
        model = fit([x for e in episodes if key(e) != unseen for x in examples[e.name]])
        for episode in (e for e in episodes if key(e) == unseen):
            for view, example in zip(("published", "raw"), examples[episode.name], strict=False):
                flags = flags_of(model, example, len(episode.rows))
                counts[f"{view}, unseen {args.unseen}"][episode.show] += count(flags, episode)
    if WEIGHTS.exists():
        for episode in episodes:
            for view, example in zip(("published", "raw"), examples[episode.name], strict=False):
                flags = flags_of(ad_model.load_ad_model(), example, len(episode.rows))
                counts[f"{view}, shipped weights"][episode.show] += count(flags, episode)
    for title, by_show in counts.items():
        report(title, by_show)


def write(model: AdModel) -> None:
    """Put the weights where the package loads them from."""
    parts = {
        f"{name}_{key}": np.asarray(getattr(part, key), dtype=np.float32)
        for name, part in (("own", model.own), ("placed", model.placed))
        for key in ("mean", "scale", "coefficients", "intercept")
    }
    np.savez_compressed(WEIGHTS, names=np.array(model.names), **parts)  # type: ignore[arg-type]
    print(f"{WEIGHTS}: {WEIGHTS.stat().st_size} bytes")


if __name__ == "__main__":
    main()
