"""Train the claim-worthiness model on labelled windows, measure it on episodes it has not seen, write its weights.

    python -m bench.worthiness.train --labels DIR [--labels DIR ...] [--out DIR] [--curve] [--write]

DIR holds NAME.jsonl (windows: id, speaker, text), NAME.labels.jsonl (id, score 0..3, sc, ad) and NAME.gold.jsonl per
episode. Ridge regression on soft targets; one matrix of second moments an episode makes leaving some out cheap. The
penalty for an episode is chosen on the others alone (nested). ``--out`` writes the ten best of each episode by a model
that has not seen it, or not seen its show, a file a view, for an outside scorer.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score

from bench.worthiness.episodes import VIEWS, LabelledEpisode, RememberingEmbedder, read_episodes
from digest_pipeline.claims import worthiness
from digest_pipeline.claims.extractive import PROMOTION, select_spans
from digest_pipeline.claims.features import feature_names, is_question
from digest_pipeline.claims.worthiness import Scores, WorthinessModel, worth_in_context
from digest_pipeline.encoder import get_embedder
from digest_pipeline.settings import load_settings

WEIGHTS = Path(worthiness.__file__).with_name("weights.npz")
GOOD = 2  # a score from which an editor would send it
PENALTIES = (0.25, 0.5, 1.0)
LENGTH_SHARE = 1.6  # weight of a span's length, in standard deviations of the ratings
CALIBRATED = 30  # best spans of an episode that the logistic curve is fitted on
CURVE = (3, 6, 12, 18)
Grouping = Callable[[LabelledEpisode], str]


def targets(episode: LabelledEpisode) -> Scores:
    """Worth (score, more where it stands alone or is of a gold insight) and promotion, each about 0..1."""
    worth = episode.mean / 3 * (0.75 + 0.25 * (episode.contained > 0)) + 0.2 * episode.gold
    return np.stack([worth, episode.ad], axis=1)


@dataclass(frozen=True)
class Moments:
    """Standardised rows of each episode and their second moments, every episode counting the same."""

    mean: Scores
    scale: Scores
    rows: list[Scores]
    squares: Scores
    products: Scores

    def solve(self, rows: Sequence[int], penalty: float) -> Scores:
        """Coefficients, intercepts last, shape (columns + 1, 2), of the ridge regression on some of the episodes."""
        square, product = self.squares[rows].sum(axis=0), self.products[rows].sum(axis=0)
        ridge = np.full(len(square), penalty * len(rows))
        ridge[-1] = 0
        solved: Scores = np.linalg.solve(square + np.diag(ridge), product)
        return solved


def moments_of(episodes: Sequence[LabelledEpisode]) -> Moments:
    """See ``Moments``."""
    mean = np.mean([e.matrix.mean(axis=0) for e in episodes], axis=0)
    scale = np.sqrt(np.mean([((e.matrix - mean) ** 2).mean(axis=0) for e in episodes], axis=0)) + 1e-6
    rows, squares, products = [], [], []
    for episode in episodes:
        standard = np.hstack([(episode.matrix - mean) / scale, np.ones((len(episode.matrix), 1))])
        rows.append(standard)
        squares.append(standard.T @ standard / len(standard))
        products.append(standard.T @ targets(episode) / len(standard))
    return Moments(mean, scale, rows, np.array(squares), np.array(products))


def held_out(
    episodes: Sequence[LabelledEpisode], moments: Moments, group: Grouping, penalty: float | None = None
) -> list[Scores]:
    """Worth and promotion of each episode's spans by a model that has not seen its group; the penalty is chosen on the
    others alone when ``None``.
    """
    groups = [group(e) for e in episodes]
    rated: dict[int, Scores] = {}
    for name in sorted(set(groups)):
        others = [i for i, g in enumerate(groups) if g != name]
        chosen = penalty or _best_penalty(episodes, moments, groups, others)
        solved = moments.solve(others, chosen)
        for i, g in enumerate(groups):
            if g == name:
                rated[i] = moments.rows[i] @ solved
    return [rated[i] for i in range(len(episodes))]


def _best_penalty(
    episodes: Sequence[LabelledEpisode], moments: Moments, groups: Sequence[str], rows: Sequence[int]
) -> float:
    """The penalty with the best average precision over ``rows`` in five inner folds of groups."""
    names = sorted({groups[i] for i in rows})

    def precision(penalty: float) -> float:
        found = []
        for fold in range(5):
            test = [i for i in rows if groups[i] in names[fold::5]]
            solved = moments.solve([i for i in rows if i not in set(test)], penalty)
            for i in test:
                good = episodes[i].best >= GOOD
                if episodes[i].view == "published" and good.any():
                    found.append(average_precision_score(good, moments.rows[i] @ solved[:, 0]))
        return float(np.mean(found))

    return max(PENALTIES, key=precision)


def ranked(episode: LabelledEpisode, rated: Scores, length_weight: float, most: int) -> tuple[list[int], Scores]:
    """The best spans of an episode as the pipeline would choose them, and the worth of all."""
    worth = worth_in_context(episode.spans, rated[:, 0], length_weight)
    barred = [
        span.turn.is_ad or is_question(span.quote) or promotion > PROMOTION
        for span, promotion in zip(episode.spans, rated[:, 1].tolist(), strict=True)
    ]
    allowed = np.where(barred, -np.inf, worth)
    rows = select_spans(episode.spans, episode.vectors, allowed, most)
    return [row for row in rows if np.isfinite(allowed[row])], worth


def curve(episodes: Sequence[LabelledEpisode], moments: Moments, length_weight: float) -> None:
    """Print precision at five, as published, over the number of labelled episodes trained on: three draws each."""
    names = sorted({e.name for e in episodes})
    for amount in (*(n for n in CURVE if n < len(names) - 1), len(names) - 1):
        precisions = []
        for name in names:
            others = [n for n in names if n != name]
            for draw in range(3 if amount < len(others) else 1):
                kept = set(np.random.default_rng(draw).choice(others, amount, replace=False).tolist())
                solved = moments.solve([i for i, e in enumerate(episodes) if e.name in kept], PENALTIES[1])
                for i, episode in enumerate(episodes):
                    if episode.name == name and episode.view == "published":
                        rows, _ = ranked(episode, moments.rows[i] @ solved, length_weight, 5)
                        precisions.append(float(np.mean(episode.best[rows] >= GOOD)))
        print(f"trained on {amount:2d} episodes: p@5 {np.mean(precisions):.3f}", flush=True)


def main() -> None:
    """Train, measure on what was left out, and write what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=Path, action="append", required=True, help="folder with windows and labels")
    parser.add_argument("--vectors", type=Path, help="file that keeps sentence vectors from one call to the next")
    parser.add_argument("--out", type=Path, help="write held-out candidates into this folder")
    parser.add_argument("--curve", action="store_true", help="print the learning curve")
    parser.add_argument("--write", action="store_true", help="write weights.npz into the package")
    args = parser.parse_args()
    embedder = RememberingEmbedder(get_embedder(load_settings()), args.vectors)
    episodes = list(read_episodes(args.labels, embedder))
    embedder.save()
    moments = moments_of(episodes)
    print(f"{len(episodes) // len(VIEWS)} episodes of {len({e.show for e in episodes})} shows in {len(VIEWS)} views")
    groupings: dict[str, Grouping] = {"episode": lambda e: e.name, "show": lambda e: e.show}
    calibration: tuple[list[float], list[bool]] = ([], [])
    length_weight = 0.0
    for left_out, group in groupings.items():
        ratings = held_out(episodes, moments, group)
        if not length_weight:
            length_weight = LENGTH_SHARE * float(np.mean([r[:, 0].std() for r in ratings]))
        out: dict[str, list[str]] = {view: [] for view in VIEWS}
        for episode, rated in zip(episodes, ratings, strict=True):
            rows, worth = ranked(episode, rated, length_weight, CALIBRATED)
            if left_out == "episode":
                calibration[0].extend(worth[rows].tolist())
                calibration[1].extend((episode.best[rows] >= GOOD).tolist())
            for rank, row in enumerate(rows[:10], start=1):
                line = {"episode": episode.name, "rank": rank, "quote": episode.spans[row].quote}
                out[episode.view].append(json.dumps(line))
        if args.out:
            args.out.mkdir(parents=True, exist_ok=True)
            for view, lines in out.items():
                (args.out / f"{left_out}.{view}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    if args.curve:
        curve(episodes, moments, length_weight)
    everything = list(range(len(episodes)))
    penalty = _best_penalty(episodes, moments, [e.name for e in episodes], everything)
    solved = moments.solve(everything, penalty)
    logistic = LogisticRegression(C=1e6).fit(np.array(calibration[0])[:, None], calibration[1])
    model = WorthinessModel(
        embedder.name, feature_names(), moments.mean, moments.scale, solved[:-1].T, solved[-1], length_weight,
        float(logistic.coef_[0, 0]), float(logistic.intercept_[0]),
    )  # fmt: skip
    shares = np.quantile(model.probability(np.array(calibration[0])), [0.1, 0.5, 0.9, 0.99]).round(2).tolist()
    print(f"penalty {penalty}; probability of the best {CALIBRATED} at 10, 50, 90 and 99 %: {shares}")
    if args.write:
        np.savez_compressed(
            WEIGHTS, encoder=model.encoder, names=np.array(model.names), mean=model.mean.astype(np.float32),
            scale=model.scale.astype(np.float32), coefficients=model.coefficients.astype(np.float32),
            intercepts=model.intercepts.astype(np.float32), length_weight=np.float32(length_weight),
            slope=np.float32(model.slope), offset=np.float32(model.offset),
        )  # fmt: skip
        print(f"{WEIGHTS}: {model.coefficients.size} weights, {WEIGHTS.stat().st_size} bytes")


if __name__ == "__main__":
    main()
