"""What the clusters stage keeps and asks: the themes of a day with their titles, events and trends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import numpy as np
import polars as pl

from digest_pipeline.clusters.claims import ClaimRow
from digest_pipeline.clusters.cluster import Theme
from digest_pipeline.clusters.identity import PastTheme, ThemeEvent
from digest_pipeline.clusters.keywords import label_of
from digest_pipeline.clusters.titles import Title
from digest_pipeline.clusters.trends import RECENT_DAYS, Trend


@dataclass(frozen=True, slots=True)
class ThemeBefore:
    """A theme as the last day that had it left it, with what lasts beyond a day."""

    past: PastTheme
    title: Title | None
    first_seen_on: date
    first_claim_id: str | None


# Each theme of the window's days as its last day had it; it lives if that is the last day that was clustered.
BEFORE = """
with days as (
    select digest_date, model from raw.cluster_days
    union select digest_date, null from raw.embedding_clusters anti join raw.cluster_days using (digest_date)
),
latest as (
    select * from raw.embedding_clusters where digest_date < $day and digest_date >= $after
    qualify row_number() over (partition by cluster_id order by digest_date desc) = 1
)
select t.cluster_id, t.digest_date = (select max(digest_date) from days where digest_date < $day) as is_alive,
    case when d.model = $model then t.centroid end as centroid, t.title, t.title_by, t.central_claim_id,
    t.first_seen_on, t.first_claim_id, (
        select coalesce(list(m.claim_id), []) from raw.cluster_members m
        where m.cluster_id = t.cluster_id and m.digest_date = t.digest_date
    ) as claims
from latest t join days d using (digest_date) order by t.cluster_id
"""


def themes_before(
    con: duckdb.DuckDBPyConnection, day: date, days: int, claims: Sequence[ClaimRow], model: str
) -> dict[str, ThemeBefore]:
    """The themes of the ``days`` days before ``day`` by id, with those of their members that are in ``claims``."""
    window = {claim.claim_id for claim in claims}
    rows = con.execute(BEFORE, {"day": day, "after": day - timedelta(days=days), "model": model}).fetchall()
    found = {}
    for cluster_id, is_alive, centroid, title, by, central, first_day, first_claim, members in rows:
        unit = None if centroid is None else np.array(centroid, dtype=np.float32)
        past = PastTheme(cluster_id, frozenset(window.intersection(members)), unit, is_alive, len(members))
        kept = Title(title, by, central) if title else None
        found[cluster_id] = ThemeBefore(past, kept, first_day, first_claim)
    return found


# What analysts said last of each claim, unless they took it back.
LAST_VERDICTS = """
select claim_id, arg_max(verdict, given_at) as verdict, arg_max({'note': note}, given_at).note as note,
    max(given_at) as given_at
