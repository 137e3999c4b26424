"""Double opt-in: who types an address in is asked at that address, and only its owner's answer counts."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Lock

from digest_pipeline.delivery import ledger
from digest_pipeline.delivery.addresses import MAIL
from digest_pipeline.delivery.database import open_delivery, secret_of
from digest_pipeline.delivery.links import SignedLinks
from digest_pipeline.delivery.subscribers import SubscriberBook, new_id
from digest_pipeline.errors import DigestError
from digest_pipeline.models import Subscriber
from digest_pipeline.settings import Settings

logger = logging.getLogger(__name__)

# Sends the mail that asks a subscriber to open a link. Raises a DigestError or an OSError when it was not sent.
Asker = Callable[[Subscriber, str], None]
ASK_AGAIN_AFTER = timedelta(minutes=10)
ONE_AT_A_TIME = Lock()  # of two requests for one address that come together the second finds the first


def request_subscription(
    settings: Settings, ask: Asker, address: str, interests: str, weekday: int | None = None
) -> None:
    """Ask at an address for its owner's consent, unless it is subscribed or was asked just now.

    What a stranger types in changes nothing for a person who is subscribed, except that an address which is held since
    it bounced is tried again. Nothing is returned or raised: the caller must not be able to tell whether an address is
    known. When a mail cannot be sent, that is logged, without its address, and it can be asked for again at once; it
    may have arrived all the same, so its link stays good.
    """
    now = datetime.now(UTC).replace(tzinfo=None)
    with open_delivery(settings.subscribers) as con:
        book = SubscriberBook(con)
        book.erase_unconfirmed(datetime.now(UTC))
        with ONE_AT_A_TIME:
            known = book.find(MAIL, address)
            is_held = known is not None and known.subscriber_id in ledger.bouncing(con, settings.mail_bounces)
            is_asked = known is not None and now - book.asked_at(known.subscriber_id) < ASK_AGAIN_AFTER
            if known and not is_held and (known.is_active or is_asked):
                return
            wanted = known or Subscriber(new_id(), MAIL, address)
            pending = book.save(wanted if wanted.is_active else replace(wanted, interests=interests, weekday=weekday))
        try:
            ask_to_confirm(SignedLinks(secret_of(con, "links"), settings.site_url), ask, pending)
        except (DigestError, OSError) as error:  # smtplib's exceptions are OSErrors; their texts may hold the address
            book.may_be_asked_again(pending.subscriber_id, ASK_AGAIN_AFTER)
            logger.warning("a confirmation mail could not be sent: %s", type(error).__name__)


def ask_to_confirm(links: SignedLinks, ask: Asker, pending: Subscriber) -> None:
    """Send one pending subscriber the link.

    Raises:
        DigestError: there is no base address for links, or the mail was not sent.
        OSError: the mail server was not reached, or refused it.
    """
    url = links.confirm_url(pending.subscriber_id)
    if url is None:
        raise DigestError("links need the address of `digest serve`", remedy="set site_url")
    ask(pending, url)
