"""The components of a score, each in 0..1 and each explained by one number a person can check.

A score is the weighted mean of ``COMPONENTS`` times the feed's weight, then moved by the ``ADJUSTMENTS``: each has a
neutral value, which most claims have, and which changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from digest_pipeline.claims.models.features import specificity
from digest_pipeline.encoder import Vectors
from digest_pipeline.scoring.claims import EQUIVALENT, UNRELATED, ScoringClaim
from digest_pipeline.scoring.relations import SAME, UPDATES, Relation, independent_voices
from digest_pipeline.scoring.verdicts import NEUTRAL, NO_OPINION, Opinion
from digest_pipeline.settings import ScoreWeights, Settings

UPDATE_NOVELTY = 0.5  # least novelty of a claim that gives a newer figure
RECENCY_HALF_LIFE = 3  # days after which an episode is half as recent

COMPONENTS = ("worthiness", "clarity", "novelty", "specificity", "corroboration", "momentum")
ADJUSTMENTS = ("verdicts", "recency")


@dataclass(frozen=True, slots=True)
class Components:
    """What a score is made of, and the evidence for the sentence that explains it.

    ``is_said_before``: a claim of an earlier day says the same. ``known_days``: days of the window of which claims are
    known, that of the claim itself being one; ``None``: all.
    """

    values: dict[str, float]
    nearest_before: tuple[float, ScoringClaim] | None
    other_shows: tuple[str, ...]
    relations: tuple[Relation, ...] = ()
    opinion: Opinion = NO_OPINION
    is_said_before: bool = False
    known_days: int | None = None


def components_of(
    today: Sequence[ScoringClaim],
    today_vectors: Vectors,
    before: Sequence[ScoringClaim],
    before_vectors: Vectors,
    relations: Mapping[str, Sequence[Relation]],
    growth: Mapping[str, float],
    opinions: Mapping[str, Opinion],
) -> list[Components]:
    """Components of each of today's claims.

    Args:
        today: the day's usable claims, with ``today_vectors`` (unit rows, same order).
        before: usable claims of earlier days of the window, with ``before_vectors``.
        relations: of today's claims that have any, by their ids.
        growth: probability that a theme has grown, where there is evidence, by its id.
        opinions: what analysts' verdicts mean for today's claims, where they mean anything, by the claim's id.
    """
    back = today_vectors @ before_vectors.T if len(today) and len(before) else None
    first_day = min((claim.digest_date for claim in before), default=None)
    results = []
    for row, claim in enumerate(today):
        nearest = None
        if back is not None:
            column = int(np.argmax(back[row]))
            nearest = float(back[row, column]), before[column]
        related = relations.get(claim.claim_id, ())
        same = sorted((r.other for r in related if r.relation == SAME), key=lambda c: (c.digest_date, c.claim_id))
        voices = independent_voices(claim, same)
        closeness = nearest[0] if nearest else 0.0
        novelty = 1 - min(1.0, max(0.0, (closeness - UNRELATED) / (EQUIVALENT - UNRELATED)))
        if any(r.relation == UPDATES for r in related):
            novelty = max(novelty, UPDATE_NOVELTY)
        opinion = opinions.get(claim.claim_id, NO_OPINION)
        values = {
            "worthiness": claim.worthiness,
            "clarity": claim.clarity,
            "novelty": novelty,
            "specificity": specificity(claim.quote),
            "corroboration": 1 - 0.5 ** len(voices),
            "momentum": growth.get(claim.cluster_id or "", 0.0),
            "verdicts": opinion.value,
            "recency": 0.5 ** (claim.days_late / RECENCY_HALF_LIFE),
        }
        shows = tuple(sorted({voice.show for voice in voices}))
        rounded = {name: round(value, 4) for name, value in values.items()}
        is_said_before = any(other.digest_date < claim.digest_date for other in same)
        known_days = (claim.digest_date - (first_day or claim.digest_date)).days + 1
        results.append(Components(rounded, nearest, shows, tuple(related), opinion, is_said_before, known_days))
    return results


def score_of(values: Mapping[str, float], weights: ScoreWeights) -> float:
    """The weighted mean of the components, 0..1."""
    shares = weights.model_dump()
    score: float = sum(shares[name] * values[name] for name in COMPONENTS) / sum(shares.values())
    return round(score, 4)


def ranking_score(values: Mapping[str, float], feed_weight: float, settings: Settings) -> float:
    """What ranks: the mean times the feed's weight, moved by verdicts and age. A weight can bring it over 1."""
    mean = feed_weight * score_of(values, settings.score_weights)
    moved = settings.verdict_weight * (values["verdicts"] - NEUTRAL) / NEUTRAL
    late = settings.recency_weight * (1 - values["recency"])
    return round(mean + moved - late, 4)


def adjusted_score(values: Mapping[str, float], feed_weight: float, settings: Settings) -> float:
    """The score that is shown and held against ``min_score``: the one that ranks, within 0..1."""
    return min(1.0, max(0.0, ranking_score(values, feed_weight, settings)))
