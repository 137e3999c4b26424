"""The claims of a window and their vectors: each is embedded once, and rated for how it reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import numpy as np
import polars as pl

from digest_pipeline.claims.models.worthiness import Scores
from digest_pipeline.encoder import Vectors


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """A usable claim of the window."""

    claim_id: str
    digest_date: date
    show: str
    headline: str
    explanation: str
    quote: str
    episode_id: str

    @property
    def text(self) -> str:
        """What is embedded of it."""
        return f"{self.headline} {self.explanation}"


WINDOW = """
select c.claim_id, c.digest_date, coalesce(f.title, f.shown_url) as show_title, c.headline,
    c.explanation, c.quote, c.episode_id
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
    """The claims that ``model`` has not embedded yet, or whose clarity it has not rated."""
    wanted = _as_frame([claim.claim_id for claim in claims])  # noqa: F841 - DuckDB reads it by its name
    rows = con.execute(
        "select place from wanted anti join"
        " (select claim_id from raw.claim_embeddings where model = ? and clarity is not null)"
        " using (claim_id) order by place",
        [model],
    ).fetchall()
    return [claims[place] for (place,) in rows]


def save_embeddings(
    con: duckdb.DuckDBPyConnection, claims: Sequence[ClaimRow], vectors: Vectors, clarity: Scores, model: str
) -> None:
    """Keep one unit vector a claim and model, and how well the claim reads."""
    if not claims:
        return
    rows = pl.DataFrame(  # noqa: F841 - DuckDB reads it by its name
        {
            "claim_id": [c.claim_id for c in claims],
            "model": model,
            "embedding": vectors.tolist(),
            "clarity": clarity.round(4).tolist(),
        },
        schema={"claim_id": pl.String, "model": pl.String, "embedding": pl.List(pl.Float32), "clarity": pl.Float64},
    )
    con.execute(
        "merge into raw.claim_embeddings using rows using (claim_id, model)"
        " when matched then update by name when not matched then insert by name"
    )


def load_vectors(con: duckdb.DuckDBPyConnection, claim_ids: Sequence[str], model: str) -> Vectors:
    """Unit vectors of claims, in the order given, shape (claims, dimensions)."""
    if not claim_ids:
        return np.zeros((0, 0), dtype=np.float32)
    wanted = _as_frame(claim_ids)  # noqa: F841 - DuckDB reads it by its name
    found = con.execute(
        "select embedding from wanted join raw.claim_embeddings using (claim_id) where model = ? order by place",
        [model],
    ).pl()["embedding"]
    vectors: Vectors = found.explode().to_numpy().reshape(len(found), -1)
    return vectors


def _as_frame(claim_ids: Sequence[str]) -> pl.DataFrame:
    """Ids with their places: a list as a parameter takes DuckDB a quarter of a millisecond for each of them."""
    return pl.DataFrame(
        {"place": range(len(claim_ids)), "claim_id": claim_ids}, schema_overrides={"claim_id": pl.String}
    )
