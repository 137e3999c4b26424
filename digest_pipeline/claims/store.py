"""What the claims stage keeps: candidates, which extractor read which episode, LLM calls and their replies."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, date, datetime
from uuid import uuid4

import duckdb

from digest_pipeline.claims.extractor import Extraction
from digest_pipeline.claims.llm import STAGE, LlmCall
from digest_pipeline.models import Episode
from digest_pipeline.warehouse import Warehouse


def unread_episodes(con: duckdb.DuckDBPyConnection, episodes: Sequence[Episode], extractor_key: str) -> list[Episode]:
    """The episodes that this extractor, with this model and prompt, has not read."""
    rows = con.execute("select episode_id from raw.extractions where extractor_key = ?", [extractor_key]).fetchall()
    done = {episode_id for (episode_id,) in rows}
    return [episode for episode in episodes if episode.episode_id not in done]


def save_extraction(
    con: duckdb.DuckDBPyConnection,
    episode: Episode,
    day: date,
    extraction: Extraction,
    *,
    extractor_key: str,
    compute_seconds: float,
) -> None:
    """Replace an episode's candidates; those that a digest published stay."""
    con.execute(
        "delete from raw.claim_candidates where episode_id = ?"
        " and claim_id not in (select claim_id from raw.digest_items)",
        [episode.episode_id],
    )
    if extraction.candidates:
        con.executemany(
            "insert into raw.claim_candidates (claim_id, episode_id, headline, explanation, quote, speaker,"
            " start_seconds, end_seconds, first_position, last_position, worthiness, is_ad, extractor, model,"
            " prompt_version, rejected_reason, digest_date)"
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing",
            [(*astuple(candidate), day) for candidate in extraction.candidates],
        )
    con.execute(
        "insert or replace into raw.extractions values (?, ?, ?, ?, ?, ?, ?)",
        [
            episode.episode_id, day, extractor_key, extraction.spans, len(extraction.candidates),
            round(compute_seconds, 3), extraction.note,
        ],
    )  # fmt: skip


class WarehouseLedger:
    """The books of one run: every LLM call in ``raw.llm_calls``, every usable reply in ``raw.llm_replies``."""

    def __init__(self, warehouse: Warehouse, day: date) -> None:
        self._warehouse = warehouse
        self._day = day
        self._run_usd = 0.0

    def reply(self, cache_key: str) -> str | None:
        """A reply that was paid for before."""
        with self._warehouse.read() as con:
            rows = con.execute("select reply from raw.llm_replies where cache_key = ?", [cache_key]).fetchall()
        return rows[0][0] if rows else None

    def book(self, call: LlmCall, cache_key: str, reply: str | None) -> None:
        """Keep a call, and its reply when it was usable."""
        self._run_usd += call.usd or 0.0
        with self._warehouse.write() as con:
            con.execute(
                "insert into raw.llm_calls values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    f"call_{uuid4().hex[:16]}", datetime.now(UTC).replace(tzinfo=None), self._day, call.episode_id,
                    STAGE, call.model, call.tokens_in, call.tokens_out, call.usd, call.cached, call.outcome,
                ],
            )  # fmt: skip
            if reply is not None:
                con.execute("insert or replace into raw.llm_replies values (?, ?)", [cache_key, reply])

    def spent(self) -> tuple[float, float]:
        """US dollars spent by this run and on this calendar day (UTC)."""
        with self._warehouse.read() as con:
            rows = con.execute(
                "select coalesce(sum(usd), 0) from raw.llm_calls where called_at >= date_trunc('day', ?::timestamp)",
                [datetime.now(UTC).replace(tzinfo=None)],
            ).fetchall()
        return self._run_usd, float(rows[0][0])


@dataclass(frozen=True, slots=True)
class Calls:
    """A day's LLM calls. ``usd`` is ``None`` when a price was unknown."""

    calls: int
    tokens: int
    usd: float | None


def candidates_of_day(con: duckdb.DuckDBPyConnection, day: date) -> list[tuple[str, str, float, str, str | None]]:
    """(claim id, show, worthiness, headline, refusal) of a day's candidates, strongest first."""
    return con.execute(
        "select c.claim_id, coalesce(f.title, e.feed_url), c.worthiness, c.headline, c.rejected_reason"
        " from raw.claim_candidates c join raw.episodes e using (episode_id) left join raw.feeds f using (feed_url)"
        " where c.digest_date = ? order by c.rejected_reason is not null, c.worthiness desc, c.claim_id",
        [day],
    ).fetchall()


def calls_of_day(con: duckdb.DuckDBPyConnection, day: date) -> Calls:
    """The LLM calls booked for a day's digest."""
    calls, tokens, usd, unknown = con.execute(
        "select count(*), coalesce(sum(tokens_in + tokens_out), 0), coalesce(sum(usd), 0), count(*) - count(usd)"
        " from raw.llm_calls where digest_date = ?",
        [day],
    ).fetchall()[0]
    return Calls(calls, int(tokens), None if unknown else float(usd))
