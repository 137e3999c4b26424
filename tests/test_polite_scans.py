"""Scans as an operator runs them, twice and more, against real servers: what is remembered of a feed's host."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import hypercorn.asyncio
import hypercorn.config
import pytest
import trustme

from digest_pipeline.errors import FetchError
from digest_pipeline.feeds.fetching.fetch import Fetcher
from digest_pipeline.feeds.health import save_outcomes
from digest_pipeline.feeds.scan import FeedScan, scan_feeds
from digest_pipeline.feeds.subscriptions import Subscription, add_feeds, feeds_to_ask
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse import Warehouse
from tests.conftest import Web

NOW = datetime(2026, 9, 14, 12)
FEED = b"<rss version='2.0'><channel><title>T</title>%s<item><title>One</title><guid>g</guid></item></channel></rss>"
BODY = FEED % b""
MOVED = b"<itunes:new-feed-url xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd'>%s</itunes:new-feed-url>"


def answer(status: int, body: bytes = b"", **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def send(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return send


class Operator:
    """Scans the subscriptions as the pipeline does, an hour later each time."""

    def __init__(self, warehouse: Warehouse, settings: Settings) -> None:
        self.warehouse, self.settings, self.now = warehouse, settings, NOW

    def add(self, *urls: str) -> None:
        with self.warehouse.write() as con:
            add_feeds(con, [Subscription(url) for url in urls], self.now)

    def scan(self) -> dict[str, FeedScan]:
        found: dict[str, FeedScan] = {}

        def save(batch: Sequence[FeedScan]) -> None:
            with self.warehouse.write() as con:
                save_outcomes(con, batch, self.now, self.now)
            found.update({scan.feed_url: scan for scan in batch})

        with self.warehouse.read() as con:
            feeds = feeds_to_ask(con, self.now, only_due=False)
        scan_feeds(feeds, self.settings, save)
        self.now += timedelta(hours=1)
        return found


@pytest.fixture
def operator(warehouse: Warehouse, settings: Settings) -> Operator:
    return Operator(warehouse, settings)


def paths(web: Web) -> list[str]:
    asked = [path for path, _ in web.requests]
    web.requests.clear()
    return asked


@pytest.mark.parametrize(("status", "is_remembered"), [(301, True), (308, True), (302, False), (307, False)])
def test_only_a_permanent_move_is_remembered(web: Web, operator: Operator, status: int, is_remembered: bool) -> None:
    web.routes["/old"] = answer(status, Location="/new")
    web.put("/new", BODY, ETag='"1"')
    operator.add(f"{web.url}/old")
    operator.scan()
    assert paths(web) == ["/old", "/new"]
    second = operator.scan()[f"{web.url}/old"]
    assert paths(web) == (["/new"] if is_remembered else ["/old", "/new"])
    assert (second.error, second.parsed) == (None, None)  # 304


def test_a_temporary_hop_ends_what_is_remembered_of_a_chain(web: Web, operator: Operator) -> None:
    web.routes |= {"/a": answer(301, Location="/b"), "/b": answer(302, Location="/c"), "/c": answer(308, Location="/d")}
    web.put("/d", BODY)
    operator.add(f"{web.url}/a")
    operator.scan()
    paths(web)
    operator.scan()
    assert paths(web) == ["/b", "/c", "/d"]


def test_a_move_that_leads_nowhere_is_forgotten(web: Web, operator: Operator) -> None:
    web.routes["/old"] = answer(301, Location="/new")
    web.put("/new", BODY)
    operator.add(f"{web.url}/old")
    operator.scan()
    del web.routes["/new"]
    web.put("/old", BODY)
    paths(web)
    scan = operator.scan()[f"{web.url}/old"]
    assert (scan.error, paths(web)) == (None, ["/new", "/old"])
    operator.scan()
    assert paths(web) == ["/old"]


def test_a_move_that_the_document_announces_is_followed(web: Web, operator: Operator) -> None:
    web.put("/old", FEED % (MOVED % f"{web.url}/new".encode()))
    web.put("/new", BODY)
    operator.add(f"{web.url}/old")
    operator.scan()
    paths(web)
    operator.scan()
    assert paths(web) == ["/new"]


def since(body: bytes, modified: str) -> Callable[[BaseHTTPRequestHandler], None]:
    """A host that answers 304 to every date from its own on, as nginx and Apache may."""

    def send(request: BaseHTTPRequestHandler) -> None:
        asked = request.headers.get("If-Modified-Since")
        is_same = asked and parsedate_to_datetime(asked) >= parsedate_to_datetime(modified)
        answer(304 if is_same else 200, b"" if is_same else body, Last_Modified=modified)(request)

    return send


@pytest.mark.parametrize("is_announced", [True, False])
def test_a_new_address_is_not_asked_with_the_date_of_the_old_one(
    web: Web, operator: Operator, is_announced: bool
) -> None:
    later, earlier = "Mon, 14 Sep 2026 12:00:00 GMT", "Sun, 13 Sep 2026 09:01:00 GMT"
    web.routes["/old"] = since(FEED % (MOVED % f"{web.url}/new".encode()) if is_announced else BODY, later)
    web.routes["/new"] = since(FEED % b"<item><title>Two</title><guid>h</guid></item>", earlier)
    operator.add(f"{web.url}/old")
    operator.scan()
    if not is_announced:
        web.routes["/old"] = answer(301, Location="/new")
    moved = operator.scan()[f"{web.url}/old"]
    assert moved.parsed
    assert len(moved.parsed.items) == 2
    paths(web)
    third = operator.scan()[f"{web.url}/old"]
    assert (third.error, third.parsed, third.last_modified, paths(web)) == (None, None, earlier, ["/new"])


def test_the_old_address_is_not_asked_with_the_tag_of_the_new_one(web: Web, operator: Operator) -> None:
    web.routes["/old"] = answer(301, Location="/new")
    web.put("/new", BODY, ETag='"1"')
    operator.add(f"{web.url}/old")
    operator.scan()
    del web.routes["/new"]
    web.put("/old", FEED % b"<description>back</description>", ETag='"1"')
    assert operator.scan()[f"{web.url}/old"].parsed


def test_gone_retires_a_feed(web: Web, operator: Operator) -> None:
    web.routes["/feed"] = answer(410)
    operator.add(f"{web.url}/feed")
    assert operator.scan()[f"{web.url}/feed"].is_gone
    assert operator.scan() == {}
    with operator.warehouse.read() as con:
        ((reason,),) = con.execute("select disabled_reason from raw.feeds").fetchall()
    assert reason.startswith("retired: ")
    assert "410" in reason


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("as_date", [False, True])
def test_a_host_that_asks_for_a_long_rest_gets_it(web: Web, operator: Operator, status: int, as_date: bool) -> None:
    wait = format_datetime(datetime.now(UTC) + timedelta(hours=2), usegmt=True) if as_date else "7200"
    web.routes |= {f"/{n}": answer(status, Retry_After=wait) for n in range(9)}
    operator.settings = operator.settings.model_copy(update={"http_per_host": 1})
    operator.add(*(f"{web.url}/{n}" for n in range(9)))
    found = operator.scan()
    assert len(paths(web)) == 1  # the others are left alone in this scan
    assert len(found) == 9
    assert all("asks to wait" in str(scan.error) for scan in found.values())
    assert all(7100 < (scan.retry_after_seconds or 0) <= 7200 for scan in found.values())
    assert operator.scan() == {}  # an hour later
    operator.now += timedelta(hours=2)
    assert len(operator.scan()) == 9


def test_the_host_that_redirects_led_to_is_the_one_that_rests(web: Web, operator: Operator) -> None:
    busy = web.url.replace("127.0.0.1", "localhost")
    web.routes |= {"/away": answer(302, Location=f"{busy}/busy"), "/busy": answer(429, Retry_After="600")}
    web.put("/feed", BODY)
    operator.settings = operator.settings.model_copy(update={"http_per_host": 1})
    operator.add(f"{web.url}/away", f"{web.url}/feed")
    found = operator.scan()
    assert "429" in str(found[f"{web.url}/away"].error)
    assert found[f"{web.url}/feed"].error is None


def test_a_host_is_asked_again_after_its_rest_in_the_same_run(
    web: Web, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that transcribes for hours comes back to a host that asked for half a minute."""
    monkeypatch.setattr("digest_pipeline.feeds.fetching.fetch.PATIENCE_SECONDS", 0.5)
    web.routes["/busy"] = answer(429, Retry_After="1")
    web.put("/feed", BODY)

    async def run() -> bytes:
        async with Fetcher(settings) as fetcher:
            with pytest.raises(FetchError, match="429"):
                await fetcher.get(f"{web.url}/busy")
            with pytest.raises(FetchError, match="was not asked"):
                await fetcher.get(f"{web.url}/feed")
            await asyncio.sleep(1.1)
            return (await fetcher.get(f"{web.url}/feed")).body

    assert asyncio.run(run()) == BODY


