"""A digest as a mail: an HTML part whose styles stand in its elements, and a text part of equal content."""

from collections.abc import Iterable
from dataclasses import replace
from email.message import EmailMessage
from email.utils import format_datetime, localtime, parseaddr
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from jinja2 import ChoiceLoader, Environment, PackageLoader

from digest_pipeline.delivery.channels.smtp import WIRE
from digest_pipeline.delivery.ledger import Delivery
from digest_pipeline.delivery.links import SignedLinks
from digest_pipeline.models import Digest, DigestItem
from digest_pipeline.publishing.render import templates
from digest_pipeline.settings import Settings

MOST_SUBJECT = 100  # characters; longer ones are cut by the mail programs, in the middle of a word
MOST_BYTES = 100_000  # Gmail hides what is beyond 102 kB
# How much of each text, and how long an address, so that a mail stays under that: tried one after the other.
CUTS = ((4000, 2000), (1200, 1000), (500, 500), (200, 200), (80, 0))
TEXTS = ("headline", "explanation", "quote", "speaker", "show", "episode", "why")
MOST_ITEMS = 20  # of several days; a day has no more than that
DIRECTION_MARKS = dict.fromkeys(map(ord, "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"))


def digest_message(settings: Settings, delivery: Delivery, links: SignedLinks | None) -> EmailMessage:
    """The mail of a day, of several missed days or of a week to one subscriber; under 100 kB.

    Args:
        settings: title, sender, public address of the site.
        delivery: to whom, and what; equal ones have the same Message-ID.
        links: lead the subscriber to their wishes and votes, and out with one click (RFC 8058).
    """
    subscriber_id = delivery.subscriber.subscriber_id
    unsubscribe_url = links.unsubscribe_url(subscriber_id) if links else None
    wishes_url = links.wishes_url(subscriber_id) if links else None
    most = MOST_ITEMS if delivery.is_week else MOST_ITEMS // len(delivery.digests)
    digests = tuple(_best(digest, most) for digest in delivery.digests)
    for most_text, most_address in CUTS:
        message = _headers(settings, delivery, unsubscribe_url)
        cut = tuple(_cut(digest, most_text, most_address) for digest in digests)
        about = {
            "digests": cut,
            "week": replace(delivery, digests=cut).ranked if delivery.is_week else None,
            "title": settings.site_title,
            "count": sum(len(digest.items) for digest in cut),
            "corrections": delivery.corrections,
            "left_out": delivery.others + sum(len(d.items) for d in delivery.digests) - sum(len(d.items) for d in cut),
            "more_url": _more_url(settings, delivery),
            "site_url": settings.site_url,
            "wishes_url": wishes_url,
            "wish_urls": _wish_urls(wishes_url, digests, most_address),
            "vote_urls": _vote_urls(links, subscriber_id, digests),
            "unsubscribe_url": unsubscribe_url,
            "postal_address": settings.mail_postal_address,
        }
        message.set_content(_templates().get_template("mail.txt.j2").render(about).translate(DIRECTION_MARKS))
        message.add_alternative(_templates().get_template("mail.html.j2").render(about), subtype="html")
        if len(message.as_bytes()) < MOST_BYTES:
            break
    return message


def _headers(settings: Settings, delivery: Delivery, unsubscribe_url: str | None) -> EmailMessage:
    message = EmailMessage(policy=WIRE)
    message["Subject"] = _subject(settings, delivery)
    message["From"] = settings.mail_from
    message["To"] = delivery.subscriber.address
    if settings.mail_reply_to:
        message["Reply-To"] = settings.mail_reply_to
    message["Date"] = format_datetime(localtime())
    message["Message-ID"] = f"<{delivery.key}@{_domain(settings)}>"
    message["List-Id"] = f"<five.{_domain(settings)}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notice comes back
    if unsubscribe_url:
        message["List-Unsubscribe"] = f"<{unsubscribe_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return message


def _subject(settings: Settings, delivery: Delivery) -> str:
    headlines = [item.headline for _, item in delivery.ranked]
    text = "".join(c for c in (headlines or [settings.site_title])[0] if c.isprintable() or c.isspace())
    text = " ".join(text.translate(DIRECTION_MARKS).split())
    if len(text) > MOST_SUBJECT:
        cut = text[: MOST_SUBJECT - 1]
        space = cut.rfind(" ")
        cut = cut[:space] if space > MOST_SUBJECT // 2 else cut  # not every script has spaces
        text = f"{cut.rstrip(' ,;:–—-')}…"
    return text or settings.site_title


def _domain(settings: Settings) -> str:
    return parseaddr(settings.mail_from)[1].rpartition("@")[2] or "localhost"


def _more_url(settings: Settings, delivery: Delivery) -> str:
    """Where the insights are that a mail leaves out; empty for a personal choice, of which not all have a page."""
    if not settings.site_url or delivery.subscriber.has_own_taste:
        return ""
    return settings.site_url + ("archive.html" if len(delivery.digests) > 1 else f"days/{delivery.days[0]}.html")


def _wish_urls(wishes_url: str | None, digests: Iterable[Digest], most: int) -> dict[str, str]:
    """By claim: where its reader says more or less of its show and theme, by their whole names; none that is longer."""
    asked = {
        item.claim_id: f"{wishes_url}&{urlencode({'show': item.show, 'theme': item.theme_id or ''})}"
        for digest in digests
        for item in digest.items
        if wishes_url
    }
    return {claim_id: url for claim_id, url in asked.items() if len(url) <= most}


def _vote_urls(links: SignedLinks | None, subscriber_id: str, digests: Iterable[Digest]) -> dict[str, str]:
    """By claim: where its reader says whether it was worth their time."""
    ids = [item.claim_id for digest in digests for item in digest.items]
    found = {claim_id: links.vote_url(subscriber_id, claim_id) if links else None for claim_id in ids}
    return {claim_id: url for claim_id, url in found.items() if url}


def _best(digest: Digest, most: int) -> Digest:
    return replace(digest, items=digest.items[: max(1, most)])


def _cut(digest: Digest, most_text: int, most_address: int) -> Digest:
    return replace(digest, items=tuple(_cut_item(item, most_text, most_address) for item in digest.items))


def _cut_item(item: DigestItem, most_text: int, most_address: int) -> DigestItem:
    """An insight whose texts and addresses are no longer than that; a longer address would be broken by cutting."""
    changes: dict[str, Any] = {}
    for name in TEXTS:
        text = getattr(item, name)
        if text and len(text) > most_text:
            changes[name] = f"{text[: most_text - 1]}…"
    for name in ("audio_url", "link"):
        if len(getattr(item, name) or "") > most_address:
            changes[name] = None
    return replace(item, **changes)


@lru_cache(maxsize=1)
def _templates() -> Environment:
    return templates().overlay(loader=ChoiceLoader([PackageLoader("digest_pipeline.delivery")]))
