"""Hosts that mean harm, or are broken: each is that feed's failure by name, in bounded time and memory.

All of them are asked in one scan, in a process of its own, over real connections; a healthy feed among them is read.
"""

import gzip
import json
import socket
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import brotli
import pytest
import zstandard

from tests.conftest import Web

Answer = Callable[[BaseHTTPRequestHandler], None]
MIB = 1024 * 1024
MOST_BYTES, MOST_SECONDS, MOST_SILENCE = 5 * MIB, 8.0, 1.0
ITEM = b"<item><title>One</title><guid>g</guid><enclosure url='https://x.example/1.mp3' type='audio/mpeg'/></item>"


def feed(items: bytes = ITEM, doctype: bytes = b"") -> bytes:
    return b"<?xml version='1.0'?>%s<rss version='2.0'><channel><title>T</title>%s</channel></rss>" % (doctype, items)


def titled(title: bytes) -> bytes:
    return ITEM.replace(b"One", title)


LAUGHS = b"<!DOCTYPE rss [<!ENTITY a 'ha'>%s]>" % b"".join(
    b"<!ENTITY %c '%s'>" % (letter, b"&%c;" % (letter - 1) * 10) for letter in range(ord("b"), ord("l"))
)
LONG_ENTITY = b"<!DOCTYPE rss [<!ENTITY a '%s'>]>" % (b"x" * 100_000)
ZEROS = bytes(200 * MIB)
DEEP = 200_000