from raw.verdicts group by claim_id having verdict <> 'withdrawn'
"""


def blamed_claims(con: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """The claims that analysts have judged bad, wrong or a duplicate, and those that were published and taken back."""
    blamed = (
        f"select claim_id from ({LAST_VERDICTS}) where verdict <> 'good'"  # noqa: S608 - a constant
        " union select claim_id from raw.digest_items where retracted_at is not null"
    )
    return frozenset(claim_id for (claim_id,) in con.execute(blamed).fetchall())


@dataclass(frozen=True, slots=True)
class NamedTheme:
    """A theme of a day with all that is known of it; keywords strongest first."""

    cluster_id: str
    theme: Theme
    keywords: tuple[str, ...]
    title: Title
    trend: Trend
    is_new: bool


def save_themes(
    con: duckdb.DuckDBPyConnection,
    day: date,
    claims: Sequence[ClaimRow],
    themes: Sequence[NamedTheme],
    before: Mapping[str, ThemeBefore],
    events: Sequence[ThemeEvent],
    *,
    model: str,
    window_days: int,
) -> None:
    """Replace what is kept of a day: its themes, their members, events and trends."""
    for table in ("embedding_clusters", "cluster_members", "cluster_days", "theme_events", "theme_trends"):
        con.execute(f"delete from raw.{table} where digest_date = ?", [day])  # noqa: S608 - our table names
    con.execute(
        "insert into raw.cluster_days values (?, ?, ?, ?, ?, ?)",
        [day, model, window_days, len(claims), len(themes), noise_share(claims, [named.theme for named in themes])],
    )
    if themes:
        _insert_themes(con, day, claims, themes, before)
        _insert_trends(con, day, themes, window_days)
        _insert_members(con, day, claims, themes)
    if events:
        con.executemany(
            "insert into raw.theme_events values (?, ?, ?, ?)",
            [(day, event.cluster_id, event.event, list(event.others)) for event in events],
        )


def noise_share(claims: Sequence[ClaimRow], themes: Sequence[Theme]) -> float:
    """Claims in no theme, as a share of all."""
    return round(1 - sum(len(theme.members) for theme in themes) / len(claims), 4) if claims else 0.0


# Ids are hashes, so that the order of a window says nothing of who was first on a day.
FIRST = """
select cluster_id, arg_min(claim_id, (e.published_at, c.start_seconds, claim_id))
from spoken join raw.claim_candidates c using (claim_id) join raw.episodes e using (episode_id)
group by cluster_id
"""


def _first_claims(
    con: duckdb.DuckDBPyConnection,
    claims: Sequence[ClaimRow],
    themes: Sequence[NamedTheme],
    before: Mapping[str, ThemeBefore],
) -> dict[str, str]:
    """The claim of each theme that was said first, be it a member or the one that was the first so far."""
    members = [(named.cluster_id, claims[i].claim_id) for named in themes for i in named.theme.members]
    first_so_far = [
        (named.cluster_id, known.first_claim_id)
        for named in themes
        if (known := before.get(named.cluster_id)) and known.first_claim_id
    ]
    spoken = pl.DataFrame(members + first_so_far, schema=["cluster_id", "claim_id"], orient="row")  # noqa: F841
    return dict(con.execute(FIRST).fetchall())


def _insert_themes(
    con: duckdb.DuckDBPyConnection,
    day: date,
    claims: Sequence[ClaimRow],
    themes: Sequence[NamedTheme],
    before: Mapping[str, ThemeBefore],
) -> None:
    rows, first = [], _first_claims(con, claims, themes, before)
    for named in themes:
        members, known = [claims[i] for i in named.theme.members], before.get(named.cluster_id)
        days = [member.digest_date for member in members]
        rows.append(
            {
                "cluster_id": named.cluster_id,
                "digest_date": day,
                "label": label_of(named.keywords),
                "keywords": list(named.keywords),
                "size": len(members),
                "n_shows": len({member.show for member in members}),
                "first_seen_on": min([*days, known.first_seen_on] if known else days),
                "last_seen_on": max(days),
                "centroid": named.theme.centroid.tolist(),
                "title": named.title.text,
                "title_by": named.title.by,
                "central_claim_id": named.title.claim_id,
                "first_claim_id": first[named.cluster_id],
            }
        )
    found = pl.DataFrame(  # noqa: F841 - DuckDB reads it by its name
        rows,
        schema_overrides={"keywords": pl.List(pl.String), "centroid": pl.List(pl.Float32)},
        infer_schema_length=None,
    )
    con.execute("insert into raw.embedding_clusters by name select * from found")


def _insert_trends(con: duckdb.DuckDBPyConnection, day: date, themes: Sequence[NamedTheme], window_days: int) -> None:
    rows = [
        {
            "cluster_id": named.cluster_id,
            "digest_date": day,
            "recent_days": min(RECENT_DAYS, window_days),
            "recent_episodes": named.trend.recent_episodes,
            "recent_scanned": named.trend.recent_scanned,
            "earlier_days": max(0, window_days - RECENT_DAYS),
            "earlier_episodes": named.trend.earlier_episodes,
            "earlier_scanned": named.trend.earlier_scanned,
            "growth": named.trend.growth,
            "growth_probability": named.trend.probability,
            "trend": named.trend.trend,
        }
        for named in themes
    ]
    trends = pl.DataFrame(  # noqa: F841 - DuckDB reads it by its name
        rows, schema_overrides={"growth": pl.Float64, "growth_probability": pl.Float64}, infer_schema_length=None
    )
    con.execute("insert into raw.theme_trends by name select * from trends")


def _insert_members(
    con: duckdb.DuckDBPyConnection, day: date, claims: Sequence[ClaimRow], themes: Sequence[NamedTheme]
) -> None:
    rows = [
        (claims[i].claim_id, day, named.cluster_id, round(probability, 4))
        for named in themes
        for i, probability in zip(named.theme.members, named.theme.probabilities, strict=True)
    ]
    members = pl.DataFrame(rows, schema=["claim_id", "digest_date", "cluster_id", "probability"], orient="row")  # noqa: F841
    con.execute("insert into raw.cluster_members by name select * from members")