@pytest.mark.parametrize("status", [429, 503])
def test_a_short_rest_is_waited_for(web: Web, operator: Operator, status: int) -> None:
    def once(request: BaseHTTPRequestHandler) -> None:
        web.put("/feed", BODY)
        answer(status, Retry_After="1")(request)

    web.routes["/feed"] = once
    operator.add(f"{web.url}/feed")
    began = time.monotonic()
    assert operator.scan()[f"{web.url}/feed"].error is None
    assert time.monotonic() - began >= 1


@pytest.mark.parametrize(("status", "says"), [(401, "asks for a login"), (403, "refuses this program"), (404, "404")])
def test_a_refusal_is_recorded_as_one_and_not_repeated(web: Web, operator: Operator, status: int, says: str) -> None:
    web.routes["/feed"] = answer(status)
    operator.add(f"{web.url}/feed")
    assert says in str(operator.scan()[f"{web.url}/feed"].error)
    assert len(paths(web)) == 1


def test_validators_are_sent_back_and_a_server_without_any_is_known_by_its_body(web: Web, operator: Operator) -> None:
    modified = "Mon, 14 Sep 2026 08:00:00 GMT"
    urls = [
        web.put("/tag", BODY, ETag='W/"1"'), web.put("/date", BODY, Last_Modified=modified), web.put("/none", BODY),
        web.put("/odd", BODY, ETag='"caf\xe9"'),
    ]  # fmt: skip
    web.routes["/date"] = answer(200, BODY, Last_Modified=modified)
    operator.add(*urls)
    assert all(scan.parsed for scan in operator.scan().values())
    web.requests.clear()
    second = operator.scan()
    assert [(second[url].error, second[url].parsed) for url in urls] == [(None, None)] * 4
    sent = dict(web.requests)
    assert sent["/tag"]["If-None-Match"] == 'W/"1"'
    assert sent["/date"]["If-Modified-Since"] == modified
    assert not {"If-None-Match", "If-Modified-Since"} & {*sent["/none"], *sent["/odd"]}
    web.put("/none", FEED % b"<description>new</description>")
    assert operator.scan()[urls[2]].parsed


