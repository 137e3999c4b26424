"""A claim as scoring sees it, and what the cosine of two claims means."""

from dataclasses import dataclass
from datetime import date, datetime

# Cosines of all-MiniLM-L6-v2: unrelated claims lie under 0.3, the same claim in other words above 0.8.
UNRELATED, RELATED, EQUIVALENT = 0.35, 0.55, 0.85
ROUNDING = 1e-4  # the cosine of two equal unit vectors, in single precision, is that near to 1


@dataclass(frozen=True, slots=True)
class ScoringClaim:
    """A usable claim as scoring sees it.

    ``clarity`` is how well it reads (see ``claims.clarity``). ``weight`` is what an operator gave its feed: it
    multiplies the score. ``days_late`` are the calendar days from ``published_at``, when its episode was published, to
    the day that is scored. ``guests`` are whom the publisher names as guests of the episode: one of them may have said
    it where ``speaker`` is unknown.
    """

    claim_id: str
    digest_date: date
    show: str
    episode_id: str
    headline: str
    quote: str
    worthiness: float
    clarity: float
    cluster_id: str | None = None
    weight: float = 1.0
    speaker: str | None = None
    days_late: int = 0
    guests: tuple[str, ...] = ()
    published_at: datetime | None = None

    def is_later_than(self, other: "ScoringClaim") -> bool:
        """Whether it was said after ``other``: its episode was published later, and no earlier day took it.

        An episode that comes late is taken after newer ones. Without dates of publication the days decide alone.
        """
        if self.digest_date <= other.digest_date:
            return False
        return self.published_at is None or other.published_at is None or self.published_at > other.published_at


def least_same(max_similarity: float) -> float:
    """The cosine from which two claims say the same, for the setting ``max_similarity``.

    At 1 only equal claims do, whose cosine may come out a little lower.
    """
    return min(max_similarity, 1 - ROUNDING)
