"""The stacked model: which of an episode's best spans are good, from what the models before it and the wording say.

It learns from ratings by models that have not seen the episode (stacking, Wolpert 1992).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from bench.worthiness.episodes import GOOD, LabelledEpisode
from bench.worthiness.ranking import refused
from digest_pipeline.claims.models.features import feature_names
from digest_pipeline.claims.models.worthiness import Scores, stacked_columns, worth_in_context, worth_in_talk

STACKED, STACKED_PENALTY = 300, 20  # best spans of an episode in a view that it learns from; 1 / C


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
