"""The books: every call of a language model in ``raw.llm_calls``, every usable reply in ``raw.llm_replies``, and what a
model refuses to answer in ``raw.llm_refusals``.

A call stands in them before it is made: a process that dies while it waits leaves what its calls may have cost.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from threading import Lock
from uuid import uuid4

import duckdb

from digest_pipeline.models import stable_id
from digest_pipeline.warehouse import Warehouse

OK = "ok"
UNSEEN = "sent, and no reply seen"  # while a call is under way, and for good where its process died
SENDING, SENT = "sending", "sent"  # batches whose end no run has seen
REFUSED_DAYS = 30  # after which a refused question is asked again: models and filters change under the same name
INSERT = """
insert into raw.llm_calls (call_id, called_at, digest_date, episode_id, stage, model, prompt_version, tokens_in,
    tokens_out, tokens_cached, usd, usd_at_most, cached, outcome, run_id)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
NOTE_BATCH = """
insert into raw.llm_batches (batch_id, digest_date, model, cache_keys, sent_at, status)
values (?, ?, ?, ?::varchar[], ?, ?)
"""
SPENT = """
select coalesce(sum(usd) filter (is_of_run), 0), coalesce(sum(usd) filter (is_of_day), 0)
from (
    select coalesce(usd, usd_at_most, 0) as usd, run_id is not distinct from ? as is_of_run,
        called_at >= date_trunc('day', ?::timestamp) as is_of_day
    from raw.llm_calls
    where not list_contains(?::varchar[], call_id)
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
        self._under_way: set[str] = set()

    def reply(self, key: str) -> str | None:
        """A reply that was paid for before; ``key`` derives from content, model and prompt version."""
        with self._lock, self._warehouse.read() as con:
            rows = con.execute("select reply from raw.llm_replies where cache_key = ?", [key]).fetchall()
        return rows[0][0] if rows else None

    def refusal(self, key: str) -> str | None:
        """Why the model refused this question, if it did in the last ``REFUSED_DAYS`` days."""
        since = _now() - timedelta(days=REFUSED_DAYS)
        with self._lock, self._warehouse.read() as con:
            rows = con.execute(
                "select reason from raw.llm_refusals where cache_key = ? and refused_at > ?", [key, since]
            ).fetchall()
        return rows[0][0] if rows else None

    @contextmanager
    def sent(self, call: LlmCall) -> Iterator[str]:
        """Keep that a call is being made, of unknown cost until the block has booked it under the id that it is given;
        ``spent`` leaves it out meanwhile.
        """
        call_id = _new_id()
        with self._lock:
            self._under_way.add(call_id)
            with self._warehouse.write() as con:
                con.execute(INSERT, self._row(call_id, replace(call, outcome=UNSEEN)))
        try:
            yield call_id
        finally:
            with self._lock:
                self._under_way.remove(call_id)

    def book(
        self, call: LlmCall, key: str, reply: str | None = None, *, is_refused: bool = False, call_id: str = ""
    ) -> None:
        """Keep a call, in the place of what ``call_id`` stands for and at its time, so that it counts on the day that
        had room for it; and its reply when it was usable, or that the question was refused. In one transaction.
        """
        with self._lock, self._warehouse.write() as con:
            sent = con.execute("select called_at from raw.llm_calls where call_id = ?", [call_id]).fetchone()
            con.execute("delete from raw.llm_calls where call_id = ?", [call_id])
            con.execute(INSERT, self._row(call_id or _new_id(), call, *(sent or ())))
            if reply is not None:
                con.execute("delete from raw.llm_replies where cache_key = ?", [key])
                con.execute("insert into raw.llm_replies values (?, ?)", [key, reply])
            if is_refused:
                con.execute("delete from raw.llm_refusals where cache_key = ?", [key])
                con.execute("insert into raw.llm_refusals values (?, ?, ?)", [key, call.outcome, _now()])

    def open_batches(self, keys: Sequence[str]) -> list[tuple[str, list[str], str]]:
        """Batches with any of these questions whose end no run has seen: their id, what they ask, and ``sent``, or
        ``sending`` where the id is the one of the file that was to be their input.
        """
        with self._lock, self._warehouse.read() as con:
            return con.execute(
                "select batch_id, cache_keys, status from raw.llm_batches"
                " where status in (?, ?) and list_has_any(cache_keys, ?::varchar[]) order by sent_at, 1",
                [SENDING, SENT, list(keys)],
            ).fetchall()

    def note_sending(self, file_id: str, model: str, calls: Mapping[str, LlmCall]) -> None:
        """Keep that a batch is about to be made of a file, and its calls, by the key of each, as under way."""
        with self._lock, self._warehouse.write() as con:
            for key, call in calls.items():
                con.execute(INSERT, self._row(batched(file_id, key), replace(call, outcome=UNSEEN)))
            con.execute(NOTE_BATCH, [file_id, self._day, model, list(calls), _now(), SENDING])

    def note_sent(self, file_id: str, batch_id: str) -> None:
        """Keep the id of a batch that was made of a file."""
        with self._lock, self._warehouse.write() as con:
            con.execute(
                "update raw.llm_batches set batch_id = ?, status = ? where batch_id = ?", [batch_id, SENT, file_id]
            )

    def note_end(self, batch_id: str, file_id: str, status: str, unanswered: Sequence[str]) -> None:
        """Keep how a batch ended. What it left unanswered was no call."""
        with self._lock, self._warehouse.write() as con:
            con.execute("update raw.llm_batches set status = ? where batch_id = ?", [status, batch_id])
            con.execute(
                "delete from raw.llm_calls where outcome = ? and list_contains(?::varchar[], call_id)",
                [UNSEEN, [batched(file_id, key) for key in unanswered]],
            )

    def spent(self) -> tuple[float, float]:
        """US dollars that this run and this calendar day (UTC) have spent, at most where it is unknown."""
        with self._lock, self._warehouse.read() as con:
            ((run, day),) = con.execute(SPENT, [self._run_id, _now(), list(self._under_way)]).fetchall()
        return float(run), float(day)

    def _row(self, call_id: str, call: LlmCall, called_at: datetime | None = None) -> list[object]:
        return [
            call_id, called_at or _now(), self._day, call.episode_id, call.stage, call.model, call.prompt_version,
            call.tokens_in, call.tokens_out, call.tokens_cached, call.usd, call.usd_at_most, call.cached, call.outcome,
            self._run_id,
        ]  # fmt: skip


def batched(file_id: str, key: str) -> str:
    """The id of the call that a batch makes for a question: found again by whoever takes the batch up."""
    return stable_id("call", file_id, key)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _new_id() -> str:
    return f"call_{uuid4().hex[:16]}"


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