def test_a_host_is_never_asked_more_often_at_once_than_allowed(web: Web, operator: Operator) -> None:
    """Counted by the server, also where feeds of other hosts redirect to it."""
    lock, under_way, most = threading.Lock(), 0, 0

    def slow(request: BaseHTTPRequestHandler) -> None:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.05)
        with lock:
            under_way -= 1
        answer(200, BODY)(request)

    other = web.url.replace("127.0.0.1", "localhost")
    web.routes |= {f"/{n}": slow for n in range(12)}
    web.routes |= {f"/to/{n}": answer(302, Location=f"{web.url}/{n}") for n in range(12)}
    operator.settings = operator.settings.model_copy(update={"http_per_host": 3})
    operator.add(*(f"{web.url}/{n}" for n in range(12)), *(f"{other}/to/{n}" for n in range(12)))
    assert all(scan.error is None for scan in operator.scan().values())
    assert most == 3


def test_tokens_reach_no_log_and_no_message(web: Web, operator: Operator, caplog: pytest.LogCaptureFixture) -> None:
    secret = "s3cr3tT0kenOfOneSubscriber"
    web.put("/ok", BODY)
    web.routes |= {
        "/away": answer(302, Location=f"/ok?auth={secret}"), "/half": answer(200, BODY[:50]), "/busy": answer(403),
        "/loop": answer(302, Location=f"/loop?token={secret}"),
        "/out": answer(302, Location=f"http://reader:{secret}@127.0.0.1:1/?key={secret}"),
        "/bad": answer(302, Location=f"ftp://127.0.0.1/{secret}?{secret}"),
    }  # fmt: skip
    with_user = web.url.replace("http://", f"http://reader:{secret}@")
    caplog.set_level(logging.DEBUG)
    for path in ("/ok", "/away", "/half", "/busy", "/loop", "/missing", "/out", "/bad", f"/private/{secret}/rss"):
        operator.add(f"{with_user}{path}?token={secret}")
    found = operator.scan()
    assert len(found) == 9
    assert sum(scan.error is not None for scan in found.values()) >= 6
    assert secret not in caplog.text
    assert all(secret not in str(record.__dict__) for record in caplog.records)
    assert all(secret not in str(scan.error) for scan in found.values())


