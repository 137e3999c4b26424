"""Full stops, commas and capitals where a transcript has none: the encoder tuned to tell where they belong.

It reads the words alone, in stretches, as ``talk_rater`` does. ``punctuation.npz`` holds what tuning adds to the
encoder's weights (low-rank updates, Hu et al., ICLR 2022) and ``bench/worthiness/punctuation.py`` makes it;
``MODEL_CARD.md`` says how well it does. What becomes of it stands in ``sentences``.
"""

from digest_pipeline.claims.checks.faithfulness import is_checkable
from digest_pipeline.claims.models.tuned_networks import fits_encoder, rating_network
from digest_pipeline.claims.sentences import Punctuator
from digest_pipeline.compute import ComputePool
from digest_pipeline.settings import Settings

POOLED_WORDS = 4000  # of a talk that travel together


def get_punctuator(settings: Settings, language: str | None, pool: ComputePool | None = None) -> Punctuator | None:
    """The punctuator over the settings' encoder, loaded once in this process or on the pool's workers; ``None`` where
    the talk is not in English or the encoder is another one than was tuned.
    """
    if not is_checkable(language) or not fits_encoder("punctuation", settings):
        return None
    punctuator: Punctuator = rating_network("punctuation", settings, pool, POOLED_WORDS)
    return punctuator
