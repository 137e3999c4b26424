"""What the clusters stage keeps and asks: embeddings, themes of a day, and what the last day called them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import numpy as np
import polars as pl

from digest_pipeline.clusters.cluster import Theme
from digest_pipeline.encoder import Vectors


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """A usable claim of the window."""

    claim_id: str
    digest_date: date
    show: str
    headline: str
    text: str


WINDOW = """
select c.claim_id, c.digest_date, coalesce(f.title, f.shown_url) as show_title, c.headline,
    c.headline || ' ' || c.explanation as text
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
    known = {
        claim_id
        for (claim_id,) in con.execute("select claim_id from raw.claim_embeddings where model = ?", [model]).fetchall()
    }
    return [claim for claim in claims if claim.claim_id not in known]


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


def themes_before(con: duckdb.DuckDBPyConnection, day: date) -> tuple[dict[str, str], dict[str, date]]:
    """Claim to theme on the last clustered day before ``day``, and when each of those themes was first seen."""
    members = con.execute(
        "select claim_id, cluster_id from raw.cluster_members where digest_date ="
        " (select max(digest_date) from raw.cluster_members where digest_date < ?)",
        [day],
    ).fetchall()
    first_seen = con.execute(
        "select cluster_id, min(first_seen_on) from raw.embedding_clusters where digest_date < ? group by cluster_id",
        [day],
    ).fetchall()
    return dict(members), dict(first_seen)


def save_themes(
    con: duckdb.DuckDBPyConnection,
    day: date,
    claims: Sequence[ClaimRow],
    themes: Sequence[Theme],
    ids: Sequence[str],
    first_seen: dict[str, date],
) -> None:
    """Replace the day's themes and their members."""
    con.execute("delete from raw.embedding_clusters where digest_date = ?", [day])
    con.execute("delete from raw.cluster_members where digest_date = ?", [day])
    for theme, cluster_id in zip(themes, ids, strict=True):
        members = [claims[i] for i in theme.members]
        days = [member.digest_date for member in members]
        con.execute(
            "insert into raw.embedding_clusters (cluster_id, digest_date, label, keywords, size, n_shows,"
            " first_seen_on, last_seen_on, centroid) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                cluster_id, day, theme.label, list(theme.keywords), len(members), len({m.show for m in members}),
                min([*days, first_seen.get(cluster_id, day)]), max(days), theme.centroid.tolist(),
            ],
        )  # fmt: skip
        con.executemany(
            "insert into raw.cluster_members values (?, ?, ?, ?)",
            [
                (member.claim_id, day, cluster_id, round(probability, 4))
                for member, probability in zip(members, theme.probabilities, strict=True)
            ],
        )
