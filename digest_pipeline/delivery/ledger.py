"""The ledger of deliveries: a row is written, and on the disk, before its content leaves, so that none leaves twice.

A row that says ``started`` is of content that leaves just now, or of a process that died between that moment and the
note of what became of it. ``unknown`` says that the connection broke then. Neither is ever sent again by itself.
"""

import hashlib
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Literal

from digest_pipeline.delivery.hours import WEEK
from digest_pipeline.models import Digest, DigestItem, Retraction, Subscriber
from digest_pipeline.publishing.render import content_hash
from digest_pipeline.sqlite import transaction

NO_MAILBOX = " 5.1.1"  # of an answer's enhanced code: no such mailbox (RFC 3463), or a domain without mail (5.1.10)
RESTORED = "a backup was restored: it may have been sent before"
CARRIED = "to the same address, under another id"
STALE = timedelta(minutes=15)  # a row that was started earlier is of a process that died


class Retriable(StrEnum):
    """What an operator may have tried again; what waits is tried again anyway."""

    REFUSED = "refused"
    GIVEN_UP = "given up"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a delivery.

    ``waiting``: certainly not accepted, may be tried again. ``refused``: not to be tried again. ``unknown``: it may
    have arrived. ``reason`` holds no address.
    """

    status: Literal["sent", "waiting", "refused", "unknown"]
    reason: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Delivery:
    """What goes to one subscriber at once: the digest of a day, or those of several days, newest first.

    ``corrections``: what was taken back since they got it. ``others``: how many more insights were published in a week.
    """

    subscriber: Subscriber
    digests: tuple[Digest, ...]
    corrections: tuple[Retraction, ...] = ()
    others: int = 0

    @property
    def days(self) -> tuple[str, ...]:
        """ISO dates, newest first."""
        return tuple(digest.digest_date.isoformat() for digest in self.digests)

    @property
    def is_week(self) -> bool:
        """Whether it is the best of several days, whose ranks count through all of them."""
        return self.subscriber.gets_weeks and len(self.digests) > 1

    @property
    def ranked(self) -> list[tuple[date, DigestItem]]:
        """Each insight with its day as readers are to get them: a week's best first, else day by day."""
        items = [(digest.digest_date, item) for digest in self.digests for item in digest.items]
        return sorted(items, key=lambda one: one[1].rank) if self.is_week else items

    @property
    def content_hash(self) -> str:
        """Equal content, equal hash; of one day, that of its digest."""
        hashes = [content_hash(digest) for digest in self.digests]
        return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()

    @property
    def key(self) -> str:
        """The same for the same days, person and content: the part of a Message-ID before the @."""
        parts = (*self.days, self.subscriber.subscriber_id, self.content_hash)
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def claim(con: sqlite3.Connection, delivery: Delivery) -> bool:
    """Take a delivery on, just before its content leaves.

    ``False`` when one of its days is settled or on its way, or the subscriber has left meanwhile: then nothing may
    leave. Of two processes that ask at once one gets it.
    """
    one = delivery.subscriber
    with transaction(con):
        if not con.execute("select 1 from subscribers where subscriber_id = ?", [one.subscriber_id]).fetchone():
            return False
        for day in delivery.days:
            row = con.execute(
                "select status from deliveries where digest_date = ? and channel = ? and subscriber_id = ?",
                [day, one.channel, one.subscriber_id],
            ).fetchone()
            if row and row[0] != "waiting":
                return False
        con.executemany(
            "insert into deliveries values (?, ?, ?, ?, 'started', 1, ?, null, ?, null) on conflict do update set"
            " content_hash = excluded.content_hash, status = 'started', attempts = attempts + 1,"
            " message_id = excluded.message_id, reason = null, started_at = excluded.started_at, finished_at = null",
            [
                (day, one.channel, one.subscriber_id, delivery.content_hash, delivery.key, _now())
                for day in delivery.days
            ],
        )
        con.executemany(
            "insert or ignore into delivered_items values (?, ?, ?)",
            [
                (one.subscriber_id, item.claim_id, digest.digest_date.isoformat())
                for digest in delivery.digests
                for item in digest.items
            ]
            + [(one.subscriber_id, correction_of(was), delivery.days[0]) for was in delivery.corrections],
        )
    return True


def finish(con: sqlite3.Connection, delivery: Delivery, outcome: Outcome) -> None:
    """Note what became of a delivery that was claimed."""
    one = delivery.subscriber
    with transaction(con):
        con.executemany(
            "update deliveries set status = ?, reason = ?, finished_at = ?"
            " where digest_date = ? and channel = ? and subscriber_id = ? and status = 'started'",
            [(outcome.status, outcome.reason, _now(), day, one.channel, one.subscriber_id) for day in delivery.days],
        )
        if outcome.status in ("waiting", "refused"):  # they did not get these insights
            con.executemany(
                "delete from delivered_items where subscriber_id = ? and digest_date = ?",
                [(one.subscriber_id, day) for day in delivery.days],
            )


def note(con: sqlite3.Connection, delivery: Delivery, outcome: Outcome) -> None:
    """Note that a delivery was put off or refused before it was claimed; what another process did meanwhile stands."""
    one = delivery.subscriber
    with transaction(con):
        con.executemany(
            "insert into deliveries values (?, ?, ?, ?, ?, 1, null, ?, ?, ?) on conflict do update set"
            " status = excluded.status, attempts = attempts + 1, reason = excluded.reason,"
            " finished_at = excluded.finished_at where status = 'waiting'",
            [
                (
                    day, one.channel, one.subscriber_id, delivery.content_hash, outcome.status, outcome.reason, _now(),
                    _now(),
                )
                for day in delivery.days
            ],
        )  # fmt: skip


