"""Alerts to whoever operates the digest, through Apprise: what failed, fell silent, cost too much or got worse."""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from digest_pipeline.errors import SettingsError
from digest_pipeline.settings import Settings

if TYPE_CHECKING:
    from apprise import Apprise

log = logging.getLogger(__name__)
MOST_LINES = 20


def alert_services(settings: Settings) -> "list[Apprise]":
    """A service for each address in ``alert_url``, by itself: one that fails must not repeat an alert to the others.

    Raises:
        SettingsError: ``alert_url`` holds what is no address of the notification library.
    """
    addresses = settings.alert_url.get_secret_value().split()
    if not addresses:
        return []
    from apprise import Apprise  # takes half a second

    services = [Apprise() for _ in addresses]
    if not all(service.add(address) for service, address in zip(services, addresses, strict=True)):
        raise SettingsError(
            "DIGEST_ALERT_URL holds what is no address of the notification library",
            remedy="it looks like slack://… or mailto://…: https://github.com/caronc/apprise/wiki lists the services",
        )
    return services


def alert(settings: Settings, title: str, lines: Sequence[str]) -> bool:
    """Send a message to each address in ``alert_url``; whether it went to one. Without lines or address none is.

    A service that does not take it is logged and nothing else: an alert must not stop what it is about. What it says
    holds no address of a reader and no secret of a feed.

    Raises:
        SettingsError: ``alert_url`` holds what is no address of the notification library.
    """
    services = alert_services(settings) if lines else []
    if not services:
        return False
    from apprise import NotifyFormat, OverflowMode

    for one in (one for service in services for one in service):
        one.overflow_mode = OverflowMode.SPLIT  # else a service refuses what is too long for it, today and tomorrow
    more = [f"and {len(lines) - MOST_LINES} more: `digest status`"] if len(lines) > MOST_LINES else []
    body = "\n".join(f"- {line}" for line in [*lines[:MOST_LINES], *more])
    # Text: the names of shows and episodes in it are their feeds' own words, which must not become markup.
    sent = [bool(service.notify(body=body, title=title, body_format=NotifyFormat.TEXT)) for service in services]
    if not all(sent):
        log.warning("an alert was not taken by %d of %d services: %s", sent.count(False), len(sent), title)
    return any(sent)
