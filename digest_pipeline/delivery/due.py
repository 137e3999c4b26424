"""What is due to whom, now: days that a subscriber has not got, from their hour on, as one delivery."""

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from digest_pipeline.delivery import ledger
from digest_pipeline.delivery.ledger import Delivery
from digest_pipeline.delivery.personal import PersonalPool, digest_for
from digest_pipeline.models import Digest, Retraction, Subscriber
from digest_pipeline.settings import Settings

Waiting = list[tuple[Subscriber, list[date]]]  # who waits for which days, ascending


def who_waits(
    con: sqlite3.Connection,
    subscribers: Sequence[Subscriber],
    published: Collection[date],
    settings: Settings,
    now: datetime,
    counts: Counter[str],
    *,
    is_by_hand: bool = False,
) -> Waiting:
    """Who waits for which days, now; who waits for none is counted in ``counts``.

    Args:
        con: of the subscribers' file.
        subscribers: the active ones.
        published: days whose digests may be sent.
        settings: time zone, and what becomes of missed days.
        now: aware.
        counts: gets ``not yet`` (before their hour), ``done`` (nothing is open).
        is_by_hand: an operator asks for these days, whatever came after them and whoever subscribed since.
    """
    known, since = ledger.statuses(con, min(published, default=date.max)), _since(con, settings)
    waiting: Waiting = []
    for one in subscribers:
        days, status = sorted(published), known.get(one.subscriber_id, {})
        is_merged = is_by_hand or settings.mail_missed_days == "merge"
        if is_by_hand:
            days = [day for day in days if status.get(day, "waiting") == "waiting"]
        else:
            days = open_days(days, status, since[one.subscriber_id], is_merged=is_merged)
        # The newest may be published before the hour of the one before it has come, every day.
        welcome = [day for day in days if is_welcome(one, day, settings, now)]
        if not days:
            counts["done"] += 1
        elif not welcome:
            counts["not yet"] += 1
        else:
            waiting.append((one, welcome if is_merged else welcome[-1:]))
    return waiting


def due_deliveries(
    con: sqlite3.Connection,
    waiting: Waiting,
    published: Mapping[date, Digest],
    pools: Mapping[date, PersonalPool],
    retractions: Sequence[Retraction],
    settings: Settings,
    counts: Counter[str],
) -> Iterator[Delivery]:
    """The deliveries of who waits.

    Args:
        con: of the subscribers' file.
        waiting: see ``who_waits``.
        published: the digests, by day.
        pools: what personal fives are chosen from, of each day for which somebody waits.
        retractions: what was taken back; who got it is told with what they get next.
        settings: what becomes of empty days.
        counts: gets ``nothing`` (nothing new for them).
    """
    for pool in pools.values():
        pool.reader.learn(one.interests for one, _ in waiting)
    for one, days in waiting:
        if delivery := _delivery(con, one, [published[day] for day in days], pools, retractions, settings):
            yield delivery
        else:
            counts["nothing"] += 1


def open_days(
    published: Sequence[date], status: Mapping[date, str], since: date, *, is_merged: bool = True
) -> list[date]:
    """The days that a subscriber waits for, ascending.

    None before ``since``, and none before one that is settled for them: who got a later digest gets no earlier one, so
    that a backfill sends nothing. But an earlier one that was put off stays open, unless missed days are skipped.
    """
    settled = max((day for day, what in status.items() if what != "waiting"), default=date.min)
    put_off = {day for day, what in status.items() if is_merged and what == "waiting"}
    return [day for day in published if (day >= since and day > settled) or day in put_off]


def is_welcome(subscriber: Subscriber, day: date, settings: Settings, now: datetime) -> bool:
    """A digest of a day is welcome from the subscriber's hour of the day after it."""
    if subscriber.hour is None:
        return True
    local = now.astimezone(ZoneInfo(subscriber.timezone) if subscriber.timezone else settings.zone)
    return local.date() > day + timedelta(days=1) or (local.date() > day and local.hour >= subscriber.hour)


def _delivery(
    con: sqlite3.Connection,
    subscriber: Subscriber,
    commons: Sequence[Digest],
    pools: Mapping[date, PersonalPool],
    retractions: Sequence[Retraction],
    settings: Settings,
) -> Delivery | None:
    """What a subscriber gets of these days, ascending: their own five of each; ``None`` when that is nothing."""
    already = ledger.delivered_claims(con, subscriber.subscriber_id)
    corrections = tuple(
        one for one in retractions if one.claim_id in already and ledger.correction_of(one) not in already
    )
    digests: list[Digest] = []
    for common in commons:
        own = digest_for(subscriber, common, pools[common.digest_date], already)
        already |= {item.claim_id for item in own.items}
        digests.insert(0, own)
    empty = {common.digest_date for common in commons if not common.items} if settings.mail_empty_days else set()
    told = tuple(digest for digest in digests if digest.items or digest.digest_date in empty)
    return Delivery(subscriber, told, corrections) if told else None


def _since(con: sqlite3.Connection, settings: Settings) -> dict[str, date]:
    """By subscriber: the first day whose digest they get, the one that was the latest when they confirmed."""
    rows = con.execute("select subscriber_id, coalesce(confirmed_at, subscribed_at) from subscribers").fetchall()
    return {
        subscriber_id: datetime.fromisoformat(at).replace(tzinfo=UTC).astimezone(settings.zone).date()
        - timedelta(days=1)
        for subscriber_id, at in rows
    }
