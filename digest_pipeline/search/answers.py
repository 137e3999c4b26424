"""From passages to answers: what a person is told of each, read from the warehouse."""

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import polars as pl

from digest_pipeline.publishing.render import link_to_moment

SCHEMA = {
    "kind": pl.String, "id": pl.String, "headline": pl.String, "quote": pl.String, "speaker": pl.String,
    "show": pl.String, "episode": pl.String, "digest_date": pl.Date, "start_seconds": pl.Float64,
    "end_seconds": pl.Float64, "link": pl.String, "theme_id": pl.String, "theme": pl.String, "rank": pl.Int32,
    "similarity": pl.Float64, "score": pl.Float64, "episode_id": pl.String,
}  # fmt: skip
SPARE = 3  # times as many are looked up as are wanted: some may be gone since the index was written
PASSAGES = """
select p.id, e.episode_id, p.claim_id, s.name, p.start_seconds, p.end_seconds, w.text
from passages p join episodes e using (number) join words w on w.rowid = p.id left join speakers s using (speaker_id)
where p.id in (select value from json_each(?))
"""
EPISODES = """
select e.episode_id, coalesce(f.title, f.shown_url), e.title, e.digest_date,
    case when not coalesce(f.is_private, false) then e.audio_url end,
    case when not coalesce(f.is_private, false) then e.link end
from raw.episodes e left join raw.feeds f using (feed_url)
where e.episode_id in (select unnest(from_json($ids, '["varchar"]'))) and e.status = 'transcribed'
"""
CLAIMS = """
with wanted as (select unnest(from_json($ids, '["varchar"]')) as claim_id)
select c.claim_id, c.headline, c.quote, m.cluster_id, t.theme, i.rank
from raw.claim_candidates c semi join wanted using (claim_id)
left join marts.fct_claim_themes m using (claim_id)
left join marts.dim_themes t using (cluster_id)
left join raw.digest_items i on i.claim_id = c.claim_id and i.retracted_at is null
where c.rejected_reason is null
"""


@dataclass(frozen=True, slots=True)
class Found:
    """A passage that answers. ``text`` is its words; ``similarity`` its cosine, if it was found by meaning."""

    passage_id: int
    episode_id: str
    claim_id: str | None
    speaker: str | None
    start_seconds: float
    end_seconds: float
    text: str
    similarity: float | None
    score: float

    def is_within(self, claim: "Found") -> bool:
        """Whether this is talk at the place of a claim, which tells it better."""
        return (
            self.claim_id is None
            and claim.claim_id is not None
            and claim.episode_id == self.episode_id
            and claim.start_seconds < self.end_seconds
            and self.start_seconds < claim.end_seconds
        )


def passages_found(
    con: sqlite3.Connection, scores: Mapping[int, float], similarities: Mapping[int, float]
) -> list[Found]:
    """The passages with their places, best first; talk at the place of a claim among them is left out."""
    rows = con.execute(PASSAGES, [json.dumps(list(scores))])
    found = [Found(*(*row, similarities.get(row[0]), scores[row[0]])) for row in rows]
    claims = [one for one in found if one.claim_id]
    best_told = [one for one in found if not any(one.is_within(claim) for claim in claims)]
    return sorted(best_told, key=lambda one: (-one.score, one.passage_id))


def told(warehouse: duckdb.DuckDBPyConnection, found: Sequence[Found], limit: int) -> pl.DataFrame:
    """The first ``limit`` passages that the warehouse still knows, as a table (see ``search``)."""
    found = found[: SPARE * limit]
    episodes = _rows(warehouse, EPISODES, {one.episode_id for one in found})
    claims = _rows(warehouse, CLAIMS, {one.claim_id for one in found if one.claim_id})
    rows: list[tuple[object, ...]] = []
    for one in found:
        if one.episode_id not in episodes or (one.claim_id and one.claim_id not in claims):
            continue
        show, episode, day, audio, page = episodes[one.episode_id]
        headline, quote, *theme_and_rank = claims[one.claim_id] if one.claim_id else (None, one.text, None, None, None)
        rows.append(
            (
                "claim" if one.claim_id else "talk", one.claim_id, headline, quote, one.speaker, show, episode, day,
                one.start_seconds, one.end_seconds, link_to_moment(audio, one.start_seconds) or page, *theme_and_rank,
                one.similarity, one.score, one.episode_id,
            )
        )  # fmt: skip
    return pl.DataFrame(rows[:limit], schema=SCHEMA, orient="row")


def _rows(warehouse: duckdb.DuckDBPyConnection, query: str, ids: Collection[str]) -> dict[str, tuple[Any, ...]]:
    """What a query gives for ids, by its first column. Bound as JSON: binding a list of many costs milliseconds."""
    return {row[0]: row[1:] for row in warehouse.execute(query, {"ids": json.dumps(sorted(ids))}).fetchall()}
