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
    from digest_pipeline.delivery.channels.webhooks import service_at  # imports Apprise, which takes half a second

    services = [service for address in addresses if (service := service_at(address))]
    if len(services) < len(addresses):
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
    from digest_pipeline.delivery.channels.webhooks import Listener

    more = [f"and {len(lines) - MOST_LINES} more: `digest status`"] if len(lines) > MOST_LINES else []
    body = "\n".join(f"- {line}" for line in [*lines[:MOST_LINES], *more])
    # Plain text: the names of shows and episodes in it are their feeds' own words, which must not become markup.
    listener = Listener(settings.http_ca_file)
    outcomes = [listener.send(service, title, body) for service in services]
    failed = [outcome.reason for outcome in outcomes if outcome.status != "sent"]
    if failed:
        log.warning(
            "an alert was not taken by %d of %d services (%s): %s", len(failed), len(outcomes), failed[0], title
        )
    return len(failed) < len(outcomes)
