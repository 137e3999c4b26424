"""The books: every call of a language model in ``raw.llm_calls``, every usable reply in ``raw.llm_replies``, and what a
model refuses to answer in ``raw.llm_refusals``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from threading import Lock
from uuid import uuid4

import duckdb

from digest_pipeline.warehouse import Warehouse

OK = "ok"
REFUSED_DAYS = 30  # after which a refused question is asked again: models and filters change under the same name
INSERT = """
insert into raw.llm_calls (call_id, called_at, digest_date, episode_id, stage, model, prompt_version, tokens_in,
    tokens_out, tokens_cached, usd, usd_at_most, cached, outcome, run_id)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
NOTE_BATCH = """
merge into raw.llm_batches
using (
    select ? as batch_id, ? as digest_date, ? as model, ?::varchar[] as cache_keys, ? as sent_at, ? as status
) as noted using (batch_id)
when matched then update set status = noted.status
when not matched then insert by name
"""
SPENT = """
select coalesce(sum(usd) filter (is_of_run), 0), coalesce(sum(usd) filter (is_of_day), 0)
from (
    select coalesce(usd, usd_at_most, 0) as usd, run_id is not distinct from ? as is_of_run,
        called_at >= date_trunc('day', ?::timestamp) as is_of_day
    from raw.llm_calls
)
"""


@dataclass(frozen=True, slots=True)
class LlmCall:
    """One call.

    ``usd`` is ``None`` where it is unknown what was charged, as after a time-out; the budget then counts
    ``usd_at_most``. ``tokens_cached`` were in the provider's prompt cache. ``cached``: nothing was asked, the reply was
    kept from an earlier call. ``outcome`` is ``ok``, or what was wrong.
    """

    episode_id: str
    stage: str
    model: str
    prompt_version: str
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    usd: float | None = 0.0
    usd_at_most: float = 0.0
    cached: bool = False
    outcome: str = OK


class Books:
    """The books of one run, for the digest of one day. Threads may share them.

    Args:
        warehouse: where they are kept.
        day: of the digest.
        run_id: of the run, whose stages share one budget; empty: these books are a run of their own.
    """

    def __init__(self, warehouse: Warehouse, day: date, run_id: str = "") -> None:
        self._warehouse, self._day = warehouse, day
        self._run_id = run_id or f"run_{uuid4().hex[:16]}"
        self._lock = Lock()

    def reply(self, key: str) -> str | None:
        """A reply that was paid for before; ``key`` derives from content, model and prompt version."""
        with self._lock, self._warehouse.read() as con:
            rows = con.execute("select reply from raw.llm_replies where cache_key = ?", [key]).fetchall()
        return rows[0][0] if rows else None

    def refusal(self, key: str) -> str | None:
        """Why the model refused this question, if it did in the last ``REFUSED_DAYS`` days."""
        since = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=REFUSED_DAYS)
        with self._lock, self._warehouse.read() as con:
            rows = con.execute(
                "select reason from raw.llm_refusals where cache_key = ? and refused_at > ?", [key, since]
            ).fetchall()
        return rows[0][0] if rows else None

    def book(self, call: LlmCall, key: str, reply: str | None = None, *, is_refused: bool = False) -> None:
        """Keep a call, and its reply when it was usable or that the question was refused, in one transaction."""
        with self._lock, self._warehouse.write() as con:
            con.execute(
                INSERT,
                [
                    f"call_{uuid4().hex[:16]}", datetime.now(UTC).replace(tzinfo=None), self._day, call.episode_id,
                    call.stage, call.model, call.prompt_version, call.tokens_in, call.tokens_out, call.tokens_cached,
                    call.usd, call.usd_at_most, call.cached, call.outcome, self._run_id,
                ],
            )  # fmt: skip
            if reply is not None:
                con.execute("delete from raw.llm_replies where cache_key = ?", [key])
                con.execute("insert into raw.llm_replies values (?, ?)", [key, reply])
            if is_refused:
                con.execute("delete from raw.llm_refusals where cache_key = ?", [key])
                con.execute(
                    "insert into raw.llm_refusals values (?, ?, ?)",
                    [key, call.outcome, datetime.now(UTC).replace(tzinfo=None)],
                )

    def open_batches(self, keys: Sequence[str]) -> list[tuple[str, list[str]]]:
        """Batches that a run sent with any of these questions and did not live to read, and what each asks."""
        with self._lock, self._warehouse.read() as con:
            return con.execute(
                "select batch_id, cache_keys from raw.llm_batches"
                " where status = 'sent' and list_has_any(cache_keys, ?::varchar[]) order by 1",
                [list(keys)],
            ).fetchall()

    def note_batch(self, batch_id: str, model: str, keys: Sequence[str], status: str) -> None:
        """Keep what is known of a batch: ``sent``, or what came of it."""
        with self._lock, self._warehouse.write() as con:
            con.execute(
                NOTE_BATCH, [batch_id, self._day, model, list(keys), datetime.now(UTC).replace(tzinfo=None), status]
            )

    def spent(self) -> tuple[float, float]:
        """US dollars that this run and this calendar day (UTC) have spent, at most where it is unknown."""
        with self._lock, self._warehouse.read() as con:
            ((run, day),) = con.execute(SPENT, [self._run_id, datetime.now(UTC).replace(tzinfo=None)]).fetchall()
        return float(run), float(day)


@dataclass(frozen=True, slots=True)
class Spending:
    """Calls of a day or an episode. ``usd`` is ``None`` when any of them has an unknown price."""

    calls: int
    tokens_in: int
    tokens_out: int
    tokens_cached: int
    usd: float | None

    @property
    def tokens(self) -> int:
        """Tokens in and out."""
        return self.tokens_in + self.tokens_out


SUMS = (
    "count(*), coalesce(sum(tokens_in), 0)::bigint, coalesce(sum(tokens_out), 0)::bigint,"
    " coalesce(sum(tokens_cached), 0)::bigint,"
    " case when count(*) = count(usd) then coalesce(sum(usd), 0) end"
)


def spending_of_day(con: duckdb.DuckDBPyConnection, day: date) -> Spending:
    """What a day's digest asked of language models."""
    return Spending(*con.execute(f"select {SUMS} from raw.llm_calls where digest_date = ?", [day]).fetchall()[0])  # noqa: S608


def spending_of_episodes(con: duckdb.DuckDBPyConnection, day: date) -> list[tuple[str, Spending]]:
    """(show and episode, spending) of a day, most tokens first."""
    rows = con.execute(
        f"select any_value(coalesce(f.title, f.shown_url) || ' · ' || e.title), {SUMS} from raw.llm_calls c"  # noqa: S608
        " join raw.episodes e using (episode_id) left join raw.feeds f using (feed_url)"
        " where c.digest_date = ? group by c.episode_id order by sum(tokens_in + tokens_out) desc, 1",
        [day],
    ).fetchall()
    return [(name, Spending(*numbers)) for name, *numbers in rows]


def outcomes_of_day(con: duckdb.DuckDBPyConnection, day: date) -> list[tuple[str, int]]:
    """(outcome, calls) of a day, replies kept from earlier left out."""
    return con.execute(
        "select outcome, count(*) from raw.llm_calls where digest_date = ? and not cached"
        " group by 1 order by 2 desc, 1",
        [day],
    ).fetchall()
