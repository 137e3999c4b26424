"""The first model of claim worthiness: ridge regression on soft targets, centred in each episode.

What counts is who is better than whom in the same talk. One matrix of second moments an episode makes leaving some out
cheap.
"""

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np

from bench.worthiness.episodes import LabelledEpisode
from digest_pipeline.claims.models.features import feature_names
from digest_pipeline.claims.models.worthiness import Scores

PENALTY = 0.1  # 0.05 and 0.15 do as well; 0.5, right for a third of the labels, does worse
SURFACE_PENALTY = 60  # times that of the wording: the surface features know the shows too well
CONTAINED_SHARE = 0.2  # how far standing alone counts for worth by itself
LENGTH_SHARE = 1.6  # weight of a span's length, in standard deviations of the ratings
Grouping = Callable[[LabelledEpisode], str]


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


def length_weight_of(ratings: Sequence[Scores]) -> float:
    """What the logarithm of a span's length counts, from worth and promotion of the spans of each episode."""
    return LENGTH_SHARE * float(np.mean([rated[:, 0].std() for rated in ratings]))
