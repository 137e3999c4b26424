"""Published digests go out: to whom they are due, by their channel, once, each outcome kept in the ledger."""

from collections import Counter
from collections.abc import Collection
from datetime import date, datetime, timedelta

import duckdb

from digest_pipeline.delivery import ledger
from digest_pipeline.delivery.addresses import MAIL, NOTIFY
from digest_pipeline.delivery.channels.mail import MailSender
from digest_pipeline.delivery.channels.notify import NotifySender
from digest_pipeline.delivery.database import open_delivery, secret_of
from digest_pipeline.delivery.dispatch import OpenSender, dispatch
from digest_pipeline.delivery.due import due_deliveries, read_together, who_waits
from digest_pipeline.delivery.hours import WEEK
from digest_pipeline.delivery.links import SignedLinks
from digest_pipeline.delivery.pool import load_pool
from digest_pipeline.delivery.subscribers import SubscriberBook
from digest_pipeline.errors import DigestError
from digest_pipeline.home_lock import in_use
from digest_pipeline.models import Digest
from digest_pipeline.publishing.store import published_days, published_digests, retractions
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse.choice import looking


def deliver(
    settings: Settings,
    now: datetime,
    *,
    day: date | None = None,
    even_if_old: bool = False,
    only: Collection[str] | None = None,
) -> Counter[str]:
    """Send what is due to every active subscriber.

    Args:
        settings: servers, and ``mail_days_back``: an older day is not sent, so that a backfill sends nothing.
        now: aware.
        day: only this one, also to who got a later one; otherwise every day that a subscriber waits for, at once.
        even_if_old: send ``day`` whatever its age.
        only: ids of subscribers; everybody by default.

    Returns:
        how many deliveries were ``sent``, ``waiting``, ``refused``, ``unknown``, ``done`` before, ``not yet`` due, had
        ``nothing`` (new) for their reader, have ``no server``, or are held because their address is ``bouncing``.

    Raises:
        DigestError: ``day`` is not published, too old or empty, or the mail server cannot be used. Who was served
            before that stays served.
    """
    counts: Counter[str] = Counter()
    oldest = now.astimezone(settings.zone).date() - timedelta(days=settings.mail_days_back)
    with in_use(settings.home), open_delivery(settings.subscribers) as con:
        if day is None:
            ledger.give_up(con, oldest)
        SubscriberBook(con).erase_unconfirmed(now)
        subscribers = [one for one in SubscriberBook(con).active() if only is None or one.subscriber_id in only]
        bouncing = ledger.bouncing(con, settings.mail_bounces)
        counts["bouncing"] = sum(one.subscriber_id in bouncing for one in subscribers)
        subscribers = [one for one in subscribers if one.subscriber_id not in bouncing]
        if not settings.smtp_host:
            counts["no server"] = sum(one.channel == MAIL for one in subscribers)
            subscribers = [one for one in subscribers if one.channel != MAIL]
        if not subscribers:
            return +counts
        with looking(settings) as tables:
            reach = oldest - WEEK if any(one.gets_weeks for one in subscribers) and day is None else oldest
            digests = _may_be_sent(tables, settings, day, date.min if even_if_old else reach)
            waiting = who_waits(con, subscribers, digests, settings, now, counts, oldest, is_by_hand=day is not None)
            awaited = sorted({together for one, days in waiting for together in read_together(one, days)})
            retracted = retractions(tables)
            pools = {days: load_pool(tables, [digests[one] for one in days], settings) for days in awaited}
        due = list(due_deliveries(con, waiting, digests, pools, retracted, settings, counts))
        links = SignedLinks(secret_of(con, "links"), settings.site_url)
        senders: dict[str, OpenSender] = {
            NOTIFY: lambda: NotifySender(settings),
            MAIL: lambda: MailSender(settings, links),
        }
        for channel, open_sender in senders.items():
            if own := [delivery for delivery in due if delivery.subscriber.channel == channel]:
                counts.update(dispatch(settings, own, open_sender))
    return +counts


def _may_be_sent(
    tables: duckdb.DuckDBPyConnection, settings: Settings, day: date | None, oldest: date
) -> dict[date, Digest]:
    """Published digests that are young enough; without empty ones, unless they are to be sent."""
    days = published_days(tables)
    if day and day not in days:
        raise DigestError(f"no digest of {day} is published", remedy="`digest run` publishes one")
    if day and day < oldest:
        raise DigestError(f"the digest of {day} is older than {oldest}", remedy="--old sends it all the same")
    wanted = [day] if day else [published for published in days if published >= oldest]
    digests = published_digests(tables, wanted)
    full = {d: digest for d, digest in digests.items() if digest.items or settings.mail_empty_days}
    if day and not full:
        raise DigestError(f"the digest of {day} has no insight", remedy="set mail_empty_days to send such days too")
    return full
