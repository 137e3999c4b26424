"""HTTP for untrusted addresses: polite, conditional, bounded in size and time, never into a private network.

Everything that the pipeline reads from the network, feeds, transcripts and audio, goes through ``Fetcher``.
"""

import asyncio
import io
import ipaddress
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from urllib.parse import urlsplit

import certifi
import httpx
from tenacity import RetryCallState, retry, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from digest_pipeline import __version__
from digest_pipeline.errors import AddressRefused, FetchError
from digest_pipeline.feeds.fetching.answers import moved_to, retry_after
from digest_pipeline.feeds.fetching.decompress import ACCEPT_ENCODING, decompress
from digest_pipeline.feeds.fetching.guard import GuardedBackend
from digest_pipeline.feeds.fetching.rests import Rests
from digest_pipeline.feeds.redaction import redact, redact_text
from digest_pipeline.feeds.room import EXPANDS, Place
from digest_pipeline.settings import Settings

# These libraries write whole addresses, tokens included, into their own logs at INFO and DEBUG.
for library in ("httpx", "httpcore", "hpack"):
    logging.getLogger(library).setLevel(logging.WARNING)

USER_AGENT = f"digest-pipeline/{__version__} (podcast digest; reads feeds once a day)"
MAX_REDIRECTS = 20  # as browsers: each counter that a host or a network puts before its audio is one
TRANSIENT = frozenset({408, 425, 500, 502, 503, 504})
BUSY = frozenset({429, 503})  # these may say when to come back
REFUSALS = {401: "asks for a login", 403: "refuses this program", 451: "may not serve it for legal reasons"}
PATIENCE_SECONDS = 10.0  # a host that asks to wait no longer than this is waited for
ATTEMPTS = 3
SMALL_BYTES = 32 * 1024  # decompressed where it arrived: a thread takes longer to begin, a bomb a fifth of a second


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer. ``url`` is the address after redirects, ``moved_to`` where permanent ones lead; no body for 304."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    moved_to: str | None = None


class Transient(FetchError):
    """Worth another try in a moment."""


@dataclass(slots=True)
class _Host:
    """Who may ask a host at the same time, over connections that are its own and close when nobody waits for it.

    A pool for all hosts would look at every open connection at each request, which costs more than the request.
    """

    gate: asyncio.Semaphore
    transport: httpx.AsyncHTTPTransport
    users: int = 0  # asking and waiting


