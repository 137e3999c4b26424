"""What an answer says beside its body: when to come back, and where to ask from now on."""

import email.utils
from collections.abc import Sequence
from datetime import UTC, datetime

import httpx

PERMANENT = frozenset({301, 308})
LONGEST_WAIT_SECONDS = 7 * 86400.0


def retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Seconds that a ``Retry-After`` header asks for (RFC 9110, 10.2.3: seconds or a date); ``None`` without one."""
    if not value:
        return None
    if value.strip().isdecimal():
        seconds = float(value)
    else:
        try:
            when = email.utils.parsedate_to_datetime(value)
        except (ValueError, OverflowError):  # a zone of thirty digits
            return None
        if when.tzinfo is None:
            when = when.replace(tzinfo=UTC)
        seconds = (when - (now or datetime.now(UTC))).total_seconds()
    return min(max(seconds, 0.0), LONGEST_WAIT_SECONDS)


def moved_to(history: Sequence[httpx.Response], url: str) -> str | None:
    """Where the permanent redirects at the start of a chain lead. A temporary one ends what is remembered."""
    target = None
    for response in history:
        if response.status_code not in PERMANENT or response.next_request is None:
            break
        target = str(response.next_request.url)
    return target if is_as_safe(target, url) else None


def is_as_safe(target: str | None, url: str) -> bool:
    """Whether a move to ``target`` keeps the encryption that ``url`` has."""
    return not url.startswith("https:") or (target or "").startswith("https:")
