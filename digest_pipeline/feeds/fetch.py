"""HTTP for untrusted addresses: bounded in size and time, conditional, never into a private network unless allowed.

Everything that the pipeline reads from the network, feeds, transcripts and audio, goes through ``Fetcher``.
"""

import asyncio
import ipaddress
import logging
import socket
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import anyio
import httpcore
import httpx
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from digest_pipeline import __version__
from digest_pipeline.errors import AddressRefused, FetchError
from digest_pipeline.settings import Settings

log = logging.getLogger(__name__)

USER_AGENT = f"digest-pipeline/{__version__} (podcast digest; reads feeds once a day)"
MAX_REDIRECTS = 5
TRANSIENT = (408, 425, 429, 500, 502, 503, 504)


def redact(url: str) -> str:
    """The address without user, password and query: private feeds carry their token there."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    netloc = f"{host}:{parts.port}" if parts.port else host
    return urlunsplit((parts.scheme, netloc, parts.path, "…" if parts.query else "", ""))


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer. ``url`` is the address after redirects; ``body`` is empty for 304 and for a download to a file."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes


class _Transient(FetchError):
    """Worth another try in a moment."""


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connects only to public addresses.

    The name is resolved here and the connection goes to the very address that was checked, so neither a redirect nor a
    name that resolves differently the second time gets through.
    """

    def __init__(self, inner: httpcore.AsyncNetworkBackend) -> None:
        self._inner = inner

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve, refuse what is not public, connect to the first checked address that answers."""
        try:
            found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore.ConnectError(f"{host} does not resolve") from error
        addresses = list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))
        if refused := [a for a in addresses if not ipaddress.ip_address(a.split("%")[0]).is_global]:
            raise AddressRefused(
                f"{host} resolves to {refused[0]}, which is not public",
                remedy="set DIGEST_ALLOW_PRIVATE_HOSTS=1 if that is meant",
            )
        for address in addresses[:-1]:  # a machine without IPv6 still finds the IPv4 address
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                log.debug("%s: %s does not answer", host, address)
        return await self._inner.connect_tcp(addresses[-1], port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        """Wait, as the inner backend does."""
        await self._inner.sleep(seconds)


class Fetcher:
    """A client for one run. Use as ``async with Fetcher(settings) as fetcher``."""

    def __init__(self, settings: Settings) -> None:
        limits = httpx.Limits(max_connections=settings.http_concurrency * 2, max_keepalive_connections=32)
        transport = httpx.AsyncHTTPTransport(limits=limits)
        if not settings.allow_private_hosts:
            # httpx has no public hook between name resolution and connection; httpcore, beneath it, has.
            transport._pool._network_backend = GuardedBackend(transport._pool._network_backend)
        self._settings = settings
        self._client = httpx.AsyncClient(
            transport=transport,
            headers={"User-Agent": USER_AGENT},
            timeout=settings.http_timeout_seconds,
            follow_redirects=True,
            max_redirects=MAX_REDIRECTS,
            trust_env=False,  # a proxy would resolve names out of the guard's sight
        )

    async def __aenter__(self) -> "Fetcher":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> Fetched:
        """Read a document of at most ``max_feed_bytes`` (counted after decompression).

        Raises:
            AddressRefused: the address is private or not http(s).
            FetchError: HTTP error, time-out, broken connection, or too large. The message names the address redacted.
        """

        async def once() -> Fetched:
            async with self.stream(url, headers) as response:
                body = bytearray()
                async for piece in response.aiter_bytes():
                    body += piece
                    self._check_size(url, len(body), self._settings.max_feed_bytes)
                return Fetched(str(response.url), response.status_code, response.headers, bytes(body))

        return await self._with_retries(once)

    async def download(self, url: str, target: Path) -> Fetched:
        """Read a file of at most ``max_audio_bytes`` to ``target``, which appears only when it is complete.

        Raises:
            AddressRefused: the address is private or not http(s).
            FetchError: HTTP error, time-out, broken connection, too large, or shorter than the server announced.
        """
        part = target.with_name(target.name + ".part")

        async def once() -> Fetched:
            async with self.stream(url, None) as response:
                announced = int(response.headers.get("Content-Length", 0) or 0)
                self._check_size(url, announced, self._settings.max_audio_bytes)
                size = 0
                with part.open("wb") as file:
                    async for piece in response.aiter_bytes(chunk_size=1 << 18):
                        size += len(piece)
                        self._check_size(url, size, self._settings.max_audio_bytes)
                        file.write(piece)
                part.replace(target)
                return Fetched(str(response.url), response.status_code, response.headers, b"")

        try:
            return await self._with_retries(once)
        finally:
            part.unlink(missing_ok=True)

    @asynccontextmanager
    async def stream(self, url: str, headers: Mapping[str, str] | None = None) -> AsyncIterator[httpx.Response]:
        """An answer whose body is still to be read, within the total time.

        Raises:
            AddressRefused: the address is private or not http(s).
            FetchError: HTTP error, time-out or broken connection, here or while the block reads the body.
        """
        if urlsplit(url).scheme not in {"http", "https"}:
            raise AddressRefused(f"{redact(url)} is not an http or https address")
        try:
            async with (
                asyncio.timeout(self._settings.http_total_seconds),
                self._client.stream("GET", url, headers=headers) as response,
            ):
                if response.status_code in TRANSIENT:
                    raise _Transient(f"{redact(url)} answered {response.status_code}")
                if response.is_error or (response.is_redirect and response.status_code != httpx.codes.NOT_MODIFIED):
                    raise FetchError(f"{redact(url)} answered {response.status_code} {response.reason_phrase}".rstrip())
                yield response
        except TimeoutError as error:
            raise FetchError(f"{redact(url)} took longer than {self._settings.http_total_seconds:.0f} s") from error
        except httpx.TimeoutException as error:
            raise _Transient(f"{redact(url)} was silent for {self._settings.http_timeout_seconds:.0f} s") from error
        except httpx.TransportError as error:
            raise _Transient(f"{redact(url)} could not be read: {error or type(error).__name__}") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise FetchError(f"{redact(url)} could not be read: {error}") from error

    async def _with_retries(self, once: Any) -> Fetched:
        attempt = retry(
            retry=retry_if_exception_type(_Transient),
            stop=stop_after_attempt(3),
            wait=wait_exponential_jitter(multiplier=0.3, max=5),
            reraise=True,
        )
        fetched: Fetched = await attempt(once)()
        return fetched

    @staticmethod
    def _check_size(url: str, size: int, most: int) -> None:
        if size > most:
            raise FetchError(f"{redact(url)} is larger than {most} bytes", remedy="raise the limit in the settings")
