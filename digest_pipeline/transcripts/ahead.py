"""Fetching ahead of transcription: while one episode is transcribed, the next ones come from the network.

Episodes are handed over in their order, so that what a day makes of them does not depend on the network's speed.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Generator, Sequence
from typing import TYPE_CHECKING, TypeVar

from anyio.from_thread import start_blocking_portal

from digest_pipeline.feeds.fetching.fetch import Fetcher
from digest_pipeline.settings import Settings

if TYPE_CHECKING:
    from concurrent.futures import Future

T = TypeVar("T")
R = TypeVar("R")


class DiskBudget:
    """Bytes on disk that downloads may take before they are used. Lives on one event loop.

    The episode that is waited for always gets room, whatever the budget: else a large file could never be processed,
    and those behind it would wait for ever.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._held: dict[int, int] = {}
        self._first = 0
        self._changed = asyncio.Event()

    def admit(self, place: int, size: int) -> bool:
        """Reserve ``size`` bytes for the episode at ``place``, if they fit."""
        others = sum(held for holder, held in self._held.items() if holder != place)
        if place > self._first and others + size > self._most:
            return False
        self._held[place] = size
        return True

    async def room_for(self, place: int, size: int) -> None:
        """Return when ``admit`` would say yes."""
        while not self.admit(place, size):
            self._changed.clear()
            await self._changed.wait()

    def release(self, place: int) -> None:
        """Everything up to ``place`` is used and its files are gone; the next one is waited for."""
        self._first = place + 1
        self._held = {holder: held for holder, held in self._held.items() if holder > place}
        self._changed.set()


def fetch_ahead(
    items: Sequence[T],
    fetch: Callable[[Fetcher, DiskBudget, int, T], Awaitable[R]],
    settings: Settings,
    ahead: int = 0,
) -> Generator[tuple[T, "Future[R]"]]:
    """Yield each item with what ``fetch`` makes of it, in order, up to ``download_ahead + ahead`` more being under way.

    An item counts as used when the next one is asked for. Leaving the iteration cancels what is under way; partial
    downloads stay on disk.
    """
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(Fetcher(settings)) as fetcher,
    ):
        budget = DiskBudget(settings.max_download_disk_bytes)
        under_way: deque[Future[R]] = deque()
        started = 0
        try:
            for place, item in enumerate(items):
                while started < len(items) and started <= place + settings.download_ahead + ahead:
                    under_way.append(portal.start_task_soon(fetch, fetcher, budget, started, items[started]))
                    started += 1
                yield item, under_way[0]
                under_way.popleft()
                portal.call(budget.release, place)
        finally:
            for future in under_way:
                future.cancel()
