"""A claim as scoring sees it."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class ScoringClaim:
    """A usable claim as scoring sees it. ``weight`` is what an operator gave its feed: it multiplies the score."""

    claim_id: str
    digest_date: date
    show: str
    episode_id: str
    headline: str
    explanation: str
    quote: str
    worthiness: float
    cluster_id: str | None = None
    weight: float = 1.0
    speaker: str | None = None
