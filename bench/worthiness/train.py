"""Train the claim-worthiness model on labelled windows, measure it on episodes it has not seen, write its weights.

    python -m bench.worthiness.train --labels DIR [--labels DIR ...] [--talk FILE] [--reranked FILE] [--out DIR]
        [--curve] [--write]

DIR holds NAME.jsonl (windows: id, speaker, text), NAME.labels.jsonl (id, score 0..3, sc, ad) and NAME.gold.jsonl per
episode. Ridge regression on soft targets, centred in each episode: what counts is who is better than whom in the same
talk. One matrix of second moments an episode makes leaving some out cheap. ``--out`` writes the ten best of each
episode by a model that has not seen it, or not seen its show, a file a view, for an outside scorer. With ``--talk`` and
``--reranked``, which ``bench.worthiness.talk`` and ``bench.worthiness.reranker`` write, they are the ten best as the
pipeline chooses them, of the episodes that both hold; the stacked model and the probability are fitted on those, so
``--write`` asks for them.
"""

import argparse
import json
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from bench.worthiness.episodes import VIEWS, LabelledEpisode, RememberingEmbedder, note_trained_on, read_episodes
from digest_pipeline.claims import worthiness
from digest_pipeline.claims.extractive import refusal_of, select_spans
from digest_pipeline.claims.features import feature_names
from digest_pipeline.claims.punctuation import get_punctuator
from digest_pipeline.claims.worthiness import (
    Scores,
    WorthinessModel,
    promotion_in_context,
    shortlist,
    stacked_columns,
    worth_in_context,
    worth_in_talk,
    worth_reranked,
    worth_stacked,
)
from digest_pipeline.encoder import get_embedder
from digest_pipeline.settings import load_settings

WEIGHTS = Path(worthiness.__file__).with_name("weights.npz")
GOOD = 2  # a score from which an editor would send it
PENALTY = 0.1  # 0.05 and 0.15 do as well; 0.5, right for a third of the labels, does worse
SURFACE_PENALTY = 60  # times that of the wording: the surface features know the shows too well
CONTAINED_SHARE = 0.2  # how far standing alone counts for worth by itself
LENGTH_SHARE = 1.6  # weight of a span's length, in standard deviations of the ratings
STACKED, STACKED_PENALTY = 300, 20  # best spans of an episode in a view that the stacked model learns from; 1 / C
CALIBRATED = 10  # best spans of an episode that the logistic curves are fitted on
CURVE, DRAWS = (6, 12, 25, 50), 2
Grouping = Callable[[LabelledEpisode], str]
Pairs = dict[bool, list[tuple[float, bool]]]


def targets(episode: LabelledEpisode) -> Scores:
    """Worth (mean score, more where it stands alone) and promotion, each about 0..1."""
    worth = episode.mean / 3 * (0.75 + 0.25 * (episode.contained > 0)) + CONTAINED_SHARE * episode.contained
    return np.stack([worth, episode.ad], axis=1)


@dataclass(frozen=True)
class Moments:
    """Second moments of the rows of each episode by its name, standardised and centred in each view.

    An episode counts by the square root of its length: a short one has fewer spans to compare.
    """

    mean: Scores
    scale: Scores
    weights: dict[str, float]
    squares: dict[str, Scores]
    products: dict[str, Scores]
    levels: dict[str, Scores]

    def solve(self, names: Collection[str]) -> tuple[Scores, Scores]:
        """Coefficients, shape (columns, 2), and intercepts of the ridge regression on the episodes of these names."""
        penalties = np.full(len(self.mean), PENALTY)
        penalties[: len(feature_names())] *= SURFACE_PENALTY
        square = np.diag(penalties * sum(self.weights[name] for name in names))
        for name in names:
            square += self.squares[name]
        coefficients = np.linalg.solve(square, np.sum([self.products[name] for name in names], axis=0))
        return coefficients, np.mean([self.levels[name] for name in names], axis=0)

    def rate(self, episode: LabelledEpisode, solved: tuple[Scores, Scores]) -> Scores:
        """Worth and promotion of the spans of an episode, shape (spans, 2)."""
        rated: Scores = ((episode.matrix - self.mean) / self.scale) @ solved[0] + solved[1]
        return rated


