"""Documents take bounded room, whatever a scan meets: nobody waits for ever, no host pays for it, small ones never wait."""

import asyncio
import gzip
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from tempfile import SpooledTemporaryFile

import pytest

from digest_pipeline.feeds import room, scan
from digest_pipeline.feeds.parsing.parser_process import DocumentParser
from digest_pipeline.feeds.room import Place, Room
from digest_pipeline.feeds.scan import FeedScan, scan_feeds
from digest_pipeline.feeds.subscriptions import FeedRequest
from digest_pipeline.models import ParsedFeed
from digest_pipeline.settings import Settings
from tests.conftest import Web

KIB = 1024
PATIENCE_SECONDS = 60


def document(number: int, size: int = 100 * KIB) -> bytes:
    item = f"<item><title>Part {number}</title><guid>g{number}</guid></item>"
    noise = random.Random(number).randbytes(size // 2).hex()  # half of it at most can be compressed away
    return f"<rss version='2.0'><channel><title>Show {number}</title>{item}<!-- {noise} --></channel></rss>".encode()


class Scan:
    """Scans ``feeds``; ``most_held`` is how many bytes were handed to the parser and not yet read, at most."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.feeds, self.held, self.most_held = settings, list[FeedRequest](), 0, 0
        self.before_parsing: Callable[[], Awaitable[None]] = lambda: asyncio.sleep(0)

    def run(self) -> dict[str, FeedScan]:
        found: dict[str, FeedScan] = {}

        def save(batch: Sequence[FeedScan]) -> None:
            found.update({scan.feed_url: scan for scan in batch})

        self.settings.cache.mkdir(parents=True, exist_ok=True)
        # as scan_feeds does, but a scan that never ends fails
        asyncio.run(asyncio.wait_for(scan._scan_all(self.feeds, self.settings, save), PATIENCE_SECONDS))
        return found


@pytest.fixture
def scanned(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Scan:
    monkeypatch.setattr(scan, "ROOM", 250 * KIB, raising=False)
    it, parse = Scan(settings), DocumentParser.parse

    async def counted(parser: DocumentParser, body: bytes, *, url: str) -> ParsedFeed:
        it.held += len(body)
        it.most_held = max(it.most_held, it.held)
        try:
            await it.before_parsing()
            return await parse(parser, body, url=url)
        finally:
            it.held -= len(body)

    monkeypatch.setattr(DocumentParser, "parse", counted)
    return it


@pytest.mark.parametrize("coding", ["", "gzip"])
def test_documents_that_wait_for_the_parser_are_bounded(web: Web, scanned: Scan, coding: str) -> None:
    headers = {"Content-Encoding": coding} if coding else {}
    bodies = [document(n) for n in range(12)]
    scanned.feeds = [
        FeedRequest(web.put(f"/{n}", gzip.compress(body) if coding else body, **headers))
        for n, body in enumerate(bodies)
    ]
    scanned.before_parsing = lambda: asyncio.sleep(0.05)
    found = scanned.run()
    assert {s.parsed.title for s in found.values() if s.parsed} == {f"Show {n}" for n in range(12)}
    assert 0 < scanned.most_held <= 250 * KIB


def test_who_waits_for_the_parser_counts_as_a_request_under_way(web: Web, scanned: Scan) -> None:
    scanned.settings = scanned.settings.model_copy(update={"http_concurrency": 3})
    scanned.feeds = [FeedRequest(web.put(f"/{n}", document(n))) for n in range(12)]
    asked: list[int] = []

    async def note() -> None:
        if not asked:
            await asyncio.sleep(0.5)
            asked.append(len(web.requests))

    scanned.before_parsing = note
    assert {s.error for s in scanned.run().values()} == {None}
    assert asked[0] == 2 + 3  # two in the room, three that wait


def test_waiting_for_the_parser_is_not_the_hosts_delay(web: Web, scanned: Scan) -> None:
    limits = {"http_document_seconds": 0.4, "http_total_seconds": 0.4, "http_timeout_seconds": 0.4}
    scanned.settings = scanned.settings.model_copy(update=limits)
    scanned.feeds = [FeedRequest(web.put(f"/{n}", document(n))) for n in range(10)]
    began = time.monotonic()
    scanned.before_parsing = lambda: asyncio.sleep(0.25)
    assert {s.error for s in scanned.run().values()} == {None}
    assert time.monotonic() - began > 2 * 0.4


def damaged(web: Web, number: int) -> FeedRequest:
    """A feed that has moved to where its document is damaged: it is asked again where it was."""
    moved = web.put(f"/moved/{number}", gzip.compress(document(number))[:-20], **{"Content-Encoding": "gzip"})
    return FeedRequest(web.put(f"/{number}", document(number)), moved_to=moved)


def refused(web: Web, number: int) -> FeedRequest:
    return FeedRequest(web.put(f"/{number}", b"<html>no feed</html>".ljust(100 * KIB)))


def cut(web: Web, number: int) -> FeedRequest:
    """A host that breaks off in mid-document, at first."""
    body = document(number)

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        is_first = [path for path, _ in web.requests].count(f"/{number}") == 1
        request.wfile.write(body[: 60 * KIB] if is_first else body)
        request.close_connection = True

    web.routes[f"/{number}"] = answer
    return FeedRequest(f"{web.url}/{number}")


def missing(web: Web, number: int) -> FeedRequest:
    return FeedRequest(f"{web.url}/{number}")


@pytest.mark.parametrize("most", [1, 250 * KIB])
@pytest.mark.parametrize("feed", [damaged, refused, cut, missing])
def test_no_failure_keeps_a_place(
    web: Web,
    scanned: Scan,
    monkeypatch: pytest.MonkeyPatch,
    feed: Callable[[Web, int], FeedRequest],
    most: int,
) -> None:
    monkeypatch.setattr(scan, "ROOM", most, raising=False)
    scanned.settings = scanned.settings.model_copy(update={"http_concurrency": 2})
    failing = [feed(web, n) for n in range(6)]
    healthy = [FeedRequest(web.put(f"/{n}", document(n))) for n in range(6, 12)]
    scanned.feeds = [one for pair in zip(failing, healthy, strict=True) for one in pair]
    found = scanned.run()
    assert len(found) == 12
    assert all(found[one.feed_url].parsed for one in healthy)
    assert all(bool(found[one.feed_url].parsed) == (feed in {damaged, cut}) for one in failing)


def test_a_document_larger_than_the_room_is_read_from_disk(
    web: Web, scanned: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders: list[object] = []

    class Watched(SpooledTemporaryFile[bytes]):
        def rollover(self) -> None:
            folders.append(self._TemporaryFileArgs["dir"])  # type: ignore[attr-defined]
            super().rollover()

    monkeypatch.setattr(room, "SpooledTemporaryFile", Watched)
    scanned.feeds = [
        FeedRequest(web.put("/0", document(0, 3 * room.IN_MEMORY))),
        FeedRequest(web.put("/1", document(1))),
    ]
    found: list[FeedScan] = []
    scan_feeds(scanned.feeds, scanned.settings, found.extend)
    assert [one.parsed is not None for one in found] == [True, True]
    assert folders == [str(scanned.settings.cache)]
    assert list(scanned.settings.cache.iterdir()) == []


def test_first_come_first_served_and_who_leaves_the_line_takes_nothing(tmp_path: Path) -> None:
    async def go() -> None:
        hall = Room(10, tmp_path)
        places, inside = [Place(hall) for _ in range(5)], list[int]()

        async def enter(number: int, size: int) -> None:
            await places[number].enter(size)
            inside.append(number)

        await enter(0, 6)
        tasks = [asyncio.create_task(enter(n, size)) for n, size in enumerate((9, 1, 3, 1), start=1)]
        await asyncio.sleep(0)
        assert inside == [0]  # the small ones wait behind the large one
        tasks[1].cancel()
        places[0].resize(2)
        await asyncio.sleep(0.01)
        assert inside == [0]
        places[0].leave()
        await asyncio.sleep(0.01)
        assert inside == [0, 1]
        places[1].leave()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert inside == [0, 1, 3, 4]

    asyncio.run(asyncio.wait_for(go(), 5))
