"""The five: best first, different in meaning, from several shows and themes, never what a digest already sent."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from digest_pipeline.encoder import Vectors
from digest_pipeline.models import ScoredInsight
from digest_pipeline.scoring.claims import ScoringClaim, least_same
from digest_pipeline.scoring.components import Components, adjusted_score, ranking_score
from digest_pipeline.scoring.explain import why
from digest_pipeline.scoring.relations import CONTRADICTS, UPDATES
from digest_pipeline.scoring.verdicts import NEUTRAL
from digest_pipeline.settings import Settings
from digest_pipeline.words import told_apart

# Cosine from which two claims of a theme are taken to speak of the same matter: in a small window a theme may hold more
# than one. Below it readers find 5 in 100 such pairs to be the same, above it 21 (``bench/same_matter.py``).
SAME_MATTER = 0.45


@dataclass(frozen=True, slots=True)
class Published:
    """What earlier digests sent: dates, headlines, unit vectors and claim ids, in the same order."""

    days: Sequence[date]
    headlines: Sequence[str]
    vectors: Vectors
    claim_ids: Sequence[str] = ()


def select_insights(
    claims: Sequence[ScoringClaim],
    vectors: Vectors,
    components: Sequence[Components],
    published: Published,
    settings: Settings,
) -> list[ScoredInsight]:
    """Score every claim of a day and rank at most ``top_n``; each of the others says why not. Strongest first."""
    scores = [adjusted_score(c.values, claim.weight, settings) for claim, c in zip(claims, components, strict=True)]
    wanted = [ranking_score(c.values, claim.weight, settings) for claim, c in zip(claims, components, strict=True)]
    order = sorted(range(len(claims)), key=lambda i: (-wanted[i], claims[i].claim_id))
    barred = {row: text for row in order if (text := _bar(claims[row], components[row], scores[row], settings))}
    insights = []
    n_chosen = 0
    relations = {row: {r.other.claim_id: r.relation for r in c.relations} for row, c in enumerate(components)}
    for row, refusal in choose(order, claims, vectors, published, settings, barred=barred, relations=relations):
        n_chosen += refusal is None
        insights.append(
            ScoredInsight(
                claims[row].claim_id,
                claims[row].cluster_id,
                scores[row],
                components[row].values,
                n_chosen if refusal is None else None,
                why(components[row], settings.cluster_window_days),
                refusal,
            )
        )
    return insights


def choose(
    order: Sequence[int],
    claims: Sequence[ScoringClaim],
    vectors: Vectors,
    published: Published,
    settings: Settings,
    *,
    barred: Mapping[int, str] | None = None,
    relations: Mapping[int, Mapping[str, str]] | None = None,
) -> Iterator[tuple[int, str | None]]:
    """Go through ``order`` and choose at most ``top_n`` that keep the rules of a digest; each row with its refusal.

    Args:
        order: rows of claims, the most wanted first.
        claims: with ``vectors`` (unit rows).
        published: what the reader of this digest got before.
        settings: the limits.
        barred: rows that are refused beforehand, as what is not good enough, with the reason.
        relations: of rows to other claims, by their ids. What a claim updates it may resemble. What it may contradict
            it may not: rules of wording find contradictions, and where they err readers would get one thing twice.
    """
    chosen: list[int] = []
    for row in order:
        refusal = (barred or {}).get(row) or _refusal(
            row,
            claims,
            vectors,
            chosen,
            published,
            settings,
            (relations or {}).get(row, {}),
        )
        if refusal is None:
            chosen.append(row)
        yield row, refusal


def _bar(claim: ScoringClaim, components: Components, score: float, settings: Settings) -> str | None:
    """Why a claim is refused whatever else is chosen."""
    opinion = components.opinion
    if opinion.bar:
        return opinion.bar
    lowered = settings.verdict_weight * (NEUTRAL - opinion.value) / NEUTRAL
    if score < settings.min_score <= score + lowered:
        has, least = told_apart(score, settings.min_score)
        named = f" ({opinion.evidence})" if opinion.evidence else ""
        return (
            f"its score {has}, which verdicts on claims like it lowered by {lowered:.2f}{named}, is under {least}, the"
            " least that is published"
        )
    if (reads := components.values["clarity"]) < settings.min_clarity:
        has, least = told_apart(reads, settings.min_clarity)
        return (
            f"it hardly stands alone: its clarity {has} is under {least}, so its words probably lean on what was said"
            " before, or stumble"
        )
    if score < settings.min_score:
        weighed = "" if claim.weight == 1 else f", with its show's weight of {claim.weight:g},"
        has, least = told_apart(score, settings.min_score)
        return f"its score {has}{weighed} is under {least}, the least that is published"
    return None


def _refusal(
    row: int,
    claims: Sequence[ScoringClaim],
    vectors: Vectors,
    chosen: Sequence[int],
    published: Published,
    settings: Settings,
    relations: Mapping[str, str],
) -> str | None:
    """Why a claim is not chosen after those that are, in words a reader understands; ``None``: it is chosen."""
    claim, limit = claims[row], least_same(settings.max_similarity)
    if len(published.days):
        likeness = published.vectors @ vectors[row]
        likeness[[i for i, other in enumerate(published.claim_ids) if relations.get(other) == UPDATES]] = 0
        nearest = int(np.argmax(likeness))
        if likeness[nearest] >= limit:
            other = published.claim_ids[nearest] if published.claim_ids else ""
            is_opposed = relations.get(other) == CONTRADICTS
            what = "sent what it may contradict, in much the same words" if is_opposed else "already sent it"
            return f"the digest of {published.days[nearest]} {what}: “{published.headlines[nearest]}”"
    if chosen:
        likeness = vectors[list(chosen)] @ vectors[row]
        nearest = int(np.argmax(likeness))
        if likeness[nearest] >= limit:
            is_opposed = relations.get(claims[chosen[nearest]].claim_id) == CONTRADICTS
            what = "may contradict, in much the same words," if is_opposed else "says much the same as"
            return f"it {what} number {nearest + 1}"
    if len(chosen) >= settings.top_n:
        return "another scores higher" if settings.top_n == 1 else f"{settings.top_n} others score higher"
    shows = Counter(claims[i].show for i in chosen)
    if (count := shows[claim.show]) >= settings.max_per_show:
        return f"{claim.show} already has {count} {'insight' if count == 1 else 'insights'} in this digest"
    same = [
        rank
        for rank, i in enumerate(chosen, start=1)
        if claim.cluster_id and claims[i].cluster_id == claim.cluster_id and vectors[i] @ vectors[row] >= SAME_MATTER
    ]
    if len(same) >= settings.max_per_theme:
        return f"number {same[0]} is of the same theme"
    return None
