"""What is due to whom, now: days that a subscriber has not got, from their hour on, as one delivery."""

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from digest_pipeline.delivery import ledger
from digest_pipeline.delivery.hours import WEEK, is_welcome
from digest_pipeline.delivery.ledger import Delivery
from digest_pipeline.delivery.personal import digest_for, week_for
from digest_pipeline.delivery.pool import PersonalPool
from digest_pipeline.models import Digest, Retraction, Subscriber
from digest_pipeline.settings import Settings

MOST_CORRECTIONS = 20  # in one mail, the latest days' first: a whole feed's would be longer than all else
Waiting = list[tuple[Subscriber, list[date]]]  # who waits for which days, ascending
Pools = Mapping[tuple[date, ...], PersonalPool]  # by the days whose insights are chosen from together


def who_waits(
    con: sqlite3.Connection,
    subscribers: Sequence[Subscriber],
    published: Collection[date],
    settings: Settings,
    now: datetime,
    counts: Counter[str],
    oldest: date,
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
        counts: gets ``not yet`` (before their hour or weekday), ``done`` (nothing is open).
        oldest: no earlier day is sent, but to who gets a week's at once: to them, none more than a week earlier.
        is_by_hand: an operator asks for these days, whatever came after them and whoever subscribed since. What a
            week still brings is left to it: alone it would settle the days before it.
    """
    known, since = ledger.statuses(con, min(published, default=date.max)), _since(con, settings)
    last_left = ledger.last_left(con, oldest - 2 * WEEK)  # no mail of this week is of earlier days
    waiting: Waiting = []
    for one in subscribers:
        days, status = sorted(published), known.get(one.subscriber_id, {})
        is_merged = is_by_hand or one.gets_weeks or settings.mail_missed_days == "merge"
        young = [day for day in days if day >= (oldest - WEEK if one.gets_weeks else oldest)]
        due = open_days(young, status, since[one.subscriber_id], is_merged=is_merged)
        coming: set[date] = set()
        if is_by_hand:
            days, left = [day for day in days if status.get(day, "waiting") == "waiting"], None
            coming = {day for day in due if one.gets_weeks and day not in status}
        else:
            days, left = due, last_left.get(one.subscriber_id)
        # The newest may be published before the hour of the one before it has come, every day.
        welcome = [day for day in days if day not in coming and is_welcome(one, day, settings, now, left)]
        if not days:
            counts["done"] += 1
        elif not welcome:
            counts["not yet"] += 1
        else:
            waiting.append((one, welcome if is_merged else welcome[-1:]))
    return waiting


def read_together(one: Subscriber, days: Sequence[date]) -> list[tuple[date, ...]]:
    """Of the days that a subscriber waits for, those from whose insights together theirs are chosen."""
    return [tuple(days)] if one.gets_weeks else [(day,) for day in days]


def due_deliveries(
    con: sqlite3.Connection,
    waiting: Waiting,
    published: Mapping[date, Digest],
    pools: Pools,
    retractions: Sequence[Retraction],
    settings: Settings,
    counts: Counter[str],
) -> Iterator[Delivery]:
    """The deliveries of who waits.

    Args:
        con: of the subscribers' file.
        waiting: see ``who_waits``.
        published: the digests, by day.
        pools: what personal fives are chosen from, of all that is ``read_together``.
        retractions: what was taken back, in the order of days; who got it is told with what they get next.
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


def _delivery(
    con: sqlite3.Connection,
    subscriber: Subscriber,
    commons: Sequence[Digest],
    pools: Pools,
    retractions: Sequence[Retraction],
    settings: Settings,
) -> Delivery | None:
    """What a subscriber gets of these days, ascending: their own five of each, or of all; ``None`` if that is nothing.

    A week without any insight is nothing, whatever is to be told of empty days.
    """
    already = ledger.delivered_claims(con, subscriber.subscriber_id)
    untold = [one for one in retractions if one.claim_id in already and ledger.correction_of(one) not in already]
    corrections = tuple(untold[-MOST_CORRECTIONS:])
    if subscriber.gets_weeks:
        days = tuple(common.digest_date for common in commons)
        week = week_for(subscriber, commons, pools[days], already)
        chosen = {item.claim_id for digest in week for item in digest.items}
        others = {item.claim_id for common in commons for item in common.items} - chosen - already
        return Delivery(subscriber, week[::-1], corrections, len(others)) if chosen else None
    digests: list[Digest] = []
    for common in commons:
        own = digest_for(subscriber, common, pools[(common.digest_date,)], already)
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