def moments_of(episodes: Sequence[LabelledEpisode]) -> Moments:
    """See ``Moments``."""
    mean = np.mean([e.matrix.mean(axis=0, dtype=float) for e in episodes], axis=0)
    scale = np.sqrt(np.mean([e.matrix.var(axis=0, dtype=float) for e in episodes], axis=0)) + 1e-6
    moments = Moments(mean, scale, {}, {}, {}, {})
    for name in sorted({e.name for e in episodes}):
        views = [e for e in episodes if e.name == name]
        weight = math.sqrt(views[0].windows) / len(views)
        squares, products, levels = [], [], []
        for view in views:
            standard = (view.matrix - view.matrix.mean(axis=0, dtype=float)) / scale
            wanted = targets(view)
            squares.append(weight * (standard.T @ standard) / len(standard))
            products.append(weight * standard.T @ (wanted - wanted.mean(axis=0)) / len(standard))
            levels.append(wanted.mean(axis=0))
        moments.weights[name] = weight * len(views)
        moments.squares[name], moments.products[name] = np.sum(squares, axis=0), np.sum(products, axis=0)
        moments.levels[name] = np.mean(levels, axis=0)
    return moments


def held_out(episodes: Sequence[LabelledEpisode], moments: Moments, group: Grouping) -> list[Scores]:
    """Worth and promotion of each episode's spans by a model that has not seen its group."""
    solved = {
        name: moments.solve({e.name for e in episodes if group(e) != name}) for name in {group(e) for e in episodes}
    }
    return [moments.rate(episode, solved[group(episode)]) for episode in episodes]


@dataclass(frozen=True)
class StackedRows:
    """``stacked_columns`` of all spans of an episode in one view, the rows of its best, and which of these are good."""

    columns: Scores
    best: npt.NDArray[np.int64]
    good: npt.NDArray[np.bool_]


def stacked_rows(episode: LabelledEpisode, rated: Scores, talk: Scores, length_weight: float) -> StackedRows:
    """What the stacked model learns from, and rates; ``rated`` and ``talk`` are held out."""
    columns = stacked_columns(episode.spans, episode.matrix[:, : len(feature_names())], rated, talk)
    worth = worth_in_context(episode.spans, rated[:, 0], length_weight)
    worth = worth_in_talk(episode.spans, worth, talk[:, 0], length_weight)
    best = np.argsort(np.where(refused(episode, rated, talk), -np.inf, worth))[::-1][:STACKED]
    return StackedRows(columns, best, episode.best[best] >= GOOD)


def fit_stack(rows: Sequence[StackedRows]) -> Scores:
    """Weights of ``stacked_columns``: who is good among the best of an episode."""
    columns = np.concatenate([part.columns[part.best] - part.columns[part.best].mean(axis=0) for part in rows])
    scale = columns.std(axis=0) + 1e-9
    good = np.concatenate([part.good for part in rows])
    fitted = LogisticRegression(C=1 / STACKED_PENALTY, max_iter=1000).fit(columns / scale, good)
    weights: Scores = fitted.coef_[0] / scale
    return weights


def refused(episode: LabelledEpisode, rated: Scores, talk: Scores | None = None) -> npt.NDArray[np.bool_]:
    """Which spans the pipeline would bar; without ``talk``, what it says to that is left out."""
    likeness = promotion_in_context(episode.spans, rated[:, 1])
    advertises = np.full(len(likeness), -np.inf) if talk is None else talk[:, 1]
    each = zip(episode.spans, likeness.tolist(), advertises.tolist(), strict=True)
    return np.array([refusal_of(*parts) is not None for parts in each])


