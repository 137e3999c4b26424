"""Scan all feeds at once: conditional requests, one result a feed, and no feed's failure is another's."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from digest_pipeline.errors import FeedError, FetchError
from digest_pipeline.feeds.fetch import Fetcher, redact
from digest_pipeline.feeds.parse import parse_feed
from digest_pipeline.models import ParsedFeed
from digest_pipeline.progress import step
from digest_pipeline.settings import Settings

log = logging.getLogger(__name__)
NOT_MODIFIED = 304


@dataclass(frozen=True, slots=True)
class FeedScan:
    """What came of one feed. ``parsed`` is ``None`` when it has not changed (304) or failed (``error`` says why)."""

    feed_url: str
    parsed: ParsedFeed | None = None
    etag: str | None = None
    last_modified: str | None = None
    error: str | None = None


def scan_feeds(feeds: Sequence[tuple[str, str | None, str | None]], settings: Settings) -> list[FeedScan]:
    """Check (address, etag, last_modified) triples; results in the order given."""
    return asyncio.run(_scan_all(feeds, settings))


async def _scan_all(feeds: Sequence[tuple[str, str | None, str | None]], settings: Settings) -> list[FeedScan]:
    gate = asyncio.Semaphore(settings.http_concurrency)
    done = 0
    async with Fetcher(settings) as fetcher:

        async def one(url: str, etag: str | None, modified: str | None) -> FeedScan:
            nonlocal done
            async with gate:
                scan = await _scan_one(fetcher, url, etag, modified)
            done += 1
            step("scan feeds", done, len(feeds), redact(url))
            return scan

        return list(await asyncio.gather(*(one(*feed) for feed in feeds)))


async def _scan_one(fetcher: Fetcher, url: str, etag: str | None, modified: str | None) -> FeedScan:
    conditions = {"If-None-Match": etag, "If-Modified-Since": modified}
    try:
        fetched = await fetcher.get(url, headers={name: value for name, value in conditions.items() if value})
        if fetched.status == NOT_MODIFIED:
            return FeedScan(url)
        parsed = await asyncio.to_thread(parse_feed, fetched.body, url=fetched.url)
    except (FetchError, FeedError) as error:
        log.warning("feed %s: %s", redact(url), error)
        return FeedScan(url, error=str(error))
    return FeedScan(url, parsed, fetched.headers.get("ETag"), fetched.headers.get("Last-Modified"))
