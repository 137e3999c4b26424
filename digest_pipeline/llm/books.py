"""The books: every call of a language model in ``raw.llm_calls``, every usable reply in ``raw.llm_replies``, and what a
model refuses to answer in ``raw.llm_refusals``.

A call stands in them before it is made: a process that dies while it waits leaves what its calls may have cost.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from threading import Condition
from uuid import uuid4

import duckdb

from digest_pipeline.models import stable_id
from digest_pipeline.warehouse import Warehouse
from digest_pipeline.warehouse.together import Together

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
select coalesce(sum(usd) filter (is_of_run and not is_under_way), 0),
    coalesce(sum(usd) filter (is_of_day and not is_under_way), 0),
    coalesce(sum(usd) filter (is_under_way), 0)
from (
    select coalesce(usd, usd_at_most, 0) as usd, run_id is not distinct from $run as is_of_run,
        called_at >= date_trunc('day', $now::timestamp) as is_of_day,
        list_contains($under_way::varchar[], call_id) as is_under_way
    from raw.llm_calls
)
where is_of_run or is_of_day
"""


@dataclass(frozen=True, slots=True)
class Spent:
    """US dollars of this run and of this calendar day (UTC), at most where it is unknown; and the most that the calls
    under way here can cost, which are in neither.
    """

    run: float
    day: float
    under_way: float = 0.0


