"""The best spans read once more, each between the words around it, by the sentence encoder tuned to that end.

The rating in ``worthiness`` is a sum over sentences taken alone; this one sees what a span answers and where it leads,
which tells most where recognised speech has no punctuation. It costs a pass of the encoder a span, so only a shortlist
gets it. ``reranker.npz`` holds what tuning adds to the encoder's weights (low-rank updates, Hu et al., ICLR 2022) and
``bench/worthiness/reranker.py`` makes it; ``MODEL_CARD.md`` says how well it does.
"""

from collections.abc import Sequence
from typing import Protocol

from digest_pipeline.claims.models.tuned_networks import rating_network
from digest_pipeline.claims.models.tuned_weights import Passage
from digest_pipeline.claims.models.worthiness import Scores
from digest_pipeline.claims.spans import Span
from digest_pipeline.claims.turns import Turn
from digest_pipeline.compute import ComputePool
from digest_pipeline.settings import Settings

WORDS_AROUND = 32, 16  # at most, before and after a span
POOLED_BATCH = 64  # passages that travel together


class Reranker(Protocol):
    """Rates passages."""

    def rate(self, passages: Sequence[Passage]) -> Scores:
        """What each is worth, in the units of the training targets; only differences within an episode count."""


def passages_of(turns: Sequence[Turn], spans: Sequence[Span]) -> list[Passage]:
    """Each span between the words around it, whoever says them."""
    words = [word for turn in turns for word in turn.text.split(" ")]
    before, after = WORDS_AROUND
    passages = []
    for span in spans:
        start, end = span.start_word, span.start_word + span.words
        passages.append(
            (" ".join(words[max(0, start - before) : start]), span.quote, " ".join(words[end : end + after]))
        )
    return passages


def get_reranker(settings: Settings, pool: ComputePool | None = None) -> Reranker:
    """The reranker over the settings' encoder: loaded once in this process, or on the pool's workers.

    Raises:
        ModelError: the encoder cannot be loaded, or is none that the tuned weights fit.
    """
    rater: Reranker = rating_network("reranker", settings, pool, POOLED_BATCH)
    return rater