def raw(*pieces: bytes, pause: float = 0.0, times: int = 1, reset: bool = False) -> Answer:
    """Bytes as they are, again and again, with pauses; then the connection is closed, or reset."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.close_connection = True
        with suppress(ConnectionError):  # the client leaves, which is what is tested
            for n in range(times + len(pieces) - 1):
                request.wfile.write(pieces[min(n, len(pieces) - 1)])
                request.wfile.flush()
                time.sleep(pause)
        if reset:
            request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            request.connection.close()

    return answer


def body(content: bytes, coding: str = "", length: int | None = None) -> Answer:
    coded = f"Content-Encoding: {coding}\r\n" if coding else ""
    head = f"HTTP/1.1 200 OK\r\n{coded}Content-Length: {len(content) if length is None else length}\r\n\r\n"
    return raw(head.encode() + content)


def redirect(target: str) -> Answer:
    return raw(f"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode())


OK = b"HTTP/1.1 200 OK\r\n"
LATER = 10_000  # as often as the client cares to read
HOSTS: dict[str, tuple[Answer, str]] = {
    "a body that drips": (
        raw(OK + b"Content-Length: 9999\r\n\r\n", b"x", pause=0.1, times=150),
        "took longer than 8 s",
    ),
    "a head that drips": (raw(OK, b"X: y\r\n", pause=0.1, times=150), "took longer than 8 s"),
    "silence": (raw(b"", pause=2.5), "was silent for 1 s"),
    "silence within a body": (raw(OK + b"Content-Length: 9999\r\n\r\nx", pause=2.5), "was silent for 1 s"),
    "an endless body": (raw(OK + b"\r\n", b"x" * MIB, times=LATER), f"larger than {MOST_BYTES} bytes"),
    "endless chunks": (
        raw(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"100000\r\n" + b"x" * MIB + b"\r\n", times=LATER),
        f"larger than {MOST_BYTES} bytes",
    ),
    "endless continue": (raw(b"HTTP/1.1 100 Continue\r\n\r\n", times=10 * LATER, pause=0.001), "took longer than 8 s"),
    "a flood of headers": (raw(OK + b"X-A: b\r\n" * 100_000 + b"\r\n"), "could not be read"),
    "one endless header": (raw(OK + b"X-A: ", b"x" * MIB, times=LATER), "could not be read"),
    "no http": (raw(b"SSH-2.0-OpenSSH_9.6\r\n"), "could not be read"),
    "nothing": (raw(b""), "could not be read"),
    "a bad chunk": (raw(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"), "could not be read"),
    "a reset half way": (raw(OK + b"Content-Length: 9999\r\n\r\n" + feed(), reset=True), "could not be read"),
    "less than announced": (body(feed(), length=9999), "could not be read"),
    "a gzip bomb": (body(gzip.compress(ZEROS), "gzip"), "larger than"),
    "a gzip bomb in gzip": (body(gzip.compress(gzip.compress(ZEROS)), "gzip, gzip"), "larger than"),
    "a deflate bomb": (body(zlib.compress(ZEROS), "deflate"), "larger than"),
    "a brotli bomb": (body(brotli.compress(ZEROS, quality=5), "br"), "larger than"),
    "a zstd bomb": (body(zstandard.compress(ZEROS), "zstd"), "larger than"),
    "many gzip members": (body(gzip.compress(b"") * 200_000, "gzip"), "no RSS or Atom feed"),
    "many zstd frames": (body(zstandard.compress(b"") * 300_000, "zstd"), "no RSS or Atom feed"),
    "a gzip body cut short": (body(gzip.compress(feed(ITEM * 99))[:-9], "gzip"), "damaged or cut short"),
    "a deflate body cut short": (body(zlib.compress(feed(ITEM * 99))[:-9], "deflate"), "damaged or cut short"),
    "a brotli body cut short": (body(brotli.compress(feed(ITEM * 99))[:-9], "br"), "damaged or cut short"),
    "a zstd body cut short": (body(zstandard.compress(feed(ITEM * 99))[:-9], "zstd"), "damaged or cut short"),
    "a loop": (redirect("/a%20loop"), "redirects more than 20 times"),
    "a way to another loopback address": (redirect("http://127.0.0.2:1/"), "127.0.0.2, which is not public"),
    "a short form of it": (redirect("http://127.2:1/"), "127.0.0.2, which is not public"),
    "a number for it": (redirect("http://2130706434:1/"), "127.0.0.2, which is not public"),
    "a way to the cloud's own data": (redirect("http://169.254.169.254/latest/"), "which is not public"),
    "a way to a file": (redirect("file:///etc/passwd"), "not an http or https address"),
    "a way to another protocol": (redirect("ftp://127.0.0.1/x"), "not an http or https address"),
    "too many items": (body(feed(b"<item/>" * 300_000)), "more than"),
    "too many elements": (body(feed(b"<a/>" * 1_050_000)), "more than"),
}
# Documents that say something worth reading beside what means harm.
DOCUMENTS: dict[str, tuple[Answer, list[str]]] = {
    "billion laughs": (body(feed(titled(b"&k;"), LAUGHS)), ["Untitled"]),
    "billion laughs, broken": (body(feed(titled(b"&k;"), LAUGHS)[:-9]), ["Untitled"]),
    "billion laughs in the channel": (body(feed(b"<description>&k;</description>" + ITEM, LAUGHS)), ["One"]),
    "an entity a thousand times": (body(feed(titled(b"&a;" * 50_000), LONG_ENTITY)), ["Untitled"]),
    "elements within elements": (body(feed(b"<a>" * DEEP + b"</a>" * DEEP + ITEM)), ["One"]),
    "items within items": (body(feed(b"<item>" * 40_000)), ["Untitled"] * 5),
    "markup within markup": (body(feed(titled(b"Deep") + titled(b"<![CDATA[%s]]>" % (b"<b>" * DEEP)))), ["Deep", "1"]),
    "a title without end": (body(feed(titled(b"z" * MIB))), ["z" * 300]),
    "more than announced": (body(feed() + b"y" * 999, length=len(feed())), ["One"]),
    "healthy": (body(feed(ITEM + titled(b"Two"))), ["One", "Two"]),
}


@dataclass(frozen=True)
class Report:
    """What the scan said of each host, by name."""

    feeds: dict[str, dict[str, Any]]
    seconds: float
    mebibytes: float


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    web = Web()
    names = {f"{web.url}/{name.replace(' ', '%20')}": name for name in [*HOSTS, *DOCUMENTS]}
    web.routes |= {url.removeprefix(web.url): {**HOSTS, **DOCUMENTS}[name][0] for url, name in names.items()}
    asked = {
        "urls": list(names),
        "settings": {
            "home": str(tmp_path_factory.mktemp("home")), "allow_private_hosts": False, "max_feed_bytes": MOST_BYTES,
            "allowed_networks": ["127.0.0.1/32"], "http_timeout_seconds": MOST_SILENCE, "http_per_host": 32,
            "http_document_seconds": MOST_SECONDS,
        },
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "tests.hostile_scan"], cwd=Path(__file__).parents[1], input=json.dumps(asked),
        text=True, capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    web.close()
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    return Report({names[url]: scan for url, scan in said["feeds"].items()}, said["seconds"], said["mebibytes"])


@pytest.mark.parametrize("name", HOSTS)
def test_a_hostile_host_is_named_as_its_feeds_failure(report: Report, name: str) -> None:
    scan = report.feeds[name]
    assert scan["error"] is not None, scan
    assert HOSTS[name][1] in scan["error"]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_hostile_document_is_read_without_what_means_harm(report: Report, name: str) -> None:
    scan = report.feeds[name]
    assert (scan["error"], scan["titles"]) == (None, DOCUMENTS[name][1])


def test_all_of_them_together_take_bounded_time_and_memory(report: Report) -> None:
    """Without bounds the bombs alone take over 1,000 MiB, the entities over 5,000, the silent hosts minutes."""
    assert report.seconds < 90
    assert report.mebibytes < 600
