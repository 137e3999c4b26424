"""A personal five: the insights of a day, or of a week, in the order of one person's wishes, by the rules of the house.

Wishes reorder what is good enough for everybody; they let nothing in that a rule of the house keeps out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from digest_pipeline.delivery.pool import PersonalPool
from digest_pipeline.delivery.wishes import Wish
from digest_pipeline.models import Digest, DigestItem, Subscriber
from digest_pipeline.scoring.select import Published, choose

# What wishes add to a score. Publishable scores lie between min_score and about 0.8: an insight that is plainly about a
# subject overtakes all that are not, and the score decides among equals.
INTEREST_WEIGHT, FOLLOWED_WEIGHT = 0.30, 0.15
MENTIONED = 0.65  # closeness from which the reader is told of it


def digest_for(subscriber: Subscriber, common: Digest, pool: PersonalPool, already: frozenset[str]) -> Digest:
    """What a subscriber gets of a day: the common digest, or, for who has wishes, their own five.

    Args:
        subscriber: with interests, followed and muted shows and themes.
        common: the published digest of the pool's day.
        pool: of the same day.
        already: claims that this subscriber got on other days. Neither they nor what says much the same come again.
    """
    is_whole = not common.retracted and already.isdisjoint(item.claim_id for item in common.items)
    if not subscriber.has_own_taste and is_whole:
        return common
    if not subscriber.has_own_taste:
        return replace(common, items=_ranked(item for item in common.items if item.claim_id not in already))
    return replace(common, items=_chosen(subscriber, pool, already, {}))


def week_for(
    subscriber: Subscriber, commons: Sequence[Digest], pool: PersonalPool, already: frozenset[str]
) -> tuple[Digest, ...]:
    """The best of several days for a subscriber who gets them as one: as many as a day has at most, by its rules.

    They are chosen from what was published, or, for who has wishes, from all that may be sent.

    Args:
        subscriber: as in ``digest_for``.
        commons: the published digests of the pool's days.
        pool: of the same days.
        already: as in ``digest_for``.

    Returns:
        The digests in the order of ``commons``, each with what was chosen of it; ranks count through all of them.
    """
    published = {item.claim_id for common in commons for item in common.items}
    barred = {
        row: "not published"
        for row, item in enumerate(pool.items)
        if not subscriber.has_own_taste and item.claim_id not in published
    }
    days = {claim.claim_id: claim.digest_date for claim in pool.claims}
    chosen = _chosen(subscriber, pool, already, barred)
    return tuple(
        replace(common, items=tuple(item for item in chosen if days[item.claim_id] == common.digest_date))
        for common in commons
    )


def _chosen(
    subscriber: Subscriber, pool: PersonalPool, already: frozenset[str], barred: Mapping[int, str]
) -> tuple[DigestItem, ...]:
    """The subscriber's own choice from a pool, without rows that are ``barred``."""
    closeness = pool.reader.closeness(subscriber.interests)
    wishes = [Wish.of(subscriber, item) for item in pool.items]
    muted = {row: "muted" for row, wish in enumerate(wishes) if wish.is_muted}
    had = {row: "got already" for row, item in enumerate(pool.items) if item.claim_id in already}
    personal = [
        item.score + INTEREST_WEIGHT * closeness.values[row] + FOLLOWED_WEIGHT * wishes[row].is_followed
        for row, item in enumerate(pool.items)
    ]
    order = sorted(range(len(pool.items)), key=lambda row: (-personal[row], row))
    got = sorted(already & pool.earlier.keys())
    before = Published(
        [pool.earlier[claim_id][0] for claim_id in got],
        [pool.earlier[claim_id][1] for claim_id in got],
        np.stack([pool.earlier[claim_id][2] for claim_id in got]) if got else pool.vectors[:0],
    )
    refusals = choose(order, pool.claims, pool.vectors, before, pool.settings, barred={**barred, **muted, **had})
    chosen = [row for row, refusal in refusals if refusal is None]
    return _ranked(
        _explained(pool.items[row], closeness.values[row], closeness.subjects[row], wishes[row]) for row in chosen
    )


def _explained(item: DigestItem, closeness: float, subject: str, wish: Wish) -> DigestItem:
    reasons = [
        *([f"close to your interest “{subject}”"] if closeness >= MENTIONED else []),
        *(["from a show that you follow"] if wish.follows_show else []),
        *(["of a theme that you follow"] if wish.follows_theme else []),
    ]
    return replace(item, why=f"{item.why} For you: {', '.join(reasons)}.".lstrip()) if reasons else item


def _ranked(items: Iterable[DigestItem]) -> tuple[DigestItem, ...]:
    return tuple(replace(item, rank=rank) for rank, item in enumerate(items, start=1))
