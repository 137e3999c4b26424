"""Many documents are read by a process of their own: what it gives, what it refuses, and what its end costs."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import psutil
import pytest

from digest_pipeline.errors import FeedError
from digest_pipeline.feeds.parsing import parser_process
from digest_pipeline.feeds.parsing.parse import parse_feed
from digest_pipeline.feeds.parsing.parser_process import DocumentParser
from digest_pipeline.feeds.scan import FeedScan, scan_feeds
from digest_pipeline.feeds.subscriptions import FeedRequest
from digest_pipeline.models import ParsedFeed
from digest_pipeline.settings import Settings
from tests.conftest import Web

URL = "https://show.example/feed"
PATIENCE_SECONDS = 60


def document(number: int) -> bytes:
    item = f"<item><title>Part {number}</title><guid>g{number}</guid><description>&lt;p&gt;Words</description></item>"
    return f"<rss version='2.0'><channel><title>Show {number}</title>{item}</channel></rss>".encode()


def in_a_process(work: Callable[[DocumentParser, psutil.Process], Awaitable[None]]) -> None:
    """Run ``work`` with a parser whose process has begun to read."""

    async def go() -> None:
        others = set(psutil.Process().children())
        async with DocumentParser() as parser, asyncio.timeout(PATIENCE_SECONDS):
            await parser.parse(document(0), url=URL)
            while not (started := readers(others)):
                await asyncio.sleep(0.01)
            assert parser._ready
            await asyncio.wrap_future(parser._ready)
            await work(parser, started[0])
        assert readers(others) == []

    asyncio.run(go())


def readers(others: set[psutil.Process]) -> list[psutil.Process]:
    """Processes that read documents: those that loky started, less its own housekeeper."""
    started = [p for p in psutil.Process().children() if p not in others and p.status() != psutil.STATUS_ZOMBIE]
    return [p for p in started if "popen_loky_posix" in " ".join(p.cmdline())]


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process starts with the first document."""
    monkeypatch.setattr(parser_process, "FEW_DOCUMENTS", 1)


@pytest.mark.usefixtures("at_once")
def test_the_process_reads_as_threads_do() -> None:
    async def work(parser: DocumentParser, reader: psutil.Process) -> None:
        before = sum(reader.cpu_times()[:2])
        read = await asyncio.gather(*(parser.parse(document(n), url=URL) for n in range(200)))
        assert read == [parse_feed(document(n), url=URL) for n in range(200)]
        assert sum(reader.cpu_times()[:2]) > before

    in_a_process(work)


@pytest.mark.usefixtures("at_once")
def test_a_refusal_keeps_its_reason_and_its_remedy() -> None:
    async def work(parser: DocumentParser, _: psutil.Process) -> None:
        with pytest.raises(FeedError) as refused:
            await parser.parse(b"no feed", url=URL)
        with pytest.raises(FeedError) as expected:
            parse_feed(b"no feed", url=URL)
        assert (refused.value.said, refused.value.remedy) == (expected.value.said, expected.value.remedy)

    in_a_process(work)


@pytest.mark.usefixtures("at_once")
def test_documents_survive_the_end_of_their_process() -> None:
    async def work(parser: DocumentParser, reader: psutil.Process) -> None:
        reader.suspend()  # so that it ends with work to do
        reading = [asyncio.create_task(parser.parse(document(n), url=URL)) for n in range(5)]
        await asyncio.sleep(0)
        reader.kill()
        assert await asyncio.gather(*reading) == [parse_feed(document(n), url=URL) for n in range(5)]
        assert await parser.parse(document(7), url=URL) == parse_feed(document(7), url=URL)

    in_a_process(work)


def test_a_document_that_ends_its_process_is_its_own_failure_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parser_process, "parse_feed", end_or_parse)
    monkeypatch.setattr(parser_process, "FEW_DOCUMENTS", 1)

    async def work(parser: DocumentParser, _: psutil.Process) -> None:
        bodies = [document(1), b"end", document(2)]
        first, ended, last = await asyncio.gather(
            *(parser.parse(body, url=URL) for body in bodies), return_exceptions=True
        )
        assert (first, last) == (parse_feed(document(1), url=URL), parse_feed(document(2), url=URL))
        assert isinstance(ended, FeedError)
        assert "ends the process" in str(ended)

    in_a_process(work)


def end_or_parse(body: bytes, *, url: str) -> ParsedFeed:
    """Stands for a document that the parser's C code cannot bear; no such one is known."""
    import os

    if body == b"end":
        os._exit(1)
    return parse_feed(body, url=url)


def test_a_few_documents_start_no_process() -> None:
    async def go() -> None:
        others = set(psutil.Process().children())
        async with DocumentParser() as parser:
            for n in range(parser_process.FEW_DOCUMENTS - 1):
                await parser.parse(document(n), url=URL)
            assert readers(others) == []

    asyncio.run(go())


def test_a_scan_of_many_feeds_is_as_one_of_few(web: Web, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parser_process, "FEW_DOCUMENTS", 5)
    feeds = [FeedRequest(web.put(f"/{n}", document(n))) for n in range(60)]
    feeds += [FeedRequest(web.put("/page", b"<html>no feed</html>")), FeedRequest(f"{web.url}/missing")]
    found: dict[str, FeedScan] = {}

    def save(batch: Sequence[FeedScan]) -> None:
        found.update({scan.feed_url: scan for scan in batch})

    scan_feeds(feeds, settings, save)
    assert list(found) != []
    for n, feed in enumerate(feeds[:60]):
        assert found[feed.feed_url].parsed == parse_feed(document(n), url=feed.feed_url)
    assert "no RSS or Atom feed" in (found[feeds[60].feed_url].error or "")
    assert "404" in (found[feeds[61].feed_url].error or "")
