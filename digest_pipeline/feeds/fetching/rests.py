"""Hosts that asked to be left alone (429 or 503 with ``Retry-After``): nobody asks them before their rest is over."""

import time
from dataclasses import dataclass

from digest_pipeline.errors import FetchError
from digest_pipeline.feeds.redaction import redact


class Resting(FetchError):
    """A host asked to be left alone. ``is_again``: it had done so before, and has given nothing since."""

    def __init__(self, message: str, seconds: float, *, is_again: bool, status: int | None = None) -> None:
        super().__init__(message, status=status, retry_after_seconds=seconds)
        self.is_again = is_again


@dataclass(frozen=True, slots=True)
class _Rest:
    wish: str
    until: float  # of the monotonic clock
    is_again: bool


class Rests:
    """The rests of one run, by host. One that is over is remembered until the host gives something."""

    def __init__(self) -> None:
        self._by_host: dict[str, _Rest] = {}

    def check(self, host: str, url: str) -> None:
        """Pass where ``host`` may be asked on the way to ``url``.

        Raises:
            Resting: it may not, yet.
        """
        rest = self._by_host.get(host)
        if rest and (left := rest.until - time.monotonic()) > 0:
            raise Resting(f"{redact(url)} was not asked: {host} {rest.wish}", left, is_again=rest.is_again)

    def begin(self, host: str, said: str, status: int, seconds: float) -> Resting:
        """Leave a host alone from now on; the error of the request that ``said`` tells of."""
        now, last = time.monotonic(), self._by_host.get(host)
        is_again = last is not None and (last.is_again or last.until <= now)
        wish = f"asks to wait {seconds:.0f} s"
        self._by_host[host] = _Rest(f"answered {status}, and {wish}", now + seconds, is_again)
        return Resting(f"{said}, and {wish}", seconds, is_again=is_again, status=status)

    def end(self, host: str) -> None:
        """Forget the last rest of a host that has answered, unless it is still going on."""
        rest = self._by_host.get(host)
        if rest and rest.until <= time.monotonic():
            del self._by_host[host]
