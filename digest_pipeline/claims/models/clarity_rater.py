"""How a claim reads from its headline to the end of its explanation, by the sentence encoder tuned to that end.

The marks in ``clarity`` see the wording of a headline; this reads it, so that it is known what a word leans on and
whether the explanation follows. ``clarity_rater.npz`` holds what tuning adds to the encoder's weights (low-rank
updates, Hu et al., ICLR 2022) and ``bench/worthiness/shown.py`` makes it; ``MODEL_CARD.md`` says how well it does.
"""

from collections.abc import Sequence
from typing import Protocol

from digest_pipeline.claims.models.tuned_networks import tuned_network
from digest_pipeline.claims.models.tuned_weights import ShownText
from digest_pipeline.claims.models.worthiness import Scores
from digest_pipeline.settings import Settings


class ClarityRater(Protocol):
    """Rates claims as they are shown."""

    def rate(self, shown: Sequence[ShownText]) -> Scores:
        """Log odds that an editor who sees nothing else of a claim lets it stand."""


def get_clarity_rater(settings: Settings) -> ClarityRater:
    """The rater over the settings' encoder, loaded once in this process.

    Raises:
        ModelError: the encoder cannot be loaded, or is none that the tuned weights fit.
    """
    rater: ClarityRater = tuned_network("clarity_rater", settings)
    return rater
