"""What the clusters stage keeps and asks: embeddings, the themes of a day with their titles, events and trends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import numpy as np
import polars as pl

from digest_pipeline.clusters.cluster import Theme
from digest_pipeline.clusters.identity import PastTheme, ThemeEvent
from digest_pipeline.clusters.titles import Title
from digest_pipeline.clusters.trends import RECENT_DAYS, Trend
from digest_pipeline.encoder import Vectors


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """A usable claim of the window."""

    claim_id: str
    digest_date: date
    show: str
    headline: str
    text: str
    episode_id: str


WINDOW = """
select c.claim_id, c.digest_date, coalesce(f.title, f.shown_url) as show_title, c.headline,
    c.headline || ' ' || c.explanation as text, c.episode_id
from raw.claim_candidates c
join raw.episodes e using (episode_id)
left join raw.feeds f using (feed_url)
where c.rejected_reason is null and c.digest_date > $after and c.digest_date <= $day
order by c.digest_date, c.claim_id
"""


def claims_of_window(con: duckdb.DuckDBPyConnection, day: date, days: int) -> list[ClaimRow]:
    """Usable claims of the ``days`` days that end with ``day``, oldest first."""
    rows = con.execute(WINDOW, {"after": day - timedelta(days=days), "day": day}).fetchall()
    return [ClaimRow(*row) for row in rows]


def missing_embeddings(con: duckdb.DuckDBPyConnection, claims: Sequence[ClaimRow], model: str) -> list[ClaimRow]:
    """The claims that ``model`` has not embedded yet."""
    rows = con.execute(
        "select claim_id from (select unnest(?::varchar[]) as claim_id) anti join"
        " (select claim_id from raw.claim_embeddings where model = ?) using (claim_id)",
        [[claim.claim_id for claim in claims], model],
    ).fetchall()
    missing = {claim_id for (claim_id,) in rows}
    return [claim for claim in claims if claim.claim_id in missing]


def save_embeddings(con: duckdb.DuckDBPyConnection, claims: Sequence[ClaimRow], vectors: Vectors, model: str) -> None:
    """Keep one unit vector a claim and model."""
    if not claims:
        return
    rows = pl.DataFrame(  # noqa: F841 - DuckDB reads it by its name
        {"claim_id": [c.claim_id for c in claims], "model": model, "embedding": vectors.tolist()},
        schema={"claim_id": pl.String, "model": pl.String, "embedding": pl.List(pl.Float32)},
    )
    con.execute("insert or replace into raw.claim_embeddings by name select * from rows")


def load_vectors(con: duckdb.DuckDBPyConnection, claim_ids: Sequence[str], model: str) -> Vectors:
    """Unit vectors of claims, in the order given, shape (claims, dimensions)."""
    if not claim_ids:
        return np.zeros((0, 0), dtype=np.float32)
    rows = con.execute(
        "select embedding from (select unnest(?::varchar[]) as claim_id, generate_subscripts(?::varchar[], 1) as place)"
        " join raw.claim_embeddings using (claim_id) where model = ? order by place",
        [list(claim_ids), list(claim_ids), model],
    ).fetchall()
    return np.array([row[0] for row in rows], dtype=np.float32)


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
        past = PastTheme(cluster_id, frozenset(window.intersection(members)), unit, is_alive)
        kept = Title(title, by, central) if title else None
        found[cluster_id] = ThemeBefore(past, kept, first_day, first_claim)
    return found


@dataclass(frozen=True, slots=True)
class NamedTheme:
    """A theme of a day with all that is known of it."""

    cluster_id: str
    theme: Theme
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
    for named in themes:
        members = [claims[i] for i in named.theme.members]
        days = [member.digest_date for member in members]
        known = before.get(named.cluster_id)
        con.execute(
            "insert into raw.embedding_clusters (cluster_id, digest_date, label, keywords, size, n_shows,"
            " first_seen_on, last_seen_on, centroid, title, title_by, central_claim_id, first_claim_id)"
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                named.cluster_id, day, named.theme.label, list(named.theme.keywords), len(members),
                len({m.show for m in members}), min([*days, known.first_seen_on] if known else days), max(days),
                named.theme.centroid.tolist(), named.title.text, named.title.by, named.title.claim_id,
                (known and known.first_claim_id) or members[0].claim_id,
            ],
        )  # fmt: skip
        con.execute(
            "insert into raw.theme_trends values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                named.cluster_id, day, RECENT_DAYS, named.trend.recent_episodes, named.trend.recent_scanned,
                window_days - RECENT_DAYS, named.trend.earlier_episodes, named.trend.earlier_scanned,
                named.trend.growth, named.trend.probability, named.trend.trend,
            ],
        )  # fmt: skip
    _insert_members(con, day, claims, themes)
    if events:
        con.executemany(
            "insert into raw.theme_events values (?, ?, ?, ?)",
            [(day, event.cluster_id, event.event, list(event.others)) for event in events],
        )


def noise_share(claims: Sequence[ClaimRow], themes: Sequence[Theme]) -> float:
    """Claims in no theme, as a share of all."""
    return round(1 - sum(len(theme.members) for theme in themes) / len(claims), 4) if claims else 0.0


def _insert_members(
    con: duckdb.DuckDBPyConnection, day: date, claims: Sequence[ClaimRow], themes: Sequence[NamedTheme]
) -> None:
    rows = [
        (claims[i].claim_id, day, named.cluster_id, round(probability, 4))
        for named in themes
        for i, probability in zip(named.theme.members, named.theme.probabilities, strict=True)
    ]
    if rows:
        members = pl.DataFrame(rows, schema=["claim_id", "digest_date", "cluster_id", "probability"], orient="row")  # noqa: F841
        con.execute("insert into raw.cluster_members by name select * from members")
