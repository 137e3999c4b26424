"""Media hosts that ask to be left alone, over real HTTP: waited for within reason, else asked again another day."""

import asyncio
import time
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from digest_pipeline.errors import FetchError
from digest_pipeline.feeds.fetching.fetch import Fetcher
from digest_pipeline.feeds.fetching.rests import Resting
from digest_pipeline.feeds.store import claim_day, episodes_of_day
from digest_pipeline.feeds.subscriptions import Subscription, add_feeds
from digest_pipeline.settings import Settings
from digest_pipeline.transcripts.download import download
from digest_pipeline.transcripts.store import MOST_DAYS_OFF, TalkHistory, save_outcome
from digest_pipeline.transcripts.transcribe import transcribe_episodes
from digest_pipeline.warehouse import Warehouse
from tests.conftest import Web

BODY = bytes(range(256)) * 2000
FIRST = date(2026, 9, 14)


class BusyHost:
    """Serves audio with ranges; answers as ``refusals`` say before that, one a request."""

    def __init__(self, web: Web, paths: Sequence[str], refusals: Sequence[tuple[int, str | None]]) -> None:
        self.refusals, self.asked = list(refusals), list[tuple[str, str | None]]()
        self.breaks_off = False
        self.urls = [f"{web.url}{path}" for path in paths]
        web.routes |= dict.fromkeys(paths, self)

    def __call__(self, request: BaseHTTPRequestHandler) -> None:
        begun = request.headers.get("Range")
        self.asked.append((request.path, begun))
        first = int(begun.removeprefix("bytes=").removesuffix("-")) if begun else 0
        status, wait = self.refusals.pop(0) if self.refusals else (206 if begun else 200, None)
        body = BODY[first:] if status in {200, 206} else b""
        request.send_response(status)
        request.send_header("ETag", '"1"')
        request.send_header("Content-Length", str(len(body)))
        if wait:
            request.send_header("Retry-After", wait)
        if status == 206:
            request.send_header("Content-Range", f"bytes {first}-{len(BODY) - 1}/{len(BODY)}")
        request.end_headers()
        request.wfile.write(body[:100_000] if self.breaks_off else body)
        request.close_connection = self.breaks_off


@pytest.fixture(autouse=True)
def _short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second counts as a rest, as half a minute does otherwise."""
    monkeypatch.setattr("digest_pipeline.feeds.fetching.fetch.PATIENCE_SECONDS", 0.5)


def bring(urls: Sequence[str], settings: Settings, folder: Path) -> list[BaseException | None]:
    async def run() -> list[BaseException | None]:
        async with Fetcher(settings) as fetcher:
            targets = [folder / url.rsplit("/", 1)[-1] for url in urls]
            brought = (download(fetcher, url, to, 1 << 20) for url, to in zip(urls, targets, strict=True))
            return await asyncio.gather(*brought, return_exceptions=True)

    return asyncio.run(run())


def test_a_rest_is_waited_for_and_nobody_else_asks_meanwhile(web: Web, settings: Settings, tmp_path: Path) -> None:
    host = BusyHost(web, [f"/{n}.mp3" for n in range(5)], [(429, "1")])
    alone = settings.model_copy(update={"http_per_host": 1})
    began = time.monotonic()
    assert bring(host.urls, alone, tmp_path) == [None] * 5
    assert time.monotonic() - began >= 1
    assert len(host.asked) == 6
    assert [path.read_bytes() for path in tmp_path.glob("*.mp3")] == [BODY] * 5


def test_a_host_that_asks_again_at_once_is_not_waited_for_again(web: Web, settings: Settings, tmp_path: Path) -> None:
    host = BusyHost(web, [f"/{n}.mp3" for n in range(5)], [(503, "1")] * 99)
    found = bring(host.urls, settings.model_copy(update={"http_per_host": 1}), tmp_path)
    assert all(isinstance(error, Resting) for error in found)
    assert len(host.asked) == 2


def test_what_has_come_of_a_file_outlives_a_long_rest(web: Web, settings: Settings, tmp_path: Path) -> None:
    host = BusyHost(web, ["/a.mp3"], [])
    host.breaks_off = True
    assert isinstance(bring(host.urls, settings, tmp_path)[0], FetchError)
    host.breaks_off, host.refusals = False, [(429, "3600"), (429, None)]
    assert all(isinstance(bring(host.urls, settings, tmp_path)[0], FetchError) for _ in range(2))
    host.asked.clear()
    assert bring(host.urls, settings, tmp_path) == [None]
    assert host.asked == [("/a.mp3", "bytes=500000-")]
    assert (tmp_path / "a.mp3").read_bytes() == BODY


def run(warehouse: Warehouse, day: date, settings: Settings) -> list[tuple[str, int]]:
    """Status and counted days of the episodes, after a day's claim and transcription."""
    until = datetime(day.year, day.month, day.day) + timedelta(days=1)
    with warehouse.write() as con:
        claim_day(con, day, until=until, lookback_days=3, max_attempts=settings.max_attempts)
        due = episodes_of_day(con, day, ("due", "failed"))
    for outcome in transcribe_episodes(due, TalkHistory(warehouse), settings):
        save_outcome(warehouse, outcome, day, max_attempts=settings.max_attempts)
    with warehouse.read() as con:
        return con.execute("select status, attempts from raw.episodes order by episode_id").fetchall()


def test_a_day_on_which_a_host_rests_does_not_count(warehouse: Warehouse, settings: Settings, web: Web) -> None:
    """Unless it goes on for long: a host that rests for ever would keep its episodes for ever."""
    host = BusyHost(web, [f"/{n}.mp3" for n in range(3)], [(429, "3600")] * 99)
    with warehouse.write() as con:
        add_feeds(con, [Subscription("f")], datetime(2026, 9, 14))
        con.executemany(
            "insert into raw.episodes (episode_id, feed_url, title, published_at, first_seen_at, available_at,"
            " transcript_urls, description, audio_url, status)"
            " values ($1, 'f', 'Title', $2, $2, $2, '[]', '', $3, 'listed')",
            [(f"e{n}", datetime(2026, 9, 14, 6), url) for n, url in enumerate(host.urls)],
        )
    one_by_one = settings.model_copy(update={"http_per_host": 1})
    for n in range(MOST_DAYS_OFF + 1):
        assert run(warehouse, FIRST + timedelta(days=n), one_by_one) == [("failed", 0)] * 3
    assert len(host.asked) == MOST_DAYS_OFF + 1
    assert run(warehouse, FIRST + timedelta(days=MOST_DAYS_OFF + 1), one_by_one) == [("failed", 1)] * 3
