"""The best spans of a labelled episode, chosen from held-out ratings as the pipeline chooses them."""

import numpy as np
import numpy.typing as npt

from bench.worthiness.episodes import LabelledEpisode
from digest_pipeline.claims.extractive import refusal_of, select_spans
from digest_pipeline.claims.models.worthiness import (
    Scores,
    promotion_in_context,
    shortlist,
    worth_in_context,
    worth_in_talk,
    worth_reranked,
    worth_stacked,
)


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