class Secure:
    """A server with TLS and HTTP/2 that notes the protocol of each request."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        certificate = authority.issue_cert("127.0.0.1", "localhost")
        self.authority = folder / "authority.pem"
        authority.cert_pem.write_to_path(self.authority)
        config = hypercorn.config.Config()
        config.certfile, config.keyfile = str(folder / "cert.pem"), str(folder / "key.pem")
        certificate.private_key_pem.write_to_path(config.keyfile)
        for n, blob in enumerate(certificate.cert_chain_pems):
            blob.write_to_path(config.certfile, append=n > 0)
        config.bind, config.loglevel = ["127.0.0.1:0"], "ERROR"
        self._sockets = config.create_sockets()
        listener = self._sockets.secure_sockets[0]
        config.create_sockets = lambda: self._sockets  # type: ignore[method-assign]
        self.url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        self.protocols: list[str] = []
        self.location, self.body = "", BODY
        self._config = config

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        self.protocols.append(scope["http_version"])
        status, headers = (301, [(b"location", self.location.encode())]) if self.location else (200, [])
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})

    @contextmanager
    def serve(self) -> Iterator[None]:
        loop, stop = asyncio.new_event_loop(), asyncio.Event()

        def run() -> None:
            loop.run_until_complete(hypercorn.asyncio.serve(self.app, self._config, shutdown_trigger=stop.wait))
            loop.close()

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join()


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[Secure]:
    server = Secure(tmp_path)
    with server.serve():
        yield server


def test_http_2_is_spoken_where_the_server_does(secure: Secure, operator: Operator) -> None:
    operator.settings = operator.settings.model_copy(update={"http_ca_file": secure.authority})
    operator.add(*(f"{secure.url}/{n}" for n in range(5)))
    assert all(scan.error is None for scan in operator.scan().values())
    assert secure.protocols == ["2"] * 5


def test_a_certificate_of_nobody_known_is_refused(secure: Secure, operator: Operator) -> None:
    operator.add(f"{secure.url}/feed")
    assert "certificate verify failed" in str(operator.scan()[f"{secure.url}/feed"].error).lower()
    assert secure.protocols == []


def test_a_move_to_plain_http_is_followed_and_not_remembered(secure: Secure, web: Web, operator: Operator) -> None:
    secure.location = web.put("/plain", BODY)
    operator.settings = operator.settings.model_copy(update={"http_ca_file": secure.authority})
    operator.add(f"{secure.url}/feed")
    for _ in range(2):
        assert operator.scan()[f"{secure.url}/feed"].error is None
    assert len(secure.protocols) == 2
    assert paths(web) == ["/plain", "/plain"]


def test_an_announced_move_to_plain_http_is_not_remembered(secure: Secure, web: Web, operator: Operator) -> None:
    secure.body = FEED % (MOVED % f"{web.url}/plain".encode())
    operator.settings = operator.settings.model_copy(update={"http_ca_file": secure.authority})
    operator.add(f"{secure.url}/feed")
    assert operator.scan()[f"{secure.url}/feed"].moved_to is None


def test_connections_are_used_again_and_closed_when_nobody_waits(web: Web, settings: Settings) -> None:
    ports = set()

    def note(request: BaseHTTPRequestHandler) -> None:
        ports.add(request.client_address[1])
        answer(200, BODY)(request)

    web.routes["/feed"] = note

    async def go() -> None:
        async with Fetcher(settings.model_copy(update={"http_per_host": 1})) as fetcher:
            await asyncio.gather(*(fetcher.get(f"{web.url}/feed") for _ in range(6)))
            assert fetcher._hosts.by_name == {}
            with pytest.raises(FetchError):
                await fetcher.get(f"{web.url}/missing")
            assert fetcher._hosts.by_name == {}

    asyncio.run(go())
    assert len(ports) == 1
