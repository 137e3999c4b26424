"""Other channels than mail, through Apprise: a digest in a few lines, which each service's plugin puts in its form."""

import logging
import re
from collections.abc import Callable
from types import TracebackType
from typing import Self

from jinja2 import ChoiceLoader, PackageLoader

from digest_pipeline.dates import long_date
from digest_pipeline.delivery.ledger import Delivery, Outcome
from digest_pipeline.errors import SubscriberError
from digest_pipeline.publishing.render import templates
from digest_pipeline.settings import Settings

logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # it logs addresses, which are secrets
MENTION = re.compile(r"[@!](?=\w)")  # @everyone, and Slack's <!channel>: what a feed says must not call anybody


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


def calling_nobody(text: str) -> str:
    """The text, in which a service finds nobody to call: a space of no width parts the sign from the name.

    Example:
        >>> calling_nobody("@everyone, mail ann@example.org!").replace("\u200b", "|")
        '@|everyone, mail ann@|example.org!'
    """
    return MENTION.sub("\\g<0>\u200b", text)


class NotifySender:
    """The channel of notifications: each delivery is a short text, and goes to the subscriber's own service."""

    def __init__(self, settings: Settings) -> None:
        from digest_pipeline.delivery.channels.webhooks import Listener  # imports Apprise

        self._settings, self._listener = settings, Listener(settings.http_ca_file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held open."""

    def send(self, delivery: Delivery, may_leave: Callable[[], bool]) -> Outcome | None:
        """What became of it; ``None`` when it was not to leave. What a service did not answer is ``unknown``."""
        from digest_pipeline.delivery.channels.webhooks import NO_SERVICE, service_at

        service = service_at(delivery.subscriber.address)
        if service is None:
            return NO_SERVICE
        environment = templates().overlay(loader=ChoiceLoader([PackageLoader("digest_pipeline.delivery")]))
        body = environment.get_template("note.txt.j2").render(
            digests=delivery.digests,
            week=delivery.ranked if delivery.is_week else None,
            corrections=delivery.corrections,
            site_url=self._settings.site_url,
            calling_nobody=calling_nobody,
        )
        if not may_leave():
            return None
        last = long_date(delivery.digests[0].digest_date)
        title = f"{self._settings.site_title}: {'the week to ' if delivery.is_week else ''}{last}"
        return self._listener.send(service, title, body)
