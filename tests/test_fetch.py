"""HTTP against a real server: conditional, bounded, and never into a private network unasked."""

import asyncio
import gzip
import ipaddress
import zlib
from datetime import UTC, datetime

import brotli
import httpcore
import pytest
import zstandard

from digest_pipeline.errors import AddressRefused, FetchError
from digest_pipeline.feeds.fetching.answers import retry_after
from digest_pipeline.feeds.fetching.fetch import Fetched, Fetcher
from digest_pipeline.feeds.fetching.guard import GuardedBackend, is_public
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


def test_no_cookie_is_kept(web: Web, settings: Settings) -> None:
    url = web.put("/feed", b"content", **{"Set-Cookie": "session=one-subscriber; Path=/"})

    async def go() -> None:
        async with Fetcher(settings) as fetcher:
            for _ in range(2):
                await fetcher.get(url)

    asyncio.run(go())
    assert ["Cookie" in headers for _, headers in web.requests] == [False, False]


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

    monkeypatch.setattr("digest_pipeline.feeds.fetching.guard.anyio.getaddrinfo", resolve)

    async def go() -> None:
        stream = await GuardedBackend(Inner()).connect_tcp("show.example", 443)
        await stream.aclose()

    asyncio.run(go())
    assert tried == ["2001:4860::1", "93.184.216.34"]


def public(address: str) -> bool:
    return is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"]
)
def test_addresses_of_the_open_internet_are_public(address: str) -> None:
    assert public(address)


@pytest.mark.parametrize("address", [
    "127.0.0.1", "127.8.8.8", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
    "192.0.2.1", "198.18.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1",
    "::ffff:127.0.0.1", "::ffff:169.254.169.254",  # IPv4-mapped
    "::127.0.0.1", "::10.0.0.1",  # IPv4-compatible, deprecated
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::7f00:1",  # NAT64, well-known and local-use
    "2002:7f00:1::1", "2002:a00:1::",  # 6to4
    "2001:0:4136:e378:8000:63bf:80ff:fffe",  # Teredo, of a client at 127.0.0.1
])  # fmt: skip
def test_addresses_that_are_or_wrap_private_ones_are_not_public(address: str) -> None:
    assert not public(address)


def test_a_name_that_changes_its_address_gets_nowhere(
    web: Web, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Public when it is looked at, loopback when it is connected to; the resolver is a stand-in, no name here is so."""
    url = web.put("/feed", b"content").replace("127.0.0.1", "show.example")
    asked: list[str] = []

    async def resolve(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        asked.append(host)
        return [(0, 0, 0, "", (address, port)) for address in ("2001:4860::1", "127.0.0.1")]

    monkeypatch.setattr("digest_pipeline.feeds.fetching.guard.anyio.getaddrinfo", resolve)
    with pytest.raises(AddressRefused, match="show.example resolves to 127.0.0.1"):
        get(url, with_limits(settings, allow_private_hosts=False))
    assert (asked, web.requests) == (["show.example"], [])


def test_only_the_networks_that_are_allowed_are_reached(web: Web, settings: Settings) -> None:
    url = web.put("/feed", b"content")
    one = with_limits(settings, allow_private_hosts=False, allowed_networks=("127.0.0.1/32", "fd00::/8"))
    assert get(url, one).body == b"content"
    with pytest.raises(AddressRefused, match="127.0.0.2"):
        get(url.replace("127.0.0.1", "127.0.0.2"), one)


BODY = b"What the document says, as it is. " * 400
CODINGS = {
    "gzip": gzip.compress(BODY), "x-gzip": gzip.compress(BODY[:99]) + gzip.compress(BODY[99:]) + bytes(5),
    "deflate": zlib.compress(BODY), "Deflate": zlib.compress(BODY)[2:-4], "br": brotli.compress(BODY),
    "zstd": zstandard.compress(BODY[:99]) + zstandard.compress(BODY[99:]), "gzip, br": brotli.compress(gzip.compress(BODY)),
    "identity": BODY, "UTF-8": BODY, "aws-chunked,gzip": gzip.compress(BODY),
}  # fmt: skip


@pytest.mark.parametrize("coding", CODINGS)
def test_every_coding_that_is_asked_for_is_read_and_others_are_passed_over(
    web: Web, settings: Settings, coding: str
) -> None:
    url = web.put("/feed", CODINGS[coding], **{"Content-Encoding": coding})
    assert get(url, settings).body == BODY
    assert web.requests[0][1]["Accept-Encoding"] == "gzip, deflate, br, zstd"


@pytest.mark.parametrize("value", [
    "", "soon", "-5 minutes", "Mon, 99 Foo 2026 25:00:00 GMT", f"Mon, 14 Sep 2026 12:01:00 +{'9' * 30}",
])  # fmt: skip
def test_a_rest_that_cannot_be_read_is_none(value: str) -> None:
    assert retry_after(value) is None


@pytest.mark.parametrize(("value", "seconds"), [
    ("0", 0), ("120", 120), ("9" * 30, 7 * 86400), ("Mon, 14 Sep 2026 12:01:00 GMT", 60),
    ("Mon, 14 Sep 2026 11:00:00 GMT", 0), ("Mon, 14 Sep 2026 14:01:00 +0200", 60),
])  # fmt: skip
def test_a_rest_is_read_in_seconds_or_as_a_date(value: str, seconds: float) -> None:
    assert retry_after(value, datetime(2026, 9, 14, 12, tzinfo=UTC)) == seconds


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.org/x", "gopher://x", "data:text/plain,x"])
def test_other_schemes_are_refused(url: str, settings: Settings) -> None:
    with pytest.raises(AddressRefused, match="not an http"):
        get(url, settings)


def test_size_is_bounded_after_decompression(web: Web, settings: Settings) -> None:
    bomb = gzip.compress(b"0" * 50_000_000)
    assert len(bomb) < 100_000
    url = web.put("/bomb", bomb, **{"Content-Encoding": "gzip"})
    with pytest.raises(FetchError, match="larger than"):
        get(url, with_limits(settings, max_feed_bytes=1_000_000))


def test_errors_are_named_without_secrets(web: Web, settings: Settings) -> None:
    with pytest.raises(FetchError, match="404") as caught:
        get(f"{web.url}/missing?token=secret", settings)
    assert "secret" not in str(caught.value)
    assert redact("https://user:pw@host.example:444/a?key=1#x") == "https://host.example:444/a?…"
