"""The book of subscribers: who gets the digest, how and with what wishes; who left and must not be written to."""

import hashlib
import hmac
import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import available_timezones

from digest_pipeline.delivery import ledger
from digest_pipeline.delivery.addresses import MAIL, normal_address
from digest_pipeline.delivery.database import secret_of
from digest_pipeline.delivery.links import CONFIRM_DAYS
from digest_pipeline.errors import SubscriberError
from digest_pipeline.models import Subscriber
from digest_pipeline.sqlite import transaction

MOST_INTERESTS = 1000  # characters
ACTIVE, PENDING = "active", "pending"
COLUMNS = "subscriber_id, channel, address, status, timezone, hour, weekday, interests"
PREFERENCES = (
    ("followed_shows", "show", 1),
    ("muted_shows", "show", 0),
    ("followed_themes", "theme", 1),
    ("muted_themes", "theme", 0),
)

_timezones = cache(available_timezones)  # it reads a folder of hundreds of files: too much for each row of an import


def new_id() -> str:
    """A random id: nothing of the person can be read from it."""
    return f"su_{secrets.token_hex(8)}"


class SubscriberBook:
    """Subscribers over a connection of ``open_delivery``.

    Example:
        >>> from pathlib import Path; from tempfile import mkdtemp
        >>> from digest_pipeline.delivery.database import open_delivery
        >>> with open_delivery(Path(mkdtemp()) / "subscribers.sqlite") as con:
        ...     book = SubscriberBook(con)
        ...     ann = book.save(Subscriber(new_id(), "mail", "ann@example.org", is_active=True, interests="tea"))
        ...     print([s.interests for s in book.active()], book.find("mail", "Ann@Example.org") == ann)
        ...     book.erase(ann.subscriber_id, suppress=True)
        ...     print(book.active(), book.is_suppressed("mail", "ann@example.org"))
        ['tea'] True
        [] True
    """

    def __init__(self, con: sqlite3.Connection) -> None:
        self._con = con
        self._key = secret_of(con, "suppressions")

    def save(self, wanted: Subscriber) -> Subscriber:
        """Add a subscriber, or give one whose address is known these wishes; returns what is stored.

        A known subscriber keeps the id, and stays active. Every call of a pending one starts its time to confirm anew.

        Raises:
            SubscriberError: the address, time zone, hour or interests cannot be, or the owner of the address
                unsubscribed and ``wanted`` is active without asking.
        """
        address = normal_address(wanted.channel, wanted.address)
        _check(wanted)
        with transaction(self._con):
            known = self.find(wanted.channel, address)
            if wanted.is_active and known is None and self.is_suppressed(wanted.channel, address):
                raise SubscriberError(
                    "this address has unsubscribed", remedy="only its owner can undo that, by confirming a new request"
                )
            subscriber_id = known.subscriber_id if known else wanted.subscriber_id
            is_active = wanted.is_active or bool(known and known.is_active)
            self._write(replace(wanted, subscriber_id=subscriber_id, address=address, is_active=is_active))
        return self.get(subscriber_id)

    def change(self, subscriber_id: str, wanted: Callable[[Subscriber], Subscriber]) -> Subscriber:
        """Give a subscriber other wishes, those that ``wanted`` makes of the present ones; returns what is stored.

        Raises:
            SubscriberError: there is no such subscriber, or no more; or the wishes cannot be.
        """
        with transaction(self._con):  # who leaves at this moment has left: nothing of them is written again
            changed = wanted(self.get(subscriber_id))
            _check(changed)
            self._write(changed)
        return self.get(subscriber_id)

    def _write(self, subscriber: Subscriber) -> None:
        now = _now()
        self._con.execute(
            f"insert into subscribers ({COLUMNS}, subscribed_at, confirmed_at)"  # noqa: S608 - our own text
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " on conflict (subscriber_id) do update set status = excluded.status, timezone = excluded.timezone,"
            " hour = excluded.hour, interests = excluded.interests, weekday = excluded.weekday,"
            " subscribed_at = excluded.subscribed_at, confirmed_at = coalesce(confirmed_at, excluded.confirmed_at)",
            [
                subscriber.subscriber_id, subscriber.channel, subscriber.address,
                ACTIVE if subscriber.is_active else PENDING, subscriber.timezone, subscriber.hour, subscriber.weekday,
                subscriber.interests.strip(), now, now if subscriber.is_active else None,
            ],
        )  # fmt: skip
        self._con.execute("delete from preferences where subscriber_id = ?", [subscriber.subscriber_id])
        for name, kind, is_followed in PREFERENCES:
            self._con.executemany(
                "insert into preferences values (?, ?, ?, ?)"
                " on conflict do update set is_followed = min(is_followed, excluded.is_followed)",
                [(subscriber.subscriber_id, kind, one, is_followed) for one in sorted(getattr(subscriber, name))],
            )

    def confirm(self, subscriber_id: str) -> Subscriber:
        """The owner of the address said yes: active from now on, whatever they said before. Again changes nothing.

        Who left and comes back is not sent the digests that they had before.

        Raises:
            SubscriberError: there is no such subscriber, or no more.
        """
        with transaction(self._con):
            subscriber = self.get(subscriber_id)
            self._con.execute(
                "update subscribers set status = ?, confirmed_at = coalesce(confirmed_at, ?) where subscriber_id = ?",
                [ACTIVE, _now(), subscriber_id],
            )
            left = self._con.execute(
                "delete from suppressions where address_hash = ? returning last_day",
                [self._hash(subscriber.channel, subscriber.address)],
            ).fetchone()
            if left and left[0]:
                self.start_after(subscriber, left[0])
        return self.get(subscriber_id)

    def all(self) -> list[Subscriber]:
        """Every subscriber, pending ones too, in the order in which they came."""
        return self._read("true order by subscribed_at, subscriber_id")

    def active(self) -> list[Subscriber]:
        """Who gets the digest."""
        return self._read("status = ? order by subscribed_at, subscriber_id", ACTIVE)

    def get(self, subscriber_id: str) -> Subscriber:
        """One subscriber.

        Raises:
            SubscriberError: there is none of this id.
        """
        found = self._read("subscriber_id = ?", subscriber_id)
        if not found:
            raise SubscriberError(f"there is no subscriber {subscriber_id}", remedy="`digest subscribers list`")
        return found[0]

    def has(self, subscriber_id: str) -> bool:
        """Whether there is a subscriber of this id."""
        return bool(self._read("subscriber_id = ?", subscriber_id))

    def find(self, channel: str, address: str) -> Subscriber | None:
        """The subscriber of an address, if there is one."""
        # One person has one mail address however it is spelt; a notification address holds a token in its own case.
        same = "channel = ? and address = ? collate nocase" if channel == MAIL else "channel = ? and address = ?"
        found = self._read(same, channel, _as_kept(channel, address))
        return found[0] if found else None

    def last_days(self) -> dict[str, str]:
        """By id: the day (ISO) of the last digest that somebody got, or may have got."""
        return ledger.last_days(self._con)

    def start_after(self, subscriber: Subscriber, day: str) -> None:
        """Send this subscriber no digest of ``day`` (ISO) and before: the address got them."""
        ledger.carry(self._con, subscriber, day)

    def asked_at(self, subscriber_id: str) -> datetime:
        """When a pending subscriber was last asked to confirm (UTC)."""
        row = self._con.execute("select subscribed_at from subscribers where subscriber_id = ?", [subscriber_id])
        return datetime.fromisoformat(row.fetchone()[0])

    def may_be_asked_again(self, subscriber_id: str, after: timedelta) -> None:
        """A pending subscriber counts as asked so long ago: the mail that asks most likely did not arrive."""
        self._con.execute(
            "update subscribers set subscribed_at = ? where subscriber_id = ? and status = ?",
            [(datetime.now(UTC).replace(tzinfo=None) - after).isoformat(), subscriber_id, PENDING],
        )

    def is_suppressed(self, channel: str, address: str) -> bool:
        """Whether the owner of an address left."""
        row = self._con.execute("select 1 from suppressions where address_hash = ?", [self._hash(channel, address)])
        return row.fetchone() is not None

    def erase(self, subscriber_id: str, *, suppress: bool) -> None:
        """Forget a subscriber: afterwards the file holds no byte of the address, unless another process reads just now.

        What remains is the random id in the ledger of deliveries and, with ``suppress``, a keyed hash that stops the
        address from being imported again.

        Raises:
            SubscriberError: there is none of this id.
        """
        with transaction(self._con):
            subscriber = self.get(subscriber_id)
            if suppress:
                self._con.execute(
                    "insert or replace into suppressions values (?, ?, ?)",
                    [
                        self._hash(subscriber.channel, subscriber.address), _now(),
                        self.last_days().get(subscriber_id),
                    ],
                )  # fmt: skip
            self._con.execute("delete from subscribers where subscriber_id = ?", [subscriber_id])
            self._con.execute("delete from delivered_items where subscriber_id = ?", [subscriber_id])
        self._forget_pages()

    def erase_unconfirmed(self, now: datetime) -> int:
        """Forget addresses that somebody typed in and nobody confirmed while the link was good; how many.

        Args:
            now: aware.
        """
        asked_before = now.astimezone(UTC).replace(tzinfo=None) - timedelta(days=CONFIRM_DAYS)
        with transaction(self._con):  # one statement: somebody may confirm, or another process erase, at this moment
            erased = self._con.execute(
                "delete from subscribers where status = ? and subscribed_at < ?", [PENDING, asked_before.isoformat()]
            ).rowcount
        if erased:
            self._forget_pages()
        return erased

    def _forget_pages(self) -> None:
        self._con.execute("pragma wal_checkpoint(truncate)")  # the log holds the pages as they were before

    def _read(self, where: str, *values: str) -> list[Subscriber]:
        rows = self._con.execute(f"select {COLUMNS} from subscribers where {where}", values).fetchall()  # noqa: S608 - our own text
        subjects: dict[tuple[str, str, int], set[str]] = {}
        for subscriber_id, kind, subject, is_followed in self._con.execute(
            f"select * from preferences where subscriber_id in (select subscriber_id from subscribers where {where})",  # noqa: S608 - our own text
            values,
        ):
            subjects.setdefault((subscriber_id, kind, is_followed), set()).add(subject)
        return [
            Subscriber(
                subscriber_id, channel, address, status == ACTIVE, timezone, hour, weekday, interests,
                *(frozenset(subjects.get((subscriber_id, kind, sign), ())) for _, kind, sign in PREFERENCES),
            )
            for subscriber_id, channel, address, status, timezone, hour, weekday, interests in rows
        ]  # fmt: skip

    def _hash(self, channel: str, address: str) -> str:
        spelt = _as_kept(channel, address)
        spelt = spelt.lower() if channel == MAIL else spelt
        return hmac.new(self._key, f"{channel}\x1f{spelt}".encode(), hashlib.sha256).hexdigest()


def _as_kept(channel: str, address: str) -> str:
    """The spelling under which an address would be kept; what is no address stays as it is."""
    try:
        return normal_address(channel, address)
    except SubscriberError:
        return address.strip()


def _check(wanted: Subscriber) -> None:
    if wanted.timezone is not None and wanted.timezone not in _timezones():
        raise SubscriberError("there is no such time zone", remedy="IANA names, such as Europe/Berlin")
    if wanted.hour is not None and not 0 <= wanted.hour <= 23:
        raise SubscriberError("there is no such hour", remedy="a whole number from 0 to 23")
    if wanted.weekday is not None and not 0 <= wanted.weekday <= 6:
        raise SubscriberError("there is no such weekday", remedy="a whole number from 0, Monday, to 6")
    if len(wanted.interests) > MOST_INTERESTS:
        raise SubscriberError("the interests are too long", remedy=f"at most {MOST_INTERESTS} characters")


def _now() -> str:
    return datetime.now(UTC).replace(tzinfo=None).isoformat()
