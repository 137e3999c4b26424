"""Scan all feeds at once: conditional requests, one result a feed, and no feed's failure is another's."""

import asyncio
import gc
import hashlib
import logging
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from urllib.parse import urlsplit

from anyio.from_thread import start_blocking_portal

from digest_pipeline.errors import DigestError, FeedError, FetchError
from digest_pipeline.feeds.fetching.answers import is_as_safe
from digest_pipeline.feeds.fetching.fetch import Fetched, Fetcher
from digest_pipeline.feeds.folder import read_folder
from digest_pipeline.feeds.parsing.parser_process import DocumentParser
from digest_pipeline.feeds.redaction import redact, redact_text
from digest_pipeline.feeds.room import Place, Room
from digest_pipeline.feeds.subscriptions import FeedRequest
from digest_pipeline.models import ParsedFeed
from digest_pipeline.progress import step
from digest_pipeline.settings import Settings
from digest_pipeline.words import readable

log = logging.getLogger(__name__)
# What is stored together: each write costs a checkpoint of the database, each batch memory.
BATCH_ITEMS, BATCH_CHARACTERS, BATCH_FEEDS = 8_000, 16_000_000, 200
ROOM = 64 * 1024 * 1024  # bytes of documents that wait for the parser, are parsed, or wait for the writer
GARBAGE_OBJECTS = 50_000


@dataclass(frozen=True, slots=True)
class FeedScan:
    """What came of one feed.

    ``parsed`` is ``None`` when it has not changed or could not be read (``error`` says why, redacted). ``is_gone``: its
    host says that it will not come back. ``moved_to``: where to ask from now on, when that is another address.
    """

    feed_url: str
    parsed: ParsedFeed | None = None
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    moved_to: str | None = None
    error: str | None = None
    is_gone: bool = False
    retry_after_seconds: float | None = None


def scan_feeds(feeds: Sequence[FeedRequest], settings: Settings, save: Callable[[Sequence[FeedScan]], None]) -> None:
    """Ask every feed and hand the results to ``save`` in batches, while the next ones are read.

    The event loop has a thread of its own: a run is told to stop by an exception in the main thread, and a loop there
    would take it for the failure of whichever task it met.

    Args:
        feeds: what to ask.
        settings: limits of the network.
        save: stores a batch; called from one thread at a time. What it raises ends the scan.
    """
    settings.cache.mkdir(parents=True, exist_ok=True)  # for large documents on their way in
    with _garbage_seldom_collected(), start_blocking_portal() as portal:
        portal.call(_scan_all, feeds, settings, save)


