"""Other channels than mail, through Apprise: a digest in a few lines, which each service's plugin puts in its form."""

import logging

from jinja2 import ChoiceLoader, PackageLoader

from digest_pipeline.delivery.ledger import Outcome
from digest_pipeline.errors import SubscriberError
from digest_pipeline.models import Digest
from digest_pipeline.publishing.render import long_date, templates
from digest_pipeline.settings import Settings

logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # it logs addresses, which are secrets
UNKNOWN = Outcome("unknown", "the service refused it, or did not answer")


def notification_address(address: str) -> str:
    """The address, when Apprise knows such a service.

    Raises:
        SubscriberError: it does not. The message does not repeat the address.
    """
    from apprise import Apprise  # takes half a second

    if Apprise.instantiate(address, suppress_exceptions=True) is None:
        raise SubscriberError(
            "this is no address of the notification library",
            remedy="it looks like slack://… or discord://…: https://github.com/caronc/apprise/wiki lists the services",
        )
    return address


def notify(settings: Settings, address: str, digest: Digest) -> Outcome:
    """Send the headlines of a digest to a service. Apprise does not say why it failed, so a failure is ``unknown``."""
    from apprise import Apprise, NotifyFormat

    environment = templates().overlay(loader=ChoiceLoader([PackageLoader("digest_pipeline.delivery")]))
    body = environment.get_template("note.txt.j2").render(digest=digest, site_url=settings.site_url)
    service = Apprise()
    service.add(address)
    title = f"{settings.site_title}: {long_date(digest.digest_date)}"
    return Outcome("sent") if service.notify(body=body, title=title, body_format=NotifyFormat.TEXT) else UNKNOWN
