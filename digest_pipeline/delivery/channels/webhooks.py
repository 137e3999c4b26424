"""What web services answer while Apprise sends: each answer has bounds, and tells what became of a delivery.

Apprise's plugins send by ``requests.post`` and its like, read whatever is answered, and say no more than whether all
went well. So the adapter that requests puts into its sessions is replaced by one that acts the same, but lets a
``Listener`` hand over what is sent while it listens.
"""

import io
import ssl
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import requests
from apprise import Apprise, AppriseAsset, NotifyFormat, OverflowMode
from apprise.utils.http import ConnectionTracker, track_connections, tracked_session
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError

from digest_pipeline.delivery.ledger import Outcome

ANSWER_BYTES = 1024 * 1024  # a plugin reads a few words of it
ANSWER_SECONDS = 15.0  # for an answer, from the first try to connect to its last byte
MOST_UNANSWERED = 2  # requests in a row to one host: each may cost a reader the digest
MOVED = (301, 302, 307, 308)  # not 303: it has taken what was sent (RFC 9110, 15.4.4)
LATER = (408, 425, 429, 503)  # it took nothing, for now

NO_SERVICE = Outcome("refused", "the notification library knows no such service")
FAILED = Outcome("unknown", "the service refused it, or did not answer")
LOST = Outcome("unknown", "the service's answer was lost")
UNREACHED = Outcome("waiting", "the service was not reached")
UNENCRYPTED = Outcome("unknown", "the encrypted connection could not be made, or broke")
UNTRUSTED = Outcome("waiting", "the service's certificate is not trusted")
_listener: ContextVar["Listener | None"] = ContextVar("listener", default=None)


def service_at(address: str) -> Apprise | None:
    """The service of an address of Apprise, which sends once and says so when it could not; ``None`` if it is none."""
    # Whom Apprise no longer waits for goes on in a thread of it, and may keep others and the process waiting.
    service = Apprise(asset=AppriseAsset(service_timeout=0))
    if not service.add(address):
        return None
    for one in service:
        one.overflow_mode = OverflowMode.SPLIT  # else a service refuses what is too long for it
        one.retry = 0  # what may have arrived is not sent again, though the address asks for it
        one.optional = False  # else a failure counts as sent
    return service


class Listener:
    """Hands over what one worker sends to web services, and keeps what they answered."""

    def __init__(self, ca_file: str) -> None:
        self._ca_file = ca_file
        self._heard: list[Outcome] = []
        self._unanswered: Counter[str] = Counter()

    def send(self, service: Apprise, title: str, body: str) -> Outcome:
        """What became of a plain text, in as many messages as the service needs for it."""
        with self._listening():
            is_sent = bool(service.notify(body=body, title=title, body_format=NotifyFormat.TEXT))
        return self._outcome(is_sent=is_sent)

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """Hand over what this thread sends meanwhile; it is one delivery."""
        self._heard.clear()
        token = _listener.set(self)
        try:
            yield
        finally:
            _listener.reset(token)

    def _outcome(self, *, is_sent: bool) -> Outcome:
        """What became of the delivery, of which Apprise says whether all of it was sent."""
        if is_sent:
            return Outcome("sent")
        found = {heard.status: heard for heard in reversed(self._heard)}
        if "sent" in found and len(found) > 1:  # the rest must not send again what has arrived
            reasons = [heard.reason for heard in self._heard if heard.reason]
            return Outcome("unknown", f"a part may have arrived: {reasons[0]}")
        return found.get("unknown") or found.get("waiting") or found.get("refused") or FAILED

    def hand_over(self, request: PreparedRequest, options: dict[str, Any]) -> Response:
        """Send a request over a connection that is cut off when its time is up.

        Raises:
            requests.RequestException: it was not sent, or not answered.
        """
        host = urlsplit(str(request.url)).netloc
        if self._unanswered[host] == MOST_UNANSWERED:
            self._heard.append(UNREACHED)
            raise requests.ConnectionError("the last requests to this host were not answered")
        asked = options.get("timeout")
        connect = asked[0] if isinstance(asked, tuple) else asked
        options |= {"stream": True, "timeout": (connect or ANSWER_SECONDS, ANSWER_SECONDS)}
        if self._ca_file and options.get("verify") is not False:
            options["verify"] = self._ca_file
        limit = track_connections(ConnectionTracker(), time.monotonic() + ANSWER_SECONDS)
        with tracked_session() as session, limit:
            try:
                response = session.get_adapter(str(request.url)).send(request, **options)
            except requests.RequestException as error:
                self._unanswered[host] += 1
                self._heard.append(_failure(error))
                raise
            del self._unanswered[host]
            _bound(response)
        if request.body is not None:  # followed, it would lose its text, or take it to whoever is named
            response.headers.pop("Location", None)
        if not response.is_redirect:
            self._heard.append(_answer(response.status_code))
        return response


class _ListenedTo(HTTPAdapter):
    def send(self, request: PreparedRequest, *args: Any, **options: Any) -> Response:
        listener = _listener.get()
        return listener.hand_over(request, options) if listener else super().send(request, *args, **options)


requests.sessions.HTTPAdapter = _ListenedTo  # type: ignore[attr-defined]


def _bound(response: Response) -> None:
    """Read so much of an answer as may be; its status counts when the rest is too long, too slow or lost."""
    try:
        text = response.raw.read(ANSWER_BYTES, decode_content=True)
    except HTTPError:
        text = b""
    response.raw.close()
    response.raw = io.BytesIO(text)


def _answer(status: int) -> Outcome:
    said = f"the service answered {status}"
    if status in MOVED:
        return Outcome("refused", f"{said}, it has moved: name its new address")
    if status in LATER:
        return Outcome("waiting", said)
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return Outcome("refused", said)
    return Outcome("sent") if status < HTTPStatus.MULTIPLE_CHOICES else Outcome("unknown", said)


def _failure(error: requests.RequestException) -> Outcome:
    """What has certainly not left waits."""
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else None
    if isinstance(error, requests.exceptions.SSLError) and reason and reason.args:
        return UNTRUSTED if isinstance(reason.args[0], ssl.SSLCertVerificationError) else UNENCRYPTED
    is_unreached = isinstance(error, requests.ConnectTimeout | requests.exceptions.ProxyError)
    return UNREACHED if is_unreached or isinstance(reason, NewConnectionError) else LOST