@dataclass(slots=True)
class _Hosts(httpx.AsyncBaseTransport):
    """Sends a request over the connections of its host."""

    by_name: dict[str, _Host] = field(default_factory=dict)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Called by the client, once a hop of a redirect."""
        return await self.by_name[request.url.host].transport.handle_async_request(request)


class Fetcher:
    """A client for one run. Use as ``async with Fetcher(settings) as fetcher``."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._trust = ssl.create_default_context(cafile=settings.http_ca_file or certifi.where())
        self._networks = [ipaddress.ip_network(network) for network in settings.allowed_networks]
        self._hosts = _Hosts()
        self._client = httpx.AsyncClient(
            transport=self._hosts,
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": ACCEPT_ENCODING},
            timeout=httpx.Timeout(settings.http_timeout_seconds, pool=None),
            trust_env=False,  # a proxy would resolve names out of the guard's sight
            # None is kept: they would join one subscriber's feeds, and httpx copies all of them for each request.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        )
        self._all = asyncio.Semaphore(settings.http_concurrency)
        self._rests = Rests()

    async def __aenter__(self) -> "Fetcher":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def get(self, url: str, *, headers: Mapping[str, str] | None = None, place: Place | None = None) -> Fetched:
        """Read a document of at most ``max_feed_bytes``, counted before and after decompression.

        With a ``place`` it is received on disk, and read when there is room for it; until then it counts as a request
        under way. The place is kept for the caller to leave.

        Raises:
            AddressRefused: the address is private or not http(s).
            FetchError: HTTP error, time-out, broken connection, or too large. The message names the address redacted.
        """
        most = self._settings.max_feed_bytes

        async def once() -> Fetched:
            if place:
                place.leave()  # whoever has something of the room must not wait for a turn: those who have one want it
            with place.draft() if place else io.BytesIO() as raw:
                async with self._answer(url, headers, self._settings.http_document_seconds) as (response, clock):
                    async for piece in response.aiter_raw():
                        raw.write(piece)
                        if raw.tell() > most:
                            raise FetchError(
                                f"{redact(url)} is larger than {most} bytes", remedy="raise the limit in the settings"
                            )
                    coding = response.headers.get("Content-Encoding", "")
                    if place and raw.tell():
                        clock.reschedule(None)  # its host has done its part
                        await place.enter(min(raw.tell() * (EXPANDS if coding else 1), most))
                raw.seek(0)
                body = await _decompressed(raw.read(), coding, most, url)
            if place:
                place.resize(len(body))
            return Fetched(
                str(response.url), response.status_code, response.headers, body, moved_to(response.history, url)
            )

        return await self.with_retries(once)

    @asynccontextmanager
    async def stream(self, url: str, headers: Mapping[str, str] | None = None) -> AsyncIterator[httpx.Response]:
        """An answer whose body is still to be read, within ``http_total_seconds`` for each hop.

        Each hop of a redirect waits for its own host's turn, and is checked as the first address is.

        Raises:
            AddressRefused: the address is private or not http(s).
            FetchError: HTTP error, time-out or broken connection, here or while the block reads the body.
        """
        async with self._answer(url, headers, self._settings.http_total_seconds) as (response, _):
            yield response

    @asynccontextmanager
    async def _answer(
        self, url: str, headers: Mapping[str, str] | None, seconds: float
    ) -> AsyncIterator[tuple[httpx.Response, asyncio.Timeout]]:
        """What ``stream`` gives, within ``seconds`` for each hop, and the clock that counts them."""
        _check_scheme(url)
        limit = min(seconds, self._settings.http_total_seconds)
        try:
            request = self._client.build_request("GET", url, headers=headers)
        except (httpx.InvalidURL, UnicodeError) as error:
            raise FetchError(f"{redact(url)} could not be read: {redact_text(str(error))}") from error
        history: list[httpx.Response] = []
        while len(history) <= MAX_REDIRECTS:
            async with self._hop(request, url, limit) as (response, clock):
                if response.next_request is None:
                    response.history = history
                    self._check(response, url)
                    yield response, clock
                    return
            history.append(response)
            request = response.next_request
        raise FetchError(f"{redact(url)} redirects more than {MAX_REDIRECTS} times")

    @asynccontextmanager
    async def _hop(
        self, request: httpx.Request, url: str, limit: float
    ) -> AsyncIterator[tuple[httpx.Response, asyncio.Timeout]]:
        """One answer on the way to that of ``url``, whatever its status, and the clock that ends it."""
        _check_scheme(str(request.url))
        async with self._turn(request.url.host), self._all:
            self._rests.check(request.url.host, url)
            try:
                async with asyncio.timeout(limit) as clock:
                    response = await self._client.send(request, stream=True)
                    try:
                        yield response, clock
                    finally:
                        await response.aclose()
            except TimeoutError as error:
                raise FetchError(f"{redact(url)} took longer than {limit:g} s") from error
            except httpx.TimeoutException as error:
                silence = self._settings.http_timeout_seconds
                raise Transient(f"{redact(url)} was silent for {silence:g} s") from error
            except httpx.TransportError as error:
                reason = redact_text(str(error)) or type(error).__name__
                raise Transient(f"{redact(url)} could not be read: {reason}") from error
            except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
                raise FetchError(f"{redact(url)} could not be read: {redact_text(str(error))}") from error

    @asynccontextmanager
    async def _turn(self, name: str) -> AsyncIterator[None]:
        """Wait until a host may be asked once more."""
        if name not in self._hosts.by_name:
            self._hosts.by_name[name] = _Host(asyncio.Semaphore(self._settings.http_per_host), self._transport())
        host = self._hosts.by_name[name]
        host.users += 1
        try:
            async with host.gate:
                yield
        finally:
            host.users -= 1
            if not host.users:
                del self._hosts.by_name[name]
                await host.transport.aclose()

    def _transport(self) -> httpx.AsyncHTTPTransport:
        transport = httpx.AsyncHTTPTransport(http2=True, verify=self._trust)
        if not self._settings.allow_private_hosts:
            # httpx has no public hook between name resolution and connection; httpcore, beneath it, has.
            transport._pool._network_backend = GuardedBackend(transport._pool._network_backend, self._networks)
        return transport

    async def with_retries(self, once: Callable[[], Awaitable[Fetched]]) -> Fetched:
        """Call ``once`` again while it fails in a way that may pass, at most three times in all."""
        wait = wait_exponential_jitter(multiplier=0.3, max=5, jitter=0.3)

        def pause(state: RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            asked = error.retry_after_seconds if isinstance(error, FetchError) else None
            return asked if asked is not None else wait(state)

        attempt = retry(
            retry=retry_if_exception_type(Transient), stop=stop_after_attempt(ATTEMPTS), wait=pause, reraise=True
        )
        return await attempt(once)()

    def _check(self, response: httpx.Response, url: str) -> None:
        status, host = response.status_code, response.url.host  # the host where redirects led
        if status not in BUSY:
            self._rests.end(host)
        if response.is_success or status == httpx.codes.NOT_MODIFIED:
            return
        asked = retry_after(response.headers.get("Retry-After")) if status in BUSY else None
        said = f"{redact(url)} answered {status} {response.reason_phrase}".rstrip()
        if status in REFUSALS:
            said += f": its host {REFUSALS[status]}"
        if asked is not None and asked > PATIENCE_SECONDS:
            raise self._rests.begin(host, said, status, asked)
        if status in TRANSIENT or asked is not None:
            raise Transient(said, status=status, retry_after_seconds=asked)
        raise FetchError(said, status=status)


async def _decompressed(raw: bytes, coding: str, most: int, url: str) -> bytes:
    try:
        if coding and len(raw) > SMALL_BYTES:
            return await asyncio.to_thread(decompress, raw, coding, most)
        return decompress(raw, coding, most)
    except FetchError as error:
        raise FetchError(f"{redact(url)}: {error}") from error


def _check_scheme(url: str) -> None:
    """Refuse what is not an http(s) address with a host.

    Raises:
        AddressRefused: it is not.
    """
    try:
        parts = urlsplit(url)
        is_web = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        is_web = False
    if not is_web:
        raise AddressRefused(f"{redact(url)} is not an http or https address")
