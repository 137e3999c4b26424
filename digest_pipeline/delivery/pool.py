"""What personal fives are chosen from: the insights of one day or of several that may be sent to somebody."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import duckdb
import numpy as np

from digest_pipeline.clusters.claims import load_vectors
from digest_pipeline.delivery.interests import InterestReader
from digest_pipeline.encoder import Embedder, Vectors, embedder_name, get_embedder
from digest_pipeline.models import Digest, DigestItem
from digest_pipeline.publishing.rules import broken_rules
from digest_pipeline.publishing.store import worthy_items
from digest_pipeline.scoring.claims import ScoringClaim
from digest_pipeline.scoring.components import ADJUSTMENTS, COMPONENTS, ranking_score
from digest_pipeline.settings import Settings

# Rules that an insight keeps or breaks by itself; the others are about a digest, and `choose` sees to them.
RULES_OF_AN_INSIGHT = (
    "quotes_are_in_their_transcript",
    "no_advertisement_is_published",
    "nothing_was_published_before",
)


@dataclass(frozen=True, slots=True)
class PersonalPool:
    """Insights that may be sent to somebody, best first, with all that choosing among them needs.

    ``claims`` and ``vectors``: of the items, in their order. ``earlier``: what somebody may have got on days of the
    window before, by claim: day, headline, vector.
    """

    items: tuple[DigestItem, ...]
    claims: tuple[ScoringClaim, ...]
    vectors: Vectors
    earlier: Mapping[str, tuple[date, str, Vectors]]
    reader: InterestReader
    settings: Settings


def load_pool(
    con: duckdb.DuckDBPyConnection,
    commons: Sequence[Digest],
    settings: Settings,
    *,
    load: Callable[[], Embedder] | None = None,
) -> PersonalPool:
    """The pool of published days, read once for all subscribers.

    Args:
        con: the warehouse, after the marts of these days.
        commons: the published digests; their insights are always in the pool, as they were published.
        settings: limits, and the encoder whose vectors are compared.
        load: gives the encoder, when somebody has interests; the settings' one by default.
    """
    model = embedder_name(settings)
    of_day = {
        item.claim_id: (common.digest_date, item)
        for common in commons
        for item in (*common.items, *_others(con, common, settings, model))
    }
    over_one = _over_one(con, [common.digest_date for common in commons], settings)
    order = sorted(of_day, key=lambda c: (-of_day[c][1].score, -over_one.get(c, 0.0), c))
    items = tuple(of_day[claim_id][1] for claim_id in order)
    vectors = _vectors(con, order, model)
    claims = tuple(
        ScoringClaim(
            item.claim_id, of_day[item.claim_id][0], item.show, item.episode, item.headline, item.quote,
            item.components.get("worthiness", 0.0), item.components.get("clarity", 0.0), item.theme_id,
        )
        for item in items
    )  # fmt: skip
    reader = InterestReader(vectors, load or (lambda: get_embedder(settings)))
    first = min(common.digest_date for common in commons)
    # Where the encoder was changed since, it may have embedded none of the pool, but days before: nothing is compared.
    earlier = _earlier(con, first, settings, model) if vectors.any() else {}
    return PersonalPool(items, claims, vectors, earlier, reader, settings)


def _others(con: duckdb.DuckDBPyConnection, common: Digest, settings: Settings, model: str) -> tuple[DigestItem, ...]:
    """The insights of a day that were good enough, were not published and break no rule by themselves."""
    worthy = worthy_items(con, common.digest_date, score=settings.min_score, clarity=settings.min_clarity)
    published = {item.claim_id for item in common.items}
    others = tuple(item for item in worthy if item.claim_id not in published)
    broken = broken_rules(con, replace(common, items=others), settings, model)
    barred = {claim_id for rule in RULES_OF_AN_INSIGHT for claim_id in broken[rule]}
    return tuple(item for item in others if item.claim_id not in barred)


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


def _over_one(con: duckdb.DuckDBPyConnection, days: Sequence[date], settings: Settings) -> dict[str, float]:
    """What ranks the claims of days whose shows' weights bring them to the highest score, 1, and over it."""
    names = (*COMPONENTS, *ADJUSTMENTS)
    rows = con.execute(
        f"select i.claim_id, coalesce(f.weight, 1), {', '.join(f'i.{name}' for name in names)}"  # noqa: S608 - column names
        " from raw.scored_insights i join raw.claim_candidates c using (claim_id)"
        " join raw.episodes e using (episode_id) left join raw.feeds f using (feed_url)"
        " where i.digest_date in (select unnest(?::date[])) and i.score >= 1",
        [list(days)],
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
