"""Alerts to whoever operates the digest, through Apprise: what failed, fell silent, cost too much or got worse."""

import logging
from collections.abc import Sequence

from digest_pipeline.errors import SettingsError
from digest_pipeline.settings import Settings

log = logging.getLogger(__name__)
MOST_LINES = 20


def alert(settings: Settings, title: str, lines: Sequence[str]) -> bool:
    """Send a message to the address in ``alert_url``; whether it went. Nothing is sent without lines or an address.

    A service that does not take it is logged and nothing else: an alert must not stop what it is about. What it says
    holds no address of a reader and no secret of a feed.

    Raises:
        SettingsError: ``alert_url`` is no address of the notification library.
    """
    addresses = settings.alert_url.get_secret_value().split()
    if not lines or not addresses:
        return False
    from apprise import Apprise, NotifyFormat  # takes half a second

    service = Apprise()
    if not all(service.add(address) for address in addresses):
        raise SettingsError(
            "DIGEST_ALERT_URL holds what is no address of the notification library",
            remedy="it looks like slack://… or mailto://…: https://github.com/caronc/apprise/wiki lists the services",
        )
    more = [f"and {len(lines) - MOST_LINES} more: `digest status`"] if len(lines) > MOST_LINES else []
    body = "\n".join(f"- {line}" for line in [*lines[:MOST_LINES], *more])
    is_sent = bool(service.notify(body=body, title=title, body_format=NotifyFormat.MARKDOWN))
    if not is_sent:
        log.warning("an alert was not taken by its service: %s", title)
    return is_sent
