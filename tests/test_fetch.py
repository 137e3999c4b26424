"""HTTP against a real server: conditional, bounded, and never into a private network unasked."""

import asyncio
import gzip
import time
from http.server import BaseHTTPRequestHandler

import httpcore
import pytest

from digest_pipeline.errors import AddressRefused, FetchError
from digest_pipeline.feeds.fetch import Fetched, Fetcher
from digest_pipeline.feeds.guard import GuardedBackend
from digest_pipeline.feeds.redaction import redact
from digest_pipeline.settings import Settings
from tests.conftest import Web


def get(url: str, settings: Settings, **headers: str) -> Fetched:
    async def go() -> Fetched:
        async with Fetcher(settings) as fetcher:
            return await fetcher.get(url, headers=headers)

    return asyncio.run(go())


def with_limits(settings: Settings, **limits: object) -> Settings:
    return settings.model_copy(update=limits)


def test_a_conditional_request_is_answered_by_304(web: Web, settings: Settings) -> None:
    url = web.put("/feed", b"content", ETag='"1"')
    first = get(url, settings)
    assert (first.status, first.body, first.headers["ETag"]) == (200, b"content", '"1"')
    assert get(url, settings, **{"If-None-Match": '"1"'}).status == 304
    assert web.requests[0][1]["User-Agent"].startswith("digest-pipeline/")


def test_private_addresses_are_refused_unless_allowed(web: Web, settings: Settings) -> None:
    url = web.put("/feed", b"content")
    guarded = with_limits(settings, allow_private_hosts=False)
    for address in (url, url.replace("127.0.0.1", "localhost"), url.replace("127.0.0.1", "[::1]")):
        with pytest.raises(AddressRefused, match="DIGEST_ALLOW_PRIVATE_HOSTS"):
            get(address, guarded)
    assert web.requests == []
    assert get(url, settings).body == b"content"


def test_the_guard_tries_every_address_of_a_name(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """The checked addresses are stand-ins for public ones: nothing here may connect to those."""

    async def resolve(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        return [(0, 0, 0, "", (address, port)) for address in ("2001:4860::1", "93.184.216.34")]

    tried: list[str] = []

    class Inner(httpcore.AnyIOBackend):
        async def connect_tcp(self, host: str, *rest: object, **more: object) -> httpcore.AsyncNetworkStream:
            tried.append(host)
            if ":" in host:
                raise httpcore.ConnectError("no IPv6 here")
            port = int(web.url.rsplit(":", 1)[1])
            return await super().connect_tcp("127.0.0.1", port)

    monkeypatch.setattr("digest_pipeline.feeds.guard.anyio.getaddrinfo", resolve)

    async def go() -> None:
        stream = await GuardedBackend(Inner()).connect_tcp("show.example", 443)
        await stream.aclose()

    asyncio.run(go())
    assert tried == ["2001:4860::1", "93.184.216.34"]


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.org/x", "gopher://x", "data:text/plain,x"])
def test_other_schemes_are_refused(url: str, settings: Settings) -> None:
    with pytest.raises(AddressRefused, match="not an http"):
        get(url, settings)


def test_a_redirect_loop_ends(web: Web, settings: Settings) -> None:
    def loop(request: BaseHTTPRequestHandler) -> None:
        request.send_response(302)
        request.send_header("Location", "/loop")
        request.send_header("Content-Length", "0")
        request.end_headers()

    web.routes["/loop"] = loop
    with pytest.raises(FetchError, match="redirect"):
        get(f"{web.url}/loop", settings)


def test_size_is_bounded_after_decompression(web: Web, settings: Settings) -> None:
    bomb = gzip.compress(b"0" * 50_000_000)
    assert len(bomb) < 100_000
    url = web.put("/bomb", bomb, **{"Content-Encoding": "gzip"})
    with pytest.raises(FetchError, match="larger than"):
        get(url, with_limits(settings, max_feed_bytes=1_000_000))


def test_a_slow_server_is_left(web: Web, settings: Settings) -> None:
    def drip(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "1000")
        request.end_headers()
        for _ in range(40):
            request.wfile.write(b"x")
            request.wfile.flush()
            time.sleep(0.1)

    web.routes["/drip"] = drip
    began = time.monotonic()
    with pytest.raises(FetchError, match="longer than"):
        get(f"{web.url}/drip", with_limits(settings, http_total_seconds=0.5))
    assert time.monotonic() - began < 5


def test_errors_are_named_without_secrets(web: Web, settings: Settings) -> None:
    with pytest.raises(FetchError, match="404") as caught:
        get(f"{web.url}/missing?token=secret", settings)
    assert "secret" not in str(caught.value)
    assert redact("https://user:pw@host.example:444/a?key=1#x") == "https://host.example:444/a?…"
