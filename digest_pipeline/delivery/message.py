"""A digest as a mail: an HTML part whose styles stand in its elements, and a text part of equal content."""

import hashlib
from email.message import EmailMessage
from email.utils import format_datetime, localtime, parseaddr
from textwrap import shorten

from jinja2 import ChoiceLoader, PackageLoader

from digest_pipeline.models import Digest, Subscriber
from digest_pipeline.publishing.render import long_date, plural, templates
from digest_pipeline.settings import Settings

MOST_SUBJECT = 100  # characters; longer ones are cut by the mail programs, in the middle of a word


def digest_message(
    settings: Settings, subscriber: Subscriber, digest: Digest, unsubscribe_url: str | None
) -> EmailMessage:
    """The mail of one day to one subscriber. The same day to the same subscriber keeps its Message-ID.

    Args:
        settings: title, sender, public address of the site.
        subscriber: whose address it goes to.
        digest: what they get.
        unsubscribe_url: ends the subscription with one click (RFC 8058); ``None`` where there is no public address.
    """
    domain = parseaddr(settings.mail_from)[1].rpartition("@")[2] or "localhost"
    key = hashlib.sha256(f"{digest.digest_date}{subscriber.subscriber_id}".encode()).hexdigest()[:24]
    message = EmailMessage()
    message["Subject"] = shorten(digest.items[0].headline, MOST_SUBJECT, placeholder="…")
    message["From"] = settings.mail_from
    message["To"] = subscriber.address
    message["Date"] = format_datetime(localtime())
    message["Message-ID"] = f"<{digest.digest_date}.{key}@{domain}>"
    message["List-Id"] = f"<five.{domain}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notice comes back
    if unsubscribe_url:
        message["List-Unsubscribe"] = f"<{unsubscribe_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    environment = templates().overlay(loader=ChoiceLoader([PackageLoader("digest_pipeline.delivery")]))
    about = {
        "digest": digest,
        "title": settings.site_title,
        "day": long_date(digest.digest_date),
        "count": plural(len(digest.items), "insight"),
        "site_url": settings.site_url,
        "unsubscribe_url": unsubscribe_url,
    }
    message.set_content(environment.get_template("mail.txt.j2").render(about))
    message.add_alternative(environment.get_template("mail.html.j2").render(about), subtype="html")
    return message