def ranked(
    episode: LabelledEpisode,
    rated: Scores,
    length_weight: float,
    most: int,
    talk: Scores | None = None,
    stacked: tuple[Scores, Scores] | None = None,
    reranked: Scores | None = None,
) -> tuple[list[int], Scores]:
    """The best spans of an episode as the pipeline would choose them, and the worth of all.

    ``talk`` holds what the spans were worth where they stand and whether they advertise, ``stacked`` the columns and
    the weights of the stacked model, ``reranked`` what they were worth when read again, NaN for those that were not.
    """
    worth = worth_in_context(episode.spans, rated[:, 0], length_weight)
    barred = refused(episode, rated, talk)
    if talk is not None:
        worth = worth_in_talk(episode.spans, worth, talk[:, 0], length_weight)
    if stacked is not None:
        worth = worth_stacked(worth, *stacked)
    if reranked is not None:
        rows = [row for row in shortlist(episode.spans, worth, barred) if not np.isnan(reranked[row])]
        worth = worth_reranked(episode.spans, worth, rows, reranked[rows], length_weight)
    allowed = np.where(barred, -np.inf, worth)
    rows = select_spans(episode.spans, episode.vectors, allowed, most)
    return [row for row in rows if np.isfinite(allowed[row])], worth


def logistic_curve(pairs: Sequence[tuple[float, bool]]) -> tuple[float, float]:
    """Slope and offset of the probability that a span of some worth is good."""
    fitted = LogisticRegression(C=1e6).fit([[worth] for worth, _ in pairs], [good for _, good in pairs])
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])


def curve(episodes: Sequence[LabelledEpisode], moments: Moments, length_weight: float) -> None:
    """Print precision at five over the number of labelled episodes of other shows that were trained on."""
    shows = {e.name: e.show for e in episodes}
    fewest = min(sum(other != show for other in shows.values()) for show in shows.values())
    for amount in (*(n for n in CURVE if n < fewest), fewest):
        precisions: dict[str, list[float]] = {view: [] for view in VIEWS}
        for show in sorted(set(shows.values())):
            others = sorted(name for name, its_show in shows.items() if its_show != show)
            for draw in range(DRAWS):
                solved = moments.solve(np.random.default_rng(draw).choice(others, amount, replace=False).tolist())
                for episode in episodes:
                    if episode.show == show:
                        rows, _ = ranked(episode, moments.rate(episode, solved), length_weight, 5)
                        precisions[episode.view].append(float((episode.best[rows] >= GOOD).sum()) / 5)
        figures = ", ".join(f"{view} {np.mean(found):.3f}" for view, found in precisions.items())
        print(f"trained on {amount:2d} episodes of other shows: p@5 {figures}", flush=True)


