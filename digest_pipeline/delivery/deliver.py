"""A published digest goes out: to whom it is due, by their channel, once, each outcome kept in the ledger."""

import smtplib
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from digest_pipeline.delivery import ledger
from digest_pipeline.delivery.addresses import NOTIFY
from digest_pipeline.delivery.database import open_delivery, secret_of
from digest_pipeline.delivery.links import SignedLinks
from digest_pipeline.delivery.message import digest_message
from digest_pipeline.delivery.notify import notify
from digest_pipeline.delivery.personal import PersonalPool, digest_for, load_pool
from digest_pipeline.delivery.smtp import mail_server, send
from digest_pipeline.delivery.subscribers import SubscriberBook
from digest_pipeline.errors import DigestError
from digest_pipeline.models import Digest, Subscriber
from digest_pipeline.publishing.render import content_hash
from digest_pipeline.publishing.store import published_digest
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse.connection import open_for_reading


def deliver(settings: Settings, day: date, now: datetime, *, even_if_old: bool = False) -> Counter[str]:
    """Send a day's digest to every active subscriber whose hour has come and who did not get it.

    Args:
        settings: the mail server, and ``mail_days_back``: an older day is not sent, so that a backfill sends nothing.
        day: of a published digest; while a run holds the warehouse its last snapshot is read.
        now: aware.
        even_if_old: send it whatever its age.

    Returns:
        how many were ``sent``, ``waiting``, ``refused``, ``unknown``, are ``not yet`` due or ``done`` before, and got
        ``nothing`` because there is nothing (new) for them.

    Raises:
        DigestError: the day is not published or too old; or somebody is due by mail, and no mail server is set or it
            cannot be used. Who was served before that stays served.
    """
    age = (now.astimezone(settings.zone).date() - day).days
    if age > settings.mail_days_back and not even_if_old:
        raise DigestError(f"the digest of {day} is {age} days old", remedy="--old sends it all the same")
    counts: Counter[str] = Counter()
    with open_delivery(settings.subscribers) as con, ExitStack() as connections:
        due = _due(con, settings, day, now, counts)
        if not due:
            return counts
        common, pool = _read(settings, day)
        pool.reader.learn(subscriber.interests for subscriber in due)
        links = SignedLinks(secret_of(con, "links"), settings.site_url)
        server: smtplib.SMTP | None = None
        for subscriber in due:
            digest = digest_for(subscriber, common, pool, ledger.delivered_before(con, subscriber.subscriber_id, day))
            if not digest.items:
                counts["nothing"] += 1
                continue
            if subscriber.channel == NOTIFY:
                send_it, message_id = partial(notify, settings, subscriber.address, digest), None
            else:
                server = server or _connect(connections, settings)
                message = digest_message(settings, subscriber, digest, links.unsubscribe_url(subscriber.subscriber_id))
                send_it, message_id = partial(send, server, message), message["Message-ID"]
            outcome = _deliver_one(con, subscriber, digest, send_it, message_id)
            counts[outcome.status if outcome else "done"] += 1
            if outcome and outcome.is_broken:
                connections.close()
                server = None
    return counts


def _due(
    con: sqlite3.Connection, settings: Settings, day: date, now: datetime, counts: Counter[str]
) -> list[Subscriber]:
    """Who is to get a day's digest now; counts the others."""
    settled, due = ledger.settled(con, day), []
    for subscriber in SubscriberBook(con).active():
        if subscriber.subscriber_id in settled:
            counts["done"] += 1
        elif not _is_due(subscriber, settings, day, now):
            counts["not yet"] += 1
        else:
            due.append(subscriber)
    return due


def _read(settings: Settings, day: date) -> tuple[Digest, PersonalPool]:
    with open_for_reading(settings.database, settings.snapshot) as con:
        common = published_digest(con, day)
        if common is None:
            raise DigestError(f"no digest of {day} is published", remedy="`digest run` publishes one")
        return common, load_pool(con, common, settings)


def _connect(connections: ExitStack, settings: Settings) -> smtplib.SMTP:
    if not settings.smtp_host:
        raise DigestError("there is no mail server", remedy="set smtp_host and mail_from")
    try:
        return connections.enter_context(mail_server(settings))
    except (smtplib.SMTPException, OSError) as error:
        raise DigestError(
            f"the mail server {settings.smtp_host} cannot be used: {type(error).__name__}",
            remedy="check the smtp settings and the login, then run `digest deliver` again",
        ) from None


def _deliver_one(
    con: sqlite3.Connection,
    subscriber: Subscriber,
    digest: Digest,
    send_it: Callable[[], ledger.Outcome],
    message_id: str | None,
) -> ledger.Outcome | None:
    """What became of it; ``None`` when it is not to be sent (again)."""
    one, channel, day = subscriber.subscriber_id, subscriber.channel, digest.digest_date
    is_ours = ledger.claim(
        con, day, channel, one, content_hash=content_hash(digest), message_id=message_id,
        claim_ids=[item.claim_id for item in digest.items],
    )  # fmt: skip
    if not is_ours:
        return None
    outcome = send_it()
    ledger.finish(con, day, channel, one, outcome)
    return outcome


def _is_due(subscriber: Subscriber, settings: Settings, day: date, now: datetime) -> bool:
    """A digest of a day is due from the subscriber's hour of the day after it."""
    if subscriber.hour is None:
        return True
    local = now.astimezone(ZoneInfo(subscriber.timezone) if subscriber.timezone else settings.zone)
    return local.date() > day + timedelta(days=1) or (local.date() > day and local.hour >= subscriber.hour)
