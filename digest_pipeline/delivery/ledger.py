"""The ledger of deliveries: a row is written before its message leaves, so that none leaves twice.

A row that says ``started`` is of a message that is on its way, or of a process that died in the moment between the
server's acceptance and the note of it. It is never sent again by itself: at most that one message is lost by a crash.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

MOST_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one delivery.

    ``waiting``: certainly not accepted, may be tried again. ``unknown``: it broke while the text left, so that it may
    have arrived. ``reason`` holds no address. ``is_broken``: the next message needs another connection.
    """

    status: Literal["sent", "waiting", "refused", "unknown"]
    reason: str | None = None
    is_broken: bool = False


def claim(
    con: sqlite3.Connection,
    day: date,
    channel: str,
    subscriber_id: str,
    *,
    content_hash: str,
    message_id: str | None,
    claim_ids: Iterable[str],
) -> bool:
    """Take a delivery on; ``False`` when it is settled or on its way. Of two processes that ask at once one gets it."""
    con.execute("begin immediate")
    try:
        known = con.execute(
            "select status from deliveries where digest_date = ? and channel = ? and subscriber_id = ?",
            [day.isoformat(), channel, subscriber_id],
        ).fetchone()
        may = known is None or known[0] == "waiting"
        if may:
            con.execute(
                "insert into deliveries values (?, ?, ?, ?, 'started', 1, ?, null, ?, null) on conflict do update set"
                " content_hash = excluded.content_hash, status = 'started', attempts = attempts + 1,"
                " message_id = excluded.message_id, reason = null, started_at = excluded.started_at",
                [day.isoformat(), channel, subscriber_id, content_hash, message_id, _now()],
            )
            con.execute(
                "delete from delivered_items where subscriber_id = ? and digest_date = ?",
                [subscriber_id, day.isoformat()],
            )
            con.executemany(
                "insert or ignore into delivered_items values (?, ?, ?)",
                [(subscriber_id, claim_id, day.isoformat()) for claim_id in claim_ids],
            )
        con.execute("commit")
    except BaseException:
        con.execute("rollback")
        raise
    return may


def finish(con: sqlite3.Connection, day: date, channel: str, subscriber_id: str, outcome: Outcome) -> None:
    """Note what became of a delivery. What waits too often is given up."""
    con.execute(
        "update deliveries set finished_at = $now, reason = $reason,"
        " status = case when $status = 'waiting' and attempts >= $most then 'given up' else $status end"
        " where digest_date = $day and channel = $channel and subscriber_id = $one",
        {
            "now": _now(), "reason": outcome.reason, "status": outcome.status, "most": MOST_ATTEMPTS,
            "day": day.isoformat(), "channel": channel, "one": subscriber_id,
        },
    )  # fmt: skip


def settled(con: sqlite3.Connection, day: date) -> frozenset[str]:
    """Subscribers for whom nothing of a day is to be done any more, or is being done right now."""
    rows = con.execute(
        "select subscriber_id from deliveries where digest_date = ? and status <> 'waiting'", [day.isoformat()]
    ).fetchall()
    return frozenset(subscriber_id for (subscriber_id,) in rows)


def delivered_before(con: sqlite3.Connection, subscriber_id: str, day: date) -> frozenset[str]:
    """Claims that a subscriber got in other days' digests."""
    rows = con.execute(
        "select claim_id from delivered_items where subscriber_id = ? and digest_date <> ?",
        [subscriber_id, day.isoformat()],
    ).fetchall()
    return frozenset(claim_id for (claim_id,) in rows)


def tally(con: sqlite3.Connection) -> list[tuple[str, str, str, str | None, int]]:
    """(day, channel, status, reason, how many), newest day first."""
    return con.execute(
        "select digest_date, channel, status, reason, count(*) from deliveries"
        " group by 1, 2, 3, 4 order by 1 desc, 2, 3"
    ).fetchall()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
