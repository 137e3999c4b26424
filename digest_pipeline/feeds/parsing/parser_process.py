"""Read many documents beside requests and the database, which would hold each other up in one process.

The first documents of a scan are read by threads. Where there are many, a process of its own reads the rest; a scan of
a few feeds, or of many that have not changed, never waits for one to start.
"""

import asyncio
from concurrent.futures import BrokenExecutor, Future
from functools import partial
from types import TracebackType

from loky import ProcessPoolExecutor  # its processes, unlike the standard library's, do not run the main module again

from digest_pipeline.errors import FeedError
from digest_pipeline.feeds.parsing.parse import parse_feed
from digest_pipeline.models import ParsedFeed

FEW_DOCUMENTS = 40  # threads read them as fast as a process starts


class DocumentParser:
    """``parse_feed`` off the event loop. Use as ``async with DocumentParser() as parser``."""

    def __init__(self) -> None:
        self._documents = 0
        self._process: ProcessPoolExecutor | None = None
        self._ready: Future[None] | None = None
        self._alone = asyncio.Lock()

    async def __aenter__(self) -> "DocumentParser":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process:
            await _end(self._process)

    async def parse(self, body: bytes, *, url: str) -> ParsedFeed:
        """What ``parse_feed`` gives or raises.

        Raises:
            FeedError: the document is not a feed, or ended the process that read it.
        """
        read = partial(parse_feed, body, url=url)
        self._documents += 1
        if self._documents == FEW_DOCUMENTS:
            self._process = ProcessPoolExecutor(max_workers=1)
            self._ready = self._process.submit(_start)
        process = self._process if self._ready and self._ready.done() else None
        try:
            return await asyncio.get_running_loop().run_in_executor(process, read)
        except BrokenExecutor:  # by which document, nobody knows
            if process and process is self._process:
                self._documents, self._process, self._ready = 0, None, None
                await _end(process)
            async with self._alone:
                return await _read_alone(read)


async def _read_alone(read: "partial[ParsedFeed]") -> ParsedFeed:
    process = ProcessPoolExecutor(max_workers=1)
    try:
        return await asyncio.get_running_loop().run_in_executor(process, read)
    except BrokenExecutor as error:
        raise FeedError("its document ends the process that reads it", remedy="tell its publisher") from error
    finally:
        await _end(process)


async def _end(process: ProcessPoolExecutor) -> None:
    await asyncio.to_thread(process.shutdown, kill_workers=True)


def _start() -> None:
    """Nothing to do: that it was done shows that the process has loaded this module."""
