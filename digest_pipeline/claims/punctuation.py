"""Full stops, commas and capitals where a transcript has none: the encoder tuned to tell where they belong.

It reads the words alone, in stretches, as ``talk_rater`` does. ``punctuation.npz`` holds what tuning adds to the
encoder's weights (low-rank updates, Hu et al., ICLR 2022) and ``bench/worthiness/punctuation.py`` makes it;
``MODEL_CARD.md`` says how well it does. What becomes of it stands in ``sentences``.
"""

from collections.abc import Sequence

import numpy as np

from digest_pipeline.claims.faithfulness import is_checkable
from digest_pipeline.claims.sentences import MARKS, Punctuator, Scores
from digest_pipeline.claims.tuned_weights import fits_encoder, tuned_network
from digest_pipeline.compute import ComputePool
from digest_pipeline.settings import Settings

POOLED_WORDS = 4000  # of a talk that travel together


def get_punctuator(settings: Settings, language: str | None, pool: ComputePool | None = None) -> Punctuator | None:
    """The punctuator over the settings' encoder, loaded once in this process or on the pool's workers; ``None`` where
    the talk is not in English or the encoder is another one than was tuned.
    """
    if not is_checkable(language) or not fits_encoder("punctuation", settings):
        return None
    if pool and pool.workers:
        return _PooledPunctuator(settings, pool)
    punctuator: Punctuator = tuned_network("punctuation", settings)
    return punctuator


class _PooledPunctuator:
    def __init__(self, settings: Settings, pool: ComputePool) -> None:
        self._settings, self._pool = settings, pool

    def rate(self, words: Sequence[str]) -> Scores:
        parts = [words[first : first + POOLED_WORDS] for first in range(0, len(words), POOLED_WORDS)]
        return np.concatenate([np.zeros((0, MARKS)), *self._pool.map(_rate, self._settings, parts)])


def _rate(settings: Settings, words: Sequence[str]) -> Scores:
    punctuator: Punctuator = tuned_network("punctuation", settings)
    return punctuator.rate(words)