def measure(
    episodes: Sequence[LabelledEpisode],
    moments: Moments,
    talks: Mapping[str, Scores],
    again: Mapping[str, Scores],
    folder: Path | None,
) -> tuple[float, Scores, Pairs]:
    """Rank what was held out, and write it where there is a folder for it.

    Returns:
        what the logarithm of a span's length counts; the stacked model of all episodes with ratings of the talk, empty
        without any; and of the best spans, by whether the text has no case, worth and whether they are good.
    """
    groupings: dict[str, Grouping] = {"episode": lambda e: e.name, "show": lambda e: e.show}
    calibration: Pairs = {False: [], True: []}
    length_weight = 0.0
    stacked: dict[str, tuple[str, StackedRows]] = {}
    for left_out, group in groupings.items():
        ratings = held_out(episodes, moments, group)
        if not length_weight:
            length_weight = LENGTH_SHARE * float(np.mean([r[:, 0].std() for r in ratings]))
        out: dict[str, list[str]] = {view: [] for view in VIEWS}
        keys = [f"{episode.name}/{episode.view}" for episode in episodes]
        stacked = {
            key: (group(episode), stacked_rows(episode, rated, talks[key], length_weight))
            for key, episode, rated in zip(keys, episodes, ratings, strict=True)
            if key in talks
        }
        stacks = {
            name: fit_stack([rows for other, rows in stacked.values() if other != name])
            for name in {name for name, _ in stacked.values()}
        }
        for key, episode, rated in zip(keys, episodes, ratings, strict=True):
            talk, reranked = talks.get(key), again.get(key)
            if (talks and talk is None) or (again and reranked is None):
                continue
            parts = (stacked[key][1].columns, stacks[group(episode)]) if key in stacked else None
            rows, worth = ranked(episode, rated, length_weight, CALIBRATED, talk, parts, reranked)
            if left_out == "episode":
                good = (episode.best[rows] >= GOOD).tolist()
                calibration[episode.view == "raw"].extend(zip(worth[rows].tolist(), good, strict=True))
            for rank, row in enumerate(rows[:10], start=1):
                line = {"episode": episode.name, "rank": rank, "quote": episode.spans[row].quote}
                out[episode.view].append(json.dumps(line))
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
            for view, lines in out.items():
                (folder / f"{left_out}.{view}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    stack = fit_stack([rows for _, rows in stacked.values()]) if stacked else np.zeros(0)
    return length_weight, stack, calibration


def main() -> None:
    """Train, measure on what was left out, and write what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=Path, action="append", required=True, help="folder with windows and labels")
    parser.add_argument("--vectors", type=Path, help="file that keeps sentence vectors from one call to the next")
    parser.add_argument("--talk", type=Path, help="ratings of spans where they stand, of episodes not learnt from")
    parser.add_argument("--reranked", type=Path, help="held-out ratings of the spans that were read again")
    parser.add_argument("--out", type=Path, help="write held-out candidates into this folder")
    parser.add_argument("--curve", action="store_true", help="print the learning curve")
    parser.add_argument("--write", action="store_true", help="write weights.npz into the package")
    args = parser.parse_args()
    if args.write and not (args.talk and args.reranked):
        parser.error("--write needs --talk and --reranked: the probability is of a rating that includes them")
    talks, again = (dict(np.load(file)) if file else {} for file in (args.talk, args.reranked))
    settings = load_settings()
    embedder = RememberingEmbedder(get_embedder(settings), args.vectors)
    episodes = list(read_episodes(args.labels, embedder, get_punctuator(settings, "en")))
    embedder.save()
    moments = moments_of(episodes)
    print(f"{len(episodes) // len(VIEWS)} episodes of {len({e.show for e in episodes})} shows in {len(VIEWS)} views")
    length_weight, stack, calibration = measure(episodes, moments, talks, again, args.out)
    if args.curve:
        curve(episodes, moments, length_weight)
    coefficients, intercepts = moments.solve({e.name for e in episodes})
    slopes, offsets = np.array([logistic_curve(calibration[uncased]) for uncased in (False, True)]).T.tolist()
    model = WorthinessModel(
        embedder.name, feature_names(), moments.mean, moments.scale, coefficients.T, intercepts, length_weight,
        stack, tuple(slopes), tuple(offsets),
    )  # fmt: skip
    for uncased, pairs in calibration.items():
        shares = np.quantile(
            model.probability(np.array([worth for worth, _ in pairs]), is_uncased=uncased), [0.1, 0.5, 0.9, 0.99]
        ).round(2)
        kind = "without case" if uncased else "with case"
        print(f"probability of the best {CALIBRATED} at 10, 50, 90 and 99 %, {kind}: {shares.tolist()}")
    if args.write:
        np.savez_compressed(
            WEIGHTS, encoder=model.encoder, names=np.array(model.names), mean=model.mean.astype(np.float32),
            scale=model.scale.astype(np.float32), coefficients=model.coefficients.astype(np.float32),
            intercepts=model.intercepts.astype(np.float32), length_weight=np.float32(length_weight),
            stack=model.stack.astype(np.float32), slopes=np.array(slopes), offsets=np.array(offsets),
        )  # fmt: skip
        note_trained_on(e.name for e in episodes)
        print(f"{WEIGHTS}: {model.coefficients.size} weights, {WEIGHTS.stat().st_size} bytes")


if __name__ == "__main__":
    main()
