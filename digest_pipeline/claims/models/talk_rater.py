"""What each word of an episode is worth where it stands, and whether it advertises: the whole talk read by the encoder
tuned to that end.

The rating in ``worthiness`` takes sentences alone, and ``reranker`` reads only the best spans again; this reads
everything once, a few turns at a time, so that a span is known by what it answers and where it leads.
``talk_rater.npz`` holds what tuning adds to the encoder's weights (low-rank updates, Hu et al., ICLR 2022) and
``bench/worthiness/talk.py`` makes it; ``MODEL_CARD.md`` says how well it does.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from digest_pipeline.claims.models.tuned_networks import rating_network
from digest_pipeline.claims.models.worthiness import Scores
from digest_pipeline.claims.spans import Span
from digest_pipeline.claims.turns import Turn
from digest_pipeline.compute import ComputePool
from digest_pipeline.settings import Settings

POOLED_WORDS = 4000  # of an episode that travel together
OUTPUTS = 2  # worth, and the log odds of an advertisement


class TalkRater(Protocol):
    """Rates the words of a talk."""

    def rate(self, words: Sequence[str]) -> Scores:
        """Of each, given the words around it: its worth in the units of the training targets, and the log odds that it
        advertises. Shape (words, 2).
        """


def rate_spans(turns: Sequence[Turn], spans: Sequence[Span], rater: TalkRater) -> Scores:
    """The mean worth and log odds of each span's words, shape (spans, 2)."""
    words = [word for turn in turns for word in turn.text.split(" ")]
    sums = np.concatenate([np.zeros((1, OUTPUTS)), np.cumsum(rater.rate(words), axis=0)])
    start = np.array([span.start_word for span in spans])
    count = np.array([span.words for span in spans])
    rated: Scores = (sums[start + count] - sums[start]) / count[:, None]
    return rated


def get_talk_rater(settings: Settings, pool: ComputePool | None = None) -> TalkRater:
    """The rater over the settings' encoder: loaded once in this process, or on the pool's workers.

    Raises:
        ModelError: the encoder cannot be loaded, or is none that the tuned weights fit.
    """
    rater: TalkRater = rating_network("talk_rater", settings, pool, POOLED_WORDS)
    return rater
