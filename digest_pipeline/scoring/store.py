"""What the scoring stage asks and keeps: the window's claims with their themes, what was published, scored insights."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb
import polars as pl

from digest_pipeline.clusters.claims import load_vectors
from digest_pipeline.errors import DigestError
from digest_pipeline.models import ScoredInsight
from digest_pipeline.scoring.claims import ScoringClaim
from digest_pipeline.scoring.components import ADJUSTMENTS, COMPONENTS
from digest_pipeline.scoring.relations import Relation, most_telling
from digest_pipeline.scoring.select import Published

CLAIMS = """
select c.claim_id, c.digest_date, coalesce(f.title, f.shown_url), c.episode_id, c.headline, c.quote,
    c.worthiness, v.clarity, m.cluster_id, coalesce(f.weight, 1), c.speaker,
    coalesce(
        [p.name for p in from_json(e.persons, '[{"name": "VARCHAR", "role": "VARCHAR"}]') if p.role like 'guest%'], []
    ), e.published_at
from raw.claim_candidates c
join raw.episodes e using (episode_id)
left join raw.feeds f using (feed_url)
left join raw.claim_embeddings v on v.claim_id = c.claim_id and v.model = $model
left join raw.cluster_members m on m.claim_id = c.claim_id and m.digest_date = $day
where c.rejected_reason is null
"""
ORDER = "order by c.digest_date, c.claim_id"
OF_WINDOW = f"{CLAIMS} and c.digest_date > $after and c.digest_date <= $day {ORDER}"
SENT_LONG_AGO = f"""{CLAIMS}
    and c.digest_date <= $after and v.clarity is not null and c.claim_id in (select claim_id from raw.digest_items)
{ORDER}"""  # noqa: S608 - constants


def claims_of_window(
    con: duckdb.DuckDBPyConnection, day: date, days: int, zone: ZoneInfo, model: str
) -> list[ScoringClaim]:
    """Usable claims of the ``days`` days that end with ``day``, with the themes that ``day`` gave them.

    Raises:
        DigestError: a claim was not embedded by ``model``, or by a release that did not rate how it reads.
    """
    claims = _claims(con, OF_WINDOW, day, days, zone, model)
    if unread := sum(claim.clarity is None for claim in claims):
        raise DigestError(
            f"{unread} claims of the window up to {day} were not read by the encoder {model}",
            remedy=f"run the day's clusters first: digest run --date {day}",
        )
    return claims


def claims_sent_long_ago(
    con: duckdb.DuckDBPyConnection, day: date, days: int, zone: ZoneInfo, model: str
) -> list[ScoringClaim]:
    """The published claims of before the ``days`` days that end with ``day``, as far as ``model`` has embedded them."""
    return _claims(con, SENT_LONG_AGO, day, days, zone, model)


def _claims(
    con: duckdb.DuckDBPyConnection, query: str, day: date, days: int, zone: ZoneInfo, model: str
) -> list[ScoringClaim]:
    values = {"after": day - timedelta(days=days), "day": day, "model": model}
    return [
        replace(
            ScoringClaim(*row),
            days_late=_days_late(published_at, day, zone),
            guests=tuple(guests),
            published_at=published_at,
        )
        for *row, guests, published_at in con.execute(query, values).fetchall()
    ]


def _days_late(published_at: datetime | None, day: date, zone: ZoneInfo) -> int:
    # by the calendar: not every day has 24 hours, and many feeds publish at midnight
    return max(0, (day - published_at.replace(tzinfo=UTC).astimezone(zone).date()).days) if published_at else 0


# A day that is run late must not repeat what later ones have sent; what a published day has sent came before them.
PUBLISHED = """
select i.digest_date, i.headline, i.claim_id
from raw.digest_items i
join raw.claim_embeddings v on v.claim_id = i.claim_id and v.model = $model
where i.digest_date < $day
    or (i.digest_date > $day and not exists (select 1 from raw.digest_items o where o.digest_date = $day))
order by i.digest_date, i.rank
"""


def published_before(con: duckdb.DuckDBPyConnection, day: date, model: str) -> Published:
    """What the digests of other days have sent before that of ``day``, as far as ``model`` has embedded it."""
    rows = con.execute(PUBLISHED, {"day": day, "model": model}).fetchall()
    vectors = load_vectors(con, [row[2] for row in rows], model)
    return Published([row[0] for row in rows], [row[1] for row in rows], vectors, [row[2] for row in rows])


def save_insights(con: duckdb.DuckDBPyConnection, day: date, insights: Sequence[ScoredInsight]) -> None:
    """Replace the day's scored insights."""
    con.execute("delete from raw.scored_insights where digest_date = ?", [day])
    if not insights:
        return
    rows = pl.DataFrame(  # noqa: F841 - DuckDB reads it by its name
        [
            {
                "claim_id": i.claim_id, "digest_date": day, "cluster_id": i.cluster_id, "score": i.score,
                **{name: i.components[name] for name in (*COMPONENTS, *ADJUSTMENTS)}, "rank": i.rank, "why": i.why,
                "why_not": i.why_not,
            }
            for i in insights
        ],
        schema_overrides={"cluster_id": pl.String, "rank": pl.Int32, "why_not": pl.String},
    )  # fmt: skip
    con.execute("insert into raw.scored_insights by name select * from rows")


def growth_of_themes(con: duckdb.DuckDBPyConnection, day: date) -> dict[str, float]:
    """Probability that a theme has grown, by its id, where there is evidence."""
    rows = con.execute(
        "select cluster_id, growth_probability from raw.theme_trends"
        " where digest_date = ? and growth_probability is not null",
        [day],
    ).fetchall()
    return dict(rows)


def save_relations(con: duckdb.DuckDBPyConnection, day: date, relations: Mapping[str, Sequence[Relation]]) -> None:
    """Replace the relations of the day's claims by the most telling of each."""
    con.execute("delete from raw.claim_relations where digest_date = ?", [day])
    rows = pl.DataFrame(
        [
            (r.claim_id, day, r.other.claim_id, r.relation, r.similarity, r.is_independent, r.reason)
            for found in relations.values()
            for r in most_telling(found)
        ],
        orient="row",
    )
    if len(rows):  # row by row, a day of a repetitive show held the database for minutes
        con.execute("insert into raw.claim_relations from rows")
