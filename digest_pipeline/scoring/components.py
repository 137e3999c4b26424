"""The components of a score, each in 0..1 and each explained by one number a person can check."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from digest_pipeline.claims.features import specificity
from digest_pipeline.claims.wording import clarity
from digest_pipeline.encoder import Vectors
from digest_pipeline.settings import ScoreWeights

# Cosines of all-MiniLM-L6-v2: unrelated claims lie under 0.3, the same claim in other words above 0.8.
UNRELATED, SAME = 0.35, 0.85
RELATED = 0.55
MOMENTUM_EVIDENCE = 3  # fewest claims of a theme on the day before its growth counts
MOMENTUM_DAYS = 14

COMPONENTS = ("worthiness", "clarity", "novelty", "specificity", "corroboration", "momentum")


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


@dataclass(frozen=True, slots=True)
class Components:
    """What a score is made of, and the evidence for the sentence that explains it."""

    values: dict[str, float]
    nearest_before: tuple[float, ScoringClaim] | None
    other_shows: tuple[str, ...]


def components_of(
    today: Sequence[ScoringClaim],
    today_vectors: Vectors,
    before: Sequence[ScoringClaim],
    before_vectors: Vectors,
    theme_days: Mapping[str, Mapping[date, int]],
    day: date,
) -> list[Components]:
    """Components of each of today's claims.

    Args:
        today: the day's usable claims, with ``today_vectors`` (unit rows, same order).
        before: usable claims of earlier days of the window, with ``before_vectors``.
        theme_days: claims per theme and day.
        day: the day that is scored.
    """
    among = today_vectors @ today_vectors.T if len(today) else np.zeros((0, 0), dtype=np.float32)
    back = today_vectors @ before_vectors.T if len(today) and len(before) else None
    results = []
    for row, claim in enumerate(today):
        nearest = None
        if back is not None:
            column = int(np.argmax(back[row]))
            nearest = float(back[row, column]), before[column]
        others = {today[i].show for i in np.flatnonzero(among[row] >= RELATED).tolist()}
        if back is not None:
            others |= {before[i].show for i in np.flatnonzero(back[row] >= RELATED).tolist()}
        others.discard(claim.show)
        closeness = nearest[0] if nearest else 0.0
        values = {
            "worthiness": claim.worthiness,
            "clarity": clarity(claim.headline, claim.quote),
            "novelty": 1 - min(1.0, max(0.0, (closeness - UNRELATED) / (SAME - UNRELATED))),
            "specificity": specificity(claim.quote),
            "corroboration": 1 - 0.5 ** len(others),
            "momentum": _momentum(theme_days.get(claim.cluster_id or "", {}), day),
        }
        results.append(Components({k: round(v, 4) for k, v in values.items()}, nearest, tuple(sorted(others))))
    return results


def score_of(values: Mapping[str, float], weights: ScoreWeights) -> float:
    """The weighted mean of the components, 0..1."""
    shares = weights.model_dump()
    total = sum(shares.values()) or 1.0
    score: float = sum(shares[name] * values[name] for name in COMPONENTS) / total
    return round(score, 4)


def _momentum(days: Mapping[date, int], day: date) -> float:
    """Growth of a theme: its claims today against its daily mean of the two weeks before, 0.5 being no growth."""
    today = days.get(day, 0)
    if today < MOMENTUM_EVIDENCE:
        return 0.0
    earlier = [days.get(day - timedelta(days=n), 0) for n in range(1, MOMENTUM_DAYS + 1)]
    mean = sum(earlier) / MOMENTUM_DAYS
    return today / (today + mean)