@dataclass(frozen=True, slots=True)
class Known:
    """What the books say of a question: its reply, why the model refused it, or neither."""

    reply: str | None
    refusal: str | None
    spent: Spent


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
        self._together, self._day = Together(warehouse), day
        self._run_id = run_id or f"run_{uuid4().hex[:16]}"
        self._change = Condition()
        self._under_way: set[str] = set()
        self._ends = 0

    def known(self, key: str, call: LlmCall) -> Known:
        """What is known of a question; ``key`` derives from content, model and prompt version. Where nothing has to be
        asked, ``call`` is booked.
        """

        def look(con: duckdb.DuckDBPyConnection) -> Known:
            reply, refusal = _reply(con, key), _refusal(con, key)
            if reply is not None or refusal is not None:
                outcome = OK if reply is not None else refusal or ""
                con.execute(INSERT, self._row(_new_id(), replace(call, cached=True, outcome=outcome)))
            return Known(reply, refusal, self._spent(con))

        return self._together.do(look)

    def unanswered(self, keys: Sequence[str]) -> list[str]:
        """Those of the questions that were neither answered nor refused."""
        return self._together.do(
            lambda con: [key for key in keys if _reply(con, key) is None and _refusal(con, key) is None]
        )

    @contextmanager
    def sent(self, call: LlmCall, has_room: Callable[[Spent], bool], check: Callable[[Spent], None]) -> Iterator[str]:
        """Keep that a call is being made, of unknown cost until the block has booked it under the id that it is given.

        Whether there is room for it is asked in the same transaction. Where there is none, ``check`` may refuse it for
        what was spent; else it waits for a call under way to end.
        """
        call_id = _new_id()

        def begin(con: duckdb.DuckDBPyConnection) -> tuple[bool, Spent]:
            spent = self._spent(con)
            if is_in := has_room(spent):
                with self._change:
                    self._under_way.add(call_id)
                con.execute(INSERT, self._row(call_id, replace(call, outcome=UNSEEN)))
            return is_in, spent

        try:
            while True:
                ends = self._ends
                is_in, spent = self._together.do(begin)
                if is_in:
                    break
                check(spent)
                with self._change:
                    while self._ends == ends:
                        self._change.wait()
            yield call_id
        finally:
            with self._change:
                self._under_way.discard(call_id)
                self._ends += 1
                self._change.notify_all()

    def book(
        self, call: LlmCall, key: str, reply: str | None = None, *, is_refused: bool = False, call_id: str = ""
    ) -> None:
        """Keep a call, in the place of what ``call_id`` stands for and at its time, so that it counts on the day that
        had room for it; and its reply when it was usable, or that the question was refused. In one transaction.
        """

        def end(con: duckdb.DuckDBPyConnection) -> None:
            sent = con.execute("select called_at from raw.llm_calls where call_id = ?", [call_id]).fetchone()
            con.execute("delete from raw.llm_calls where call_id = ?", [call_id])
            con.execute(INSERT, self._row(call_id or _new_id(), call, *(sent or ())))
            if reply is not None:
                con.execute("delete from raw.llm_replies where cache_key = ?", [key])
                con.execute("insert into raw.llm_replies values (?, ?)", [key, reply])
            if is_refused:
                con.execute("delete from raw.llm_refusals where cache_key = ?", [key])
                con.execute("insert into raw.llm_refusals values (?, ?, ?)", [key, call.outcome, _now()])

        self._together.do(end)

    def open_batches(self, keys: Sequence[str]) -> list[tuple[str, list[str], str]]:
        """Batches with any of these questions whose end no run has seen: their id, what they ask, and ``sent``, or
        ``sending`` where the id is the one of the file that was to be their input.
        """
        return self._together.do(
            lambda con: con.execute(
                "select batch_id, cache_keys, status from raw.llm_batches"
                " where status in (?, ?) and list_has_any(cache_keys, ?::varchar[]) order by sent_at, 1",
                [SENDING, SENT, list(keys)],
            ).fetchall()
        )

    def note_sending(self, file_id: str, model: str, calls: Mapping[str, LlmCall]) -> None:
        """Keep that a batch is about to be made of a file, and its calls, by the key of each, as under way."""

        def note(con: duckdb.DuckDBPyConnection) -> None:
            for key, call in calls.items():
                con.execute(INSERT, self._row(batched(file_id, key), replace(call, outcome=UNSEEN)))
            con.execute(NOTE_BATCH, [file_id, self._day, model, list(calls), _now(), SENDING])

        self._together.do(note)

    def note_sent(self, file_id: str, batch_id: str) -> None:
        """Keep the id of a batch that was made of a file."""
        made = "update raw.llm_batches set batch_id = ?, status = ? where batch_id = ?"
        self._together.do(lambda con: con.execute(made, [batch_id, SENT, file_id]))

    def note_end(self, batch_id: str, file_id: str, status: str, unanswered: Sequence[str]) -> None:
        """Keep how a batch ended. What it left unanswered was no call."""

        def note(con: duckdb.DuckDBPyConnection) -> None:
            con.execute("update raw.llm_batches set status = ? where batch_id = ?", [status, batch_id])
            con.execute(
                "delete from raw.llm_calls where outcome = ? and list_contains(?::varchar[], call_id)",
                [UNSEEN, [batched(file_id, key) for key in unanswered]],
            )

        self._together.do(note)

    def spent(self) -> Spent:
        """What was spent, by all processes."""
        return self._together.do(self._spent)

    def _spent(self, con: duckdb.DuckDBPyConnection) -> Spent:
        with self._change:
            under_way = list(self._under_way)
        (sums,) = con.execute(SPENT, {"run": self._run_id, "now": _now(), "under_way": under_way}).fetchall()
        return Spent(*map(float, sums))

    def _row(self, call_id: str, call: LlmCall, called_at: datetime | None = None) -> list[object]:
        return [
            call_id, called_at or _now(), self._day, call.episode_id, call.stage, call.model, call.prompt_version,
            call.tokens_in, call.tokens_out, call.tokens_cached, call.usd, call.usd_at_most, call.cached, call.outcome,
            self._run_id,
        ]  # fmt: skip


def batched(file_id: str, key: str) -> str:
    """The id of the call that a batch makes for a question: found again by whoever takes the batch up."""
    return stable_id("call", file_id, key)


def _reply(con: duckdb.DuckDBPyConnection, key: str) -> str | None:
    """A reply that was paid for before."""
    found = con.execute("select reply from raw.llm_replies where cache_key = ?", [key]).fetchone()
    return found[0] if found else None


def _refusal(con: duckdb.DuckDBPyConnection, key: str) -> str | None:
    """Why the model refused a question, if it did in the last ``REFUSED_DAYS`` days."""
    since = _now() - timedelta(days=REFUSED_DAYS)
    found = con.execute(
        "select reason from raw.llm_refusals where cache_key = ? and refused_at > ?", [key, since]
    ).fetchone()
    return found[0] if found else None


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _new_id() -> str:
    return f"call_{uuid4().hex[:16]}"
