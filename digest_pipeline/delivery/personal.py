"""A personal five: the day's insights in the order of one person's wishes, by the same rules as the common five.

Wishes reorder what is good enough for everybody; they let nothing in that a rule of the house keeps out.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import duckdb
import numpy as np

from digest_pipeline.clusters.claims import load_vectors
from digest_pipeline.delivery.interests import InterestReader
from digest_pipeline.delivery.wishes import Wish
from digest_pipeline.encoder import Embedder, Vectors, embedder_name, get_embedder
from digest_pipeline.models import Digest, DigestItem, Subscriber
from digest_pipeline.publishing.rules import broken_rules
from digest_pipeline.publishing.store import worthy_items
from digest_pipeline.scoring.claims import ScoringClaim
from digest_pipeline.scoring.components import ADJUSTMENTS, COMPONENTS, ranking_score
from digest_pipeline.scoring.select import Published, choose
from digest_pipeline.settings import Settings

# What wishes add to a score. Publishable scores lie between min_score and about 0.8: an insight that is plainly about a
# subject overtakes all that are not, and the score decides among equals.
INTEREST_WEIGHT, FOLLOWED_WEIGHT = 0.30, 0.15
MENTIONED = 0.65  # closeness from which the reader is told of it
# Rules that an insight keeps or breaks by itself; the others are about a digest, and `choose` sees to them.
RULES_OF_AN_INSIGHT = (
    "quotes_are_in_their_transcript",
    "no_advertisement_is_published",
    "nothing_was_published_before",
)


@dataclass(frozen=True, slots=True)
class PersonalPool:
    """The insights of a day that may be sent to somebody, best first, with all that choosing among them needs.

    ``earlier``: what somebody may have got on days of the window before, by claim: day, headline, vector.
    """

    day: date
    items: tuple[DigestItem, ...]
    claims: tuple[ScoringClaim, ...]
    vectors: Vectors
    earlier: Mapping[str, tuple[date, str, Vectors]]
    reader: InterestReader
    settings: Settings


def load_pool(
    con: duckdb.DuckDBPyConnection,
    common: Digest,
    settings: Settings,
    *,
    load: Callable[[], Embedder] | None = None,
) -> PersonalPool:
    """The pool of a published day, read once for all subscribers.

    Args:
        con: the warehouse, after the marts of the day.
        common: the published digest; its insights are always in the pool, as they were published.
        settings: limits, and the encoder whose vectors are compared.
        load: gives the encoder, when somebody has interests; the settings' one by default.
    """
    day, model = common.digest_date, embedder_name(settings)
    others = worthy_items(con, day, score=settings.min_score, clarity=settings.min_clarity)
    published = {item.claim_id for item in common.items}
    others = tuple(item for item in others if item.claim_id not in published)
    broken = broken_rules(con, replace(common, items=others), settings, model)
    barred = {claim_id for rule in RULES_OF_AN_INSIGHT for claim_id in broken[rule]}
    allowed = (*common.items, *(item for item in others if item.claim_id not in barred))
    over_one = _over_one(con, day, settings)
    items = sorted(allowed, key=lambda item: (-item.score, -over_one.get(item.claim_id, 0.0), item.claim_id))
    vectors = _vectors(con, [item.claim_id for item in items], model)
    claims = tuple(
        ScoringClaim(
            item.claim_id, day, item.show, item.episode, item.headline, item.quote,
            item.components.get("worthiness", 0.0), item.components.get("clarity", 0.0), item.theme_id,
        )
        for item in items
    )  # fmt: skip
    reader = InterestReader(vectors, load or (lambda: get_embedder(settings)))
    return PersonalPool(day, tuple(items), claims, vectors, _earlier(con, day, settings, model), reader, settings)


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
    closeness = pool.reader.closeness(subscriber.interests)
    wishes = [Wish.of(subscriber, item) for item in pool.items]
    barred = {row: "muted" for row, wish in enumerate(wishes) if wish.is_muted}
    barred |= {row: "got already" for row, item in enumerate(pool.items) if item.claim_id in already}
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
    scores = [item.score for item in pool.items]
    chosen = [
        row
        for row, refusal in choose(order, pool.claims, pool.vectors, scores, before, pool.settings, barred=barred)
        if refusal is None
    ]
    items = (_explained(pool.items[row], closeness.values[row], closeness.subjects[row], wishes[row]) for row in chosen)
    return replace(common, items=_ranked(items))


def _explained(item: DigestItem, closeness: float, subject: str, wish: Wish) -> DigestItem:
    reasons = [
        *([f"close to your interest “{subject}”"] if closeness >= MENTIONED else []),
        *(["from a show that you follow"] if wish.follows_show else []),
        *(["of a theme that you follow"] if wish.follows_theme else []),
    ]
    return replace(item, why=f"{item.why} For you: {', '.join(reasons)}.".lstrip()) if reasons else item


def _ranked(items: Iterable[DigestItem]) -> tuple[DigestItem, ...]:
    return tuple(replace(item, rank=rank) for rank, item in enumerate(items, start=1))


def _vectors(con: duckdb.DuckDBPyConnection, claim_ids: Sequence[str], model: str) -> Vectors:
    """A unit row a claim; zeros, which are close to nothing, where this encoder has not embedded it."""
    known = [
        claim_id
        for (claim_id,) in con.execute(
            "select claim_id from raw.claim_embeddings where model = ? and claim_id in (select unnest(?::varchar[]))",
            [model, list(claim_ids)],
        ).fetchall()
    ]
    found = load_vectors(con, known, model)
    rows = dict(zip(known, found, strict=True))
    nothing = np.zeros(found.shape[1] or 1, dtype=np.float32)
    return np.array([rows.get(claim_id, nothing) for claim_id in claim_ids], dtype=np.float32).reshape(
        len(claim_ids), len(nothing)
    )


def _over_one(con: duckdb.DuckDBPyConnection, day: date, settings: Settings) -> dict[str, float]:
    """What ranks the claims of a day whose shows' weights bring them to the highest score, 1, and over it."""
    names = (*COMPONENTS, *ADJUSTMENTS)
    rows = con.execute(
        f"select i.claim_id, coalesce(f.weight, 1), {', '.join(f'i.{name}' for name in names)}"  # noqa: S608 - column names
        " from raw.scored_insights i join raw.claim_candidates c using (claim_id)"
        " join raw.episodes e using (episode_id) left join raw.feeds f using (feed_url)"
        " where i.digest_date = ? and i.score >= 1",
        [day],
    ).fetchall()
    return {
        claim_id: ranking_score(dict(zip(names, values, strict=True)), weight, settings)
        for claim_id, weight, *values in rows
    }


def _earlier(
    con: duckdb.DuckDBPyConnection, day: date, settings: Settings, model: str
) -> dict[str, tuple[date, str, Vectors]]:
    rows = con.execute(
        "select i.claim_id, i.digest_date, c.headline from raw.scored_insights i"
        " join raw.claim_candidates c using (claim_id)"
        " join raw.claim_embeddings v on v.claim_id = i.claim_id and v.model = $model"
        " where i.digest_date < $day and i.digest_date >= $after and i.score >= $score",
        {
            "model": model, "day": day, "after": day - timedelta(days=settings.cluster_window_days),
            "score": settings.min_score,
        },
    ).fetchall()  # fmt: skip
    vectors = load_vectors(con, [row[0] for row in rows], model)
    return {
        claim_id: (sent_on, headline, vector)
        for (claim_id, sent_on, headline), vector in zip(rows, vectors, strict=True)
    }