@contextmanager
def _garbage_seldom_collected() -> Iterator[None]:
    """Python looks for cycles after each 700 new objects. A scan makes a million, hardly a cycle among them."""
    usual = gc.get_threshold()
    gc.set_threshold(GARBAGE_OBJECTS, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


async def _scan_all(
    feeds: Sequence[FeedRequest], settings: Settings, save: Callable[[Sequence[FeedScan]], None]
) -> None:
    results: asyncio.Queue[tuple[FeedScan, Place]] = asyncio.Queue(maxsize=BATCH_FEEDS)  # readers wait for the writer
    room = Room(ROOM, settings.cache)

    async with Fetcher(settings) as fetcher, DocumentParser() as parser:

        async def read(feed: FeedRequest) -> None:
            place = Place(room)
            scan = await _scan_one(fetcher, parser, feed, place)
            if not scan.parsed:
                place.leave()
            await results.put((scan, place))

        readers = [asyncio.create_task(read(feed)) for feed in feeds]
        try:
            batch: list[FeedScan] = []
            items = characters = 0
            for done in range(1, len(feeds) + 1):
                scan, place = await results.get()
                place.leave()
                batch.append(scan)
                step("scan feeds", done, len(feeds), redact(scan.feed_url))
                notes = [len(item.description) for item in scan.parsed.items] if scan.parsed else []
                items, characters = items + len(notes), characters + sum(notes)
                is_full = items >= BATCH_ITEMS or characters >= BATCH_CHARACTERS or len(batch) >= BATCH_FEEDS
                if is_full or done == len(feeds):
                    await asyncio.to_thread(save, batch)
                    batch, items, characters = [], 0, 0
        finally:
            for reader in readers:
                reader.cancel()
            await asyncio.gather(*readers, return_exceptions=True)


async def _scan_one(fetcher: Fetcher, parser: DocumentParser, feed: FeedRequest, place: Place) -> FeedScan:
    try:
        if urlsplit(feed.feed_url).scheme == "file":
            return FeedScan(feed.feed_url, await asyncio.to_thread(read_folder, feed.feed_url))
        return await _read(fetcher, parser, feed, place)
    # parsers meet wild input: whatever they raise is this feed's failure, and is reported
    except Exception as error:  # noqa: BLE001
        if not isinstance(error, DigestError):
            trace = redact_text("".join(traceback.format_exception(error)))  # it may quote the feed's address
            log.error("feed %s broke its parser:\n%s", redact(feed.feed_url), trace)
        reason = readable(redact_text(str(error) or type(error).__name__))
        log.warning("feed %s: %s", redact(feed.feed_url), reason)
        status = error.status if isinstance(error, FetchError) else None
        wait = error.retry_after_seconds if isinstance(error, FetchError) else None
        is_gone = status == HTTPStatus.GONE
        return FeedScan(feed.feed_url, error=reason, is_gone=is_gone, retry_after_seconds=wait)


async def _read(fetcher: Fetcher, parser: DocumentParser, feed: FeedRequest, place: Place) -> FeedScan:
    """What came of asking. A remembered move that leads to no feed any more is forgotten."""
    if not feed.moved_to:
        return await _read_at(feed.feed_url, fetcher, parser, feed, place)
    try:
        return await _read_at(feed.moved_to, fetcher, parser, feed, place)
    except (FetchError, FeedError) as error:
        if isinstance(error, FetchError) and error.retry_after_seconds:
            raise
        log.info("feed %s: its new address fails (%s), asking the old one", redact(feed.feed_url), error)
    unconditional = replace(feed, moved_to=None, etag=None, last_modified=None)  # the new address gave them
    return await _read_at(feed.feed_url, fetcher, parser, unconditional, place)


async def _read_at(url: str, fetcher: Fetcher, parser: DocumentParser, feed: FeedRequest, place: Place) -> FeedScan:
    conditions = {"If-None-Match": feed.etag, "If-Modified-Since": feed.last_modified}
    # A header is ASCII (RFC 9110, 5.5). What a host says otherwise cannot be said back to it.
    headers = {name: value for name, value in conditions.items() if value and value.isascii()}
    fetched = await _get(fetcher, url, headers, place)
    moved_to = fetched.moved_to or feed.moved_to
    if fetched.status == HTTPStatus.NOT_MODIFIED:
        return FeedScan(feed.feed_url, etag=feed.etag, last_modified=feed.last_modified, moved_to=moved_to)
    body_hash = hashlib.blake2b(fetched.body, digest_size=16).hexdigest()
    etag, modified = fetched.headers.get("ETag"), fetched.headers.get("Last-Modified")
    if body_hash == feed.body_hash:  # a host without conditional answers
        return FeedScan(feed.feed_url, etag=etag, last_modified=modified, moved_to=moved_to)
    parsed = await parser.parse(fetched.body, url=fetched.url)
    announced = parsed.moved_to if parsed.moved_to not in {None, fetched.url, feed.feed_url} else None
    if not all(is_as_safe(announced, address) for address in (feed.feed_url, fetched.url)):
        announced = None
    if announced:
        etag = modified = None  # they say nothing of the document at the new address
    return FeedScan(feed.feed_url, parsed, etag, modified, body_hash, announced or moved_to)


async def _get(fetcher: Fetcher, url: str, headers: Mapping[str, str], place: Place) -> Fetched:
    """The answer of ``url``. Whether it has changed, only the address knows that gave the validators: not a new one."""
    fetched = await fetcher.get(url, headers=headers, place=place)
    if fetched.moved_to is not None and fetched.status == HTTPStatus.NOT_MODIFIED:  # it has just moved
        return await fetcher.get(url, place=place)
    return fetched
