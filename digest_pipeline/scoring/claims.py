"""A claim as scoring sees it, and what the cosine of two claims means."""

from dataclasses import dataclass
from datetime import date

# Cosines of all-MiniLM-L6-v2: unrelated claims lie under 0.3, the same claim in other words above 0.8.
UNRELATED, RELATED, SAME = 0.35, 0.55, 0.85


@dataclass(frozen=True, slots=True)
class ScoringClaim:
    """A usable claim as scoring sees it.

    ``clarity`` is how well it reads (see ``claims.clarity``). ``weight`` is what an operator gave its feed: it
    multiplies the score. ``days_late`` are the days between the episode's publication and the end of the claim's day.
    ``guests`` are whom the publisher names as guests of the episode: one of them may have said it where ``speaker`` is
    unknown.
    """

    claim_id: str
    digest_date: date
    show: str
    episode_id: str
    headline: str
    explanation: str
    quote: str
    worthiness: float
    clarity: float
    cluster_id: str | None = None
    weight: float = 1.0
    speaker: str | None = None
    days_late: int = 0
    guests: tuple[str, ...] = ()
