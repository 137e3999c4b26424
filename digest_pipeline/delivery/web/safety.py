"""What every request to the web service is held to: safe headers, a bounded body, a limit of requests."""

import asyncio
import ipaddress
from urllib.parse import parse_qsl

from limits import RateLimitItem, RateLimitItemPerHour
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BODY_BYTES = 16 * 1024
MOST_FIELDS = 20
BODY_SECONDS = 10.0
FORM = "application/x-www-form-urlencoded"
REQUESTS_OF_ALL = RateLimitItemPerHour(300)
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self';"
    " base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",  # a link's signature must not travel to the next page
}


class SafeHeaders:
    """ASGI middleware that puts ``HEADERS`` on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and its answer back with the headers."""

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self._app(scope, receive, send_safely)


async def bounded_body(request: Request, most: int = MOST_BODY_BYTES) -> bytes:
    """The request's body.

    Raises:
        HTTPException: 413 when it is larger than ``most``, 408 when it takes longer than ``BODY_SECONDS``,
            400 when the client goes away.
    """
    body = b""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > most:
                    raise HTTPException(413, "That is more than a form holds.")
    except TimeoutError as error:
        raise HTTPException(408, "The form did not arrive in time.") from error
    except ClientDisconnect as error:
        raise HTTPException(400, "The form did not arrive.") from error
    return body


async def form_fields(
    request: Request, most_fields: int = MOST_FIELDS, most_bytes: int = MOST_BODY_BYTES
) -> dict[str, str]:
    """The fields of a form, each one's first value.

    Raises:
        HTTPException: 415 or 400 when it is no form, and as ``bounded_body``.
    """
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != FORM:
        raise HTTPException(415, "Send the form as a browser does.")
    try:
        text = (await bounded_body(request, most_bytes)).decode()
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=most_fields, errors="strict")
    except ValueError as error:
        raise HTTPException(400, "The form cannot be read.") from error
    return dict(reversed(pairs))


class RequestLimiter:
    """Counts requests by client, and all of them, in memory."""

    def __init__(self, of_one: RateLimitItem) -> None:
        self._of_one = of_one
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def allow(self, request: Request) -> bool:
        """Whether this request is within the limits; it is counted."""
        client = client_of(request.client.host if request.client else "")
        return self._limiter.hit(self._of_one, client) and self._limiter.hit(REQUESTS_OF_ALL)


def client_of(host: str) -> str:
    """Who counts as one client: an IPv4 address, or the /64 of an IPv6 one, since one house has all of it."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped  # as a proxy that listens on both gives it
        return str(mapped or ipaddress.ip_network((address, 64), strict=False))
    return host
