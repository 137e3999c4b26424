"""Audio downloads against a real server: continued, bounded, never joined from two files, ahead within the budget."""

import asyncio
import gzip
import hashlib
import re
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from tenacity import wait_none

from digest_pipeline.errors import FetchError
from digest_pipeline.feeds.fetching.fetch import Fetcher
from digest_pipeline.settings import Settings
from digest_pipeline.transcripts.ahead import DiskBudget, fetch_ahead
from digest_pipeline.transcripts.download import NoRoom, download
from tests.conftest import Web

BODY = b"".join(hashlib.sha256(str(n).encode()).digest() for n in range(20_000))  # 640 kB that no two offsets share


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow one another without the pause between them."""
    monkeypatch.setattr("digest_pipeline.transcripts.download.PAUSE", wait_none())


class AudioServer:
    """Serves one file with ranges, and hangs up after ``cuts`` bytes of the first answers."""

    def __init__(
        self, web: Web, body: bytes = BODY, cuts: list[int] | None = None, headers: dict[str, str] | None = None
    ) -> None:
        self.body, self.cuts, self.headers = body, cuts or [], headers or {}
        self.ranges: list[str | None] = []
        self.sent = 0
        self.url = f"{web.url}/audio.mp3"
        web.routes["/audio.mp3"] = self

    def __call__(self, request: BaseHTTPRequestHandler) -> None:
        asked, condition = request.headers.get("Range"), request.headers.get("If-Range")
        self.ranges.append(asked)
        first = int(re.sub(r"\D", "", asked)) if asked and condition in self.headers.values() else 0
        request.send_response(206 if first else 200)
        if first:
            request.send_header("Content-Range", f"bytes {first}-{len(self.body) - 1}/{len(self.body)}")
        for name, value in self.headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(self.body) - first))
        request.end_headers()
        part = self.body[first:]
        if self.cuts:
            part = part[: self.cuts.pop(0)]
            request.close_connection = True
        self.sent += len(part)
        request.wfile.write(part)


def fetch(url: str, target: Path, settings: Settings, admit: Callable[[int], bool] = lambda _: True) -> None:
    async def go() -> None:
        async with Fetcher(settings) as fetcher:
            await download(fetcher, url, target, settings.max_audio_bytes, admit=admit)

    asyncio.run(go())


@pytest.mark.parametrize("headers", [{"ETag": '"1"'}, {"Last-Modified": "Mon, 14 Sep 2026 06:00:00 GMT"}])
def test_a_broken_download_is_continued(web: Web, settings: Settings, tmp_path: Path, headers: dict[str, str]) -> None:
    server = AudioServer(web, cuts=[300_000, 200_000], headers=headers)
    target = tmp_path / "a.audio"
    fetch(server.url, target, settings)
    assert target.read_bytes() == BODY
    assert server.ranges == [None, "bytes=300000-", "bytes=500000-"]
    assert server.sent == len(BODY)
    assert list(tmp_path.iterdir()) == [target]


def test_another_process_continues_what_one_left(web: Web, settings: Settings, tmp_path: Path) -> None:
    server = AudioServer(web, cuts=[100_000] * 5, headers={"ETag": '"1"'})
    target = tmp_path / "a.audio"
    with pytest.raises(FetchError, match="could not be read"):
        fetch(server.url, target, settings)
    assert not target.exists()
    fetch(server.url, target, settings)
    assert (target.read_bytes(), server.sent) == (BODY, len(BODY))


def test_audio_is_found_behind_many_counters(web: Web, settings: Settings, tmp_path: Path) -> None:
    server = AudioServer(web)

    def counter(request: BaseHTTPRequestHandler) -> None:
        left = int(request.path.rsplit("/", 1)[1])
        request.send_response(302)
        request.send_header("Location", f"/counter/{left - 1}" if left else server.url)
        request.send_header("Content-Length", "0")
        request.end_headers()

    web.routes |= {f"/counter/{n}": counter for n in range(9)}
    fetch(f"{web.url}/counter/8", tmp_path / "a", settings)
    assert (tmp_path / "a").read_bytes() == BODY


@pytest.mark.parametrize("headers", [{}, {"ETag": 'W/"1"'}, {"ETag": '"1"', "Accept-Ranges": "none"}])
def test_without_a_strong_validator_it_starts_again(
    web: Web, settings: Settings, tmp_path: Path, headers: dict[str, str]
) -> None:
    server = AudioServer(web, cuts=[300_000], headers=headers)
    fetch(server.url, tmp_path / "a.audio", settings)
    assert (tmp_path / "a.audio").read_bytes() == BODY
    assert server.ranges == [None, None]


def test_halves_of_two_files_are_never_joined(web: Web, settings: Settings, tmp_path: Path) -> None:
    """The host puts other adverts in between the two attempts: the validator changes with the file."""
    server = AudioServer(web, cuts=[10_000] * 5, headers={"ETag": '"1"'})
    with pytest.raises(FetchError):
        fetch(server.url, tmp_path / "a.audio", settings)
    other = AudioServer(web, BODY[::-1], headers={"ETag": '"2"'})
    fetch(other.url, tmp_path / "a.audio", settings)
    assert (tmp_path / "a.audio").read_bytes() == BODY[::-1]
    assert other.ranges == ["bytes=50000-"]


def test_a_wrong_range_is_not_appended(web: Web, settings: Settings, tmp_path: Path) -> None:
    def liar(request: BaseHTTPRequestHandler) -> None:
        is_range = bool(request.headers.get("Range"))
        request.send_response(206 if is_range else 200)
        request.send_header("ETag", '"1"')
        if is_range:
            request.send_header("Content-Range", f"bytes 0-9/{len(BODY)}")
        request.send_header("Content-Length", str(10 if is_range else len(BODY)))
        request.end_headers()
        request.wfile.write(BODY[:10] if is_range else BODY[: len(BODY) - (0 if liar.calls else 5)])  # type: ignore[attr-defined]
        liar.calls += 1  # type: ignore[attr-defined]
        request.close_connection = True

    liar.calls = 0  # type: ignore[attr-defined]
    web.routes["/audio.mp3"] = liar
    fetch(f"{web.url}/audio.mp3", tmp_path / "a.audio", settings)
    assert (tmp_path / "a.audio").read_bytes() == BODY


def test_a_shorter_range_than_asked_is_not_the_whole_file(web: Web, settings: Settings, tmp_path: Path) -> None:
    def miser(request: BaseHTTPRequestHandler) -> None:
        """At most 300 kB in an answer to a range; hangs up in the answer to a whole request."""
        asked = request.headers.get("Range")
        first = int(re.sub(r"\D", "", asked)) if asked else 0
        last = min(len(BODY), first + 300_000)
        request.send_response(206 if asked else 200)
        request.send_header("ETag", '"1"')
        if asked:
            request.send_header("Content-Range", f"bytes {first}-{last - 1}/{len(BODY)}")
        request.send_header("Content-Length", str(last - first if asked else len(BODY)))
        request.end_headers()
        request.wfile.write(BODY[first : last if asked else 6000])
        request.close_connection = not asked

    web.routes["/audio.mp3"] = miser
    fetch(f"{web.url}/audio.mp3", tmp_path / "a.audio", settings)
    assert (tmp_path / "a.audio").read_bytes() == BODY
    assert [headers.get("Range") for _, headers in web.requests] == [
        None,
        "bytes=6000-",
        "bytes=306000-",
        "bytes=606000-",
    ]


@pytest.mark.parametrize(
    ("other", "headers"),
    [
        (BODY[::-1], {"ETag": '"2"'}),
        (BODY[::-1] + BODY, {"ETag": '"1"'}),
        (BODY[:-5], {"ETag": '"1"'}),
        (BODY[::-1], {"Last-Modified": "Tue, 15 Sep 2026 06:00:00 GMT"}),
    ],
    ids=["etag", "longer", "shorter", "date"],
)
def test_the_rest_of_another_file_is_not_appended(
    web: Web, settings: Settings, tmp_path: Path, other: bytes, headers: dict[str, str]
) -> None:
    """There are servers that know Range and not If-Range."""
    first = {name: '"1"' if name == "ETag" else "Mon, 14 Sep 2026 06:00:00 GMT" for name in headers}

    def careless(request: BaseHTTPRequestHandler) -> None:
        asked = request.headers.get("Range")
        start = int(re.sub(r"\D", "", asked)) if asked else 0
        body = other if len(web.requests) > 1 else BODY
        request.send_response(206 if asked else 200)
        if asked:
            request.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        for name, value in (headers if len(web.requests) > 1 else first).items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(body) - start))
        request.end_headers()
        request.wfile.write(body[start:] if len(web.requests) > 1 else body[:300_000])
        request.close_connection = True

    web.routes["/audio.mp3"] = careless
    fetch(f"{web.url}/audio.mp3", tmp_path / "a.audio", settings)
    assert (tmp_path / "a.audio").read_bytes() == other
    assert [headers.get("Range") for _, headers in web.requests] == [None, "bytes=300000-", None]


def test_a_file_that_has_become_shorter_than_its_beginning_is_brought_anew(
    web: Web, settings: Settings, tmp_path: Path
) -> None:
    def shortened(request: BaseHTTPRequestHandler) -> None:
        is_first, is_range = len(web.requests) == 1, bool(request.headers.get("Range"))
        body = BODY if is_first else b"" if is_range else BODY[:1000]
        request.send_response(416 if is_range else 200)
        request.send_header("ETag", '"1"')
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body[:300_000])
        request.close_connection = True

    web.routes["/audio.mp3"] = shortened
    fetch(f"{web.url}/audio.mp3", tmp_path / "a.audio", settings)
    assert (tmp_path / "a.audio").read_bytes() == BODY[:1000]


@pytest.mark.parametrize("is_announced", [True, False])
def test_a_file_that_is_too_large_is_refused_and_leaves_nothing(
    web: Web, settings: Settings, tmp_path: Path, is_announced: bool
) -> None:
    def endless(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        if is_announced:
            request.send_header("Content-Length", str(len(BODY)))
        request.end_headers()
        request.wfile.write(BODY)
        request.close_connection = True

    web.routes["/audio.mp3"] = endless
    with pytest.raises(FetchError, match="max_audio_bytes"):
        fetch(f"{web.url}/audio.mp3", tmp_path / "a", settings.model_copy(update={"max_audio_bytes": 100_000}))
    assert list(tmp_path.glob("a*")) == []
    assert len(web.requests) == 1


@pytest.mark.parametrize("coding", ["br", "zstd", "BR", "gzip, gzip"])
def test_a_coding_that_grows_without_bound_is_refused_unread(
    web: Web, settings: Settings, tmp_path: Path, coding: str
) -> None:
    server = AudioServer(web, BODY[:1000], headers={"Content-Encoding": coding})
    with pytest.raises(FetchError, match="not asked for"):
        fetch(server.url, tmp_path / "a", settings)
    assert list(tmp_path.glob("a*")) == []


@pytest.mark.parametrize(("coding", "sent"), [("gzip", gzip.compress(BODY)), ("identity", BODY), ("UTF-8", BODY)])
def test_audio_that_is_compressed_unasked_or_called_so_is_read(
    web: Web, settings: Settings, tmp_path: Path, coding: str, sent: bytes
) -> None:
    fetch(AudioServer(web, sent, headers={"Content-Encoding": coding}).url, tmp_path / "a", settings)
    assert (tmp_path / "a").read_bytes() == BODY


def test_a_file_without_room_is_not_begun(web: Web, settings: Settings, tmp_path: Path) -> None:
    server = AudioServer(web, headers={"ETag": '"1"'})
    asked: list[int] = []

    def refuse(size: int) -> bool:
        asked.append(size)
        return False

    with pytest.raises(NoRoom):
        fetch(server.url, tmp_path / "a", settings, admit=refuse)
    assert asked == [len(BODY)]
    assert list(tmp_path.glob("a*")) == []


def test_downloads_run_ahead_in_order_within_the_disk_budget(settings: Settings) -> None:
    """Six files of 40 bytes, a budget of 100: two wait while one is used, never more."""
    limited = settings.model_copy(update={"max_download_disk_bytes": 100, "download_ahead": 5})
    on_disk: set[int] = set()
    most = 0
    lock = threading.Lock()

    async def fetch_one(_: Fetcher, budget: DiskBudget, place: int, item: str) -> str:
        nonlocal most
        await budget.room_for(place, 40)
        await asyncio.sleep(0.02 * (6 - place))  # the later ones are quicker
        with lock:
            on_disk.add(place)
            most = max(most, len(on_disk))
        return item

    used = []
    for item, future in fetch_ahead("abcdef", fetch_one, limited):
        used.append((item, future.result(timeout=10)))
        time.sleep(0.05)
        with lock:
            on_disk.discard(len(used) - 1)
    assert used == [(letter, letter) for letter in "abcdef"]
    assert most == 2


def test_a_file_larger_than_the_budget_still_has_its_turn(settings: Settings) -> None:
    limited = settings.model_copy(update={"max_download_disk_bytes": 10})

    async def fetch_one(_: Fetcher, budget: DiskBudget, place: int, size: int) -> int:
        await budget.room_for(place, size)
        return size

    assert [f.result(timeout=10) for _, f in fetch_ahead([50, 5, 70], fetch_one, limited)] == [50, 5, 70]


def test_leaving_early_cancels_what_is_under_way(settings: Settings) -> None:
    async def fetch_one(_: Fetcher, __: DiskBudget, place: int, item: int) -> int:
        await asyncio.sleep(0 if place == 0 else 60)
        return item

    began = time.monotonic()
    episodes = fetch_ahead([1, 2, 3], fetch_one, settings)
    assert next(episodes)[1].result(timeout=10) == 1
    episodes.close()
    assert time.monotonic() - began < 10
