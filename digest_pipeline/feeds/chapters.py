"""Chapter files of Podcasting 2.0 (``application/json+chapters``), read for the episodes that a day took."""

import asyncio
import codecs
import logging
from collections.abc import Sequence

from anyio.from_thread import start_blocking_portal
from pydantic import BaseModel, ValidationError

from digest_pipeline.errors import FetchError
from digest_pipeline.feeds.fetching.fetch import Fetcher
from digest_pipeline.feeds.parsing.podcast_elements import MOST_CHAPTERS, MOST_TITLE
from digest_pipeline.feeds.redaction import redact
from digest_pipeline.models import Chapter
from digest_pipeline.settings import Settings

log = logging.getLogger(__name__)


class _Chapter(BaseModel):
    startTime: float  # noqa: N815 - the format's own names
    endTime: float | None = None  # noqa: N815
    title: str | None = None
    url: str | None = None
    toc: bool | None = None


class _Document(BaseModel):
    chapters: list[_Chapter]


def parse_chapters(body: bytes) -> tuple[Chapter, ...]:
    """Chapters in time order.

    Raises:
        ValueError: the document is not a chapter file.
    """
    found = _Document.model_validate_json(body.removeprefix(codecs.BOM_UTF8)).chapters[:MOST_CHAPTERS]
    return tuple(
        Chapter(c.startTime, " ".join((c.title or "").split())[:MOST_TITLE], c.url, c.endTime, is_hidden=c.toc is False)
        for c in sorted(found, key=lambda c: c.startTime)
    )


def fetch_chapters(wanted: Sequence[tuple[str, str]], settings: Settings) -> dict[str, tuple[Chapter, ...]]:
    """Chapters by episode id, of (episode id, address) pairs. One that cannot be read is none: nothing rests on it."""

    async def one(fetcher: Fetcher, url: str) -> tuple[Chapter, ...]:
        try:
            return parse_chapters((await fetcher.get(url)).body)
        except (FetchError, ValidationError) as error:
            log.warning("chapters %s: %s", redact(url), str(error).splitlines()[0])
            return ()

    async def all_of_them() -> dict[str, tuple[Chapter, ...]]:
        async with Fetcher(settings) as fetcher:
            found = await asyncio.gather(*(one(fetcher, url) for _, url in wanted))
        return {episode_id: chapters for (episode_id, _), chapters in zip(wanted, found, strict=True)}

    if not wanted:
        return {}
    with start_blocking_portal() as portal:  # see scan_feeds
        return portal.call(all_of_them)
