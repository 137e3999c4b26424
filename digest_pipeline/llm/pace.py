"""The rate limits of a provider: calls wait for their turn instead of being refused."""

import time
from threading import Lock


class Pace:
    """Spaces calls evenly over a minute. Threads may share it.

    Args:
        requests: calls a minute; 0: no limit.
        tokens: tokens a minute; 0: no limit.
    """

    def __init__(self, requests: int, tokens: int) -> None:
        self._seconds_a_request = 60 / requests if requests else 0.0
        self._seconds_a_token = 60 / tokens if tokens else 0.0
        self._lock = Lock()
        self._free_at = 0.0

    def wait(self, tokens: int) -> None:
        """Return when a call of ``tokens`` tokens may be made."""
        with self._lock:
            now = time.monotonic()
            starts_at = max(now, self._free_at)
            self._free_at = starts_at + max(self._seconds_a_request, tokens * self._seconds_a_token)
        time.sleep(starts_at - now)