def correction_of(one: Retraction) -> str:
    """What stands among a subscriber's delivered claims once they were told that this one was taken back."""
    return f"{one.claim_id} retracted"


def statuses(con: sqlite3.Connection, since: date = date.min) -> dict[str, dict[date, str]]:
    """By subscriber: what became of each day's delivery, from one day on."""
    found: dict[str, dict[date, str]] = {}
    for subscriber_id, day, status in con.execute(
        "select subscriber_id, digest_date, status from deliveries where digest_date >= ?", [since.isoformat()]
    ):
        found.setdefault(subscriber_id, {})[date.fromisoformat(day)] = status
    return found


def give_up(con: sqlite3.Connection, before: date) -> None:
    """Settle what still waits of the days before this one; of who gets a week at once, of a week before it."""
    con.execute(
        "update deliveries set status = 'given up' where status = 'waiting' and digest_date < case when"
        " subscriber_id in (select subscriber_id from subscribers where weekday is not null) then ? else ? end",
        [(before - WEEK).isoformat(), before.isoformat()],
    )


def bouncing(con: sqlite3.Connection, times: int) -> frozenset[str]:
    """Subscribers whose last deliveries, so many since they subscribed, found no such mailbox: nobody reads there.

    The days of one mail have one hash in common, and count once.
    """
    rows = con.execute(
        "select subscriber_id from ("
        " select subscriber_id, min(deliveries.status = 'refused' and instr(reason, ?) > 0) as is_bounce,"
        " row_number() over (partition by subscriber_id order by max(digest_date) desc) as place"
        " from deliveries join subscribers using (subscriber_id) where started_at >= subscribed_at"
        " group by subscriber_id, content_hash"
        ") where place <= ? group by subscriber_id having sum(is_bounce) = ?",
        [NO_MAILBOX, times, times],
    ).fetchall()
    return frozenset(subscriber_id for (subscriber_id,) in rows)


def delivered_claims(con: sqlite3.Connection, subscriber_id: str) -> frozenset[str]:
    """Claims that a subscriber got, or may have got."""
    rows = con.execute("select claim_id from delivered_items where subscriber_id = ?", [subscriber_id]).fetchall()
    return frozenset(claim_id for (claim_id,) in rows)


def hold(con: sqlite3.Connection, whom: Iterable[tuple[str, str]], days: Iterable[date]) -> int:
    """Settle days of which nobody knows whether they were sent to these (channel, subscriber), after a restore."""
    days = list(days)
    rows = [(day.isoformat(), *one, _now(), RESTORED) for one in whom for day in days]
    with transaction(con):
        before = con.total_changes
        con.executemany(
            "insert or ignore into deliveries (digest_date, channel, subscriber_id, started_at, reason, content_hash,"
            " status, attempts) values (?, ?, ?, ?, ?, '', 'unknown', 0)",
            rows,
        )
        return con.total_changes - before


def last_days(con: sqlite3.Connection) -> dict[str, str]:
    """By subscriber: the last day (ISO) of which something left for them, or may have."""
    return dict(
        con.execute(
            "select subscriber_id, max(digest_date) from deliveries where status in ('started', 'sent', 'unknown')"
            " group by 1"
        ).fetchall()
    )


def last_left(con: sqlite3.Connection, since: date) -> dict[str, datetime]:
    """By subscriber: when something last left for them, was refused or may have left (UTC), of days from one on."""
    rows = con.execute(
        "select subscriber_id, max(started_at) from deliveries"
        " where digest_date >= ? and status in ('started', 'sent', 'unknown', 'refused') and attempts > 0 group by 1",
        [since.isoformat()],
    )
    return {subscriber_id: datetime.fromisoformat(at) for subscriber_id, at in rows}


def carry(con: sqlite3.Connection, one: Subscriber, day: str) -> None:
    """Note of who came back, or was imported, that neither this day (ISO) nor one before it is to be sent."""
    con.execute(
        "insert or ignore into deliveries (digest_date, channel, subscriber_id, started_at, reason, content_hash,"
        " status, attempts) values (?, ?, ?, ?, ?, '', 'sent', 0)",
        [day, one.channel, one.subscriber_id, _now(), CARRIED],
    )


def doubt(con: sqlite3.Connection) -> int:
    """Settle what waits, when nobody knows what became of it since, after a restore; how many."""
    found = con.execute("update deliveries set status = 'unknown', reason = ? where status = 'waiting'", [RESTORED])
    return found.rowcount


def reopen(con: sqlite3.Connection, day: date, status: Retriable) -> frozenset[str]:
    """Let a day's deliveries of this status be tried again, by an operator's choice; whose they are.

    ``unknown`` takes those of died processes too. Their readers may get the digest twice: nobody knows.
    """
    before = (datetime.now(UTC) - STALE).isoformat(timespec="seconds")
    with transaction(con):
        reopened = con.execute(
            "update deliveries set status = 'waiting', reason = 'to be tried again, by hand'"
            " where digest_date = ? and (status = ? or ? = 'unknown' and status = 'started' and started_at < ?)"
            " returning subscriber_id",
            [day.isoformat(), status, status, before],
        ).fetchall()
        con.executemany(
            "delete from delivered_items where subscriber_id = ? and digest_date = ?",
            [(subscriber_id, day.isoformat()) for (subscriber_id,) in reopened],
        )
    return frozenset(subscriber_id for (subscriber_id,) in reopened)


def tally(con: sqlite3.Connection) -> list[tuple[str, str, str, str | None, int]]:
    """(day, channel, status, reason, how many), newest day first."""
    return con.execute(
        "select digest_date, channel, status, reason, count(*) from deliveries"
        " group by 1, 2, 3, 4 order by 1 desc, 2, 3"
    ).fetchall()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
