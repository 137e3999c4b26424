"""The mail that asks for confirmation, and how it is sent: one message at once, so that a person does not wait."""

from email.message import EmailMessage
from email.utils import format_datetime, localtime, make_msgid, parseaddr

from digest_pipeline.delivery.channels.smtp import WIRE, mail_server
from digest_pipeline.delivery.links import CONFIRM_DAYS
from digest_pipeline.delivery.web.optin import Asker
from digest_pipeline.models import Subscriber
from digest_pipeline.settings import Settings

TEXT = """\
Somebody, most likely you, asked to get “{title}” at this address: at most one mail a {often}, and none when there
is nothing worth it.

To confirm, open this page and press its button, within {days} days:

{url}

If it was not you, do nothing. Your address is then forgotten.
"""


def confirmation_message(settings: Settings, subscriber: Subscriber, url: str) -> EmailMessage:
    """What the owner of an address is asked."""
    message = EmailMessage(policy=WIRE)
    message["Subject"] = f"Confirm: {settings.site_title}"
    message["From"] = settings.mail_from
    message["To"] = subscriber.address
    message["Date"] = format_datetime(localtime())
    message["Message-ID"] = make_msgid(domain=parseaddr(settings.mail_from)[1].rpartition("@")[2] or None)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notice comes back
    often = "week" if subscriber.gets_weeks else "day"
    message.set_content(TEXT.format(title=settings.site_title, often=often, days=CONFIRM_DAYS, url=url))
    return message


def mail_asker(settings: Settings) -> Asker | None:
    """Asks by mail; ``None`` where no mail server, or no address for the link, is set.

    The asker raises ``smtplib.SMTPException`` or ``OSError`` when the message was not accepted.
    """
    if not settings.smtp_host or not settings.site_url:
        return None

    def ask(subscriber: Subscriber, url: str) -> None:
        with mail_server(settings) as server:
            server.send_message(confirmation_message(settings, subscriber, url))

    return ask
