"""Web services as they are: they move, refuse, put off, stall, answer without end, or are not there."""

import json
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import requests
import trustme

from bench.published import made_up_archive
from digest_pipeline.delivery import ledger
from digest_pipeline.delivery.channels import webhooks
from digest_pipeline.delivery.channels.notify import NotifySender
from digest_pipeline.delivery.database import open_delivery
from digest_pipeline.delivery.deliver import deliver
from digest_pipeline.delivery.ledger import Delivery, Outcome
from digest_pipeline.delivery.subscribers import SubscriberBook, new_id
from digest_pipeline.models import Digest, Subscriber
from digest_pipeline.settings import Settings
from tests.conftest import Web
from tests.readers import DAY, NOW, SINCE

Answer = Callable[[BaseHTTPRequestHandler], None]
DIGEST = made_up_archive(DAY, 1)[0]


def send(settings: Settings, address: str, digest: Digest = DIGEST) -> Outcome | None:
    delivery = Delivery(Subscriber("su_1", "notify", address, is_active=True), (digest,))
    with NotifySender(settings) as sender:
        return sender.send(delivery, lambda: True)


def at(web: Web, path: str) -> str:
    return web.url.replace("http", "json") + path


def subscribe_hooks(settings: Settings, *addresses: str) -> None:
    with open_delivery(settings.subscribers) as con:
        for address in addresses:
            SubscriberBook(con).save(Subscriber(new_id(), "notify", address, is_active=True))
        con.execute("update subscribers set confirmed_at = ?", [SINCE.isoformat()])


def answering(*statuses: int, **headers: str) -> Answer:
    """One status after the other, the last one for ever."""
    left = list(statuses)

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.rfile.read(int(request.headers.get("Content-Length") or 0))
        request.send_response(left.pop(0) if len(left) > 1 else left[0])
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", "0")
        request.end_headers()

    return answer


@pytest.mark.parametrize(
    ("status", "became", "reason"),
    [
        (204, "sent", None),
        (301, "refused", "the service answered 301, it has moved: name its new address"),
        (302, "refused", "the service answered 302, it has moved: name its new address"),
        (303, "unknown", "the service answered 303"),
        (307, "refused", "the service answered 307, it has moved: name its new address"),
        (308, "refused", "the service answered 308, it has moved: name its new address"),
        (404, "refused", "the service answered 404"),
        (429, "waiting", "the service answered 429"),
        (502, "unknown", "the service answered 502"),
        (503, "waiting", "the service answered 503"),
    ],
)
@pytest.mark.parametrize("wish", ["", "?redirect=yes", "?retry=2&wait=0", "?optional=yes"])
def test_the_status_of_an_answer_says_what_became_of_it(
    settings: Settings, web: Web, wish: str, status: int, became: str, reason: str | None
) -> None:
    web.routes |= {"/hook": answering(status, Location="/moved?key=secret"), "/moved": answering(200)}
    outcome = send(settings, at(web, f"/hook{wish}"))
    assert outcome is not None
    assert (outcome.status, outcome.reason) == (became, reason)
    assert [path for path, _ in web.requests] == ["/hook"]


def test_who_was_put_off_or_not_reached_gets_the_digest_later(settings: Settings, web: Web, published: Digest) -> None:
    quick = settings.model_copy(update={"mail_retry_seconds": 0.01})
    web.routes |= {"/busy": answering(429, 200), "/out": answering(503, 503, 503, 200), "/moved": answering(308)}
    subscribe_hooks(quick, *(at(web, path) for path in ("/busy", "/out", "/moved")), "json://127.0.0.1:1/down")
    assert deliver(quick, NOW) == {"sent": 1, "waiting": 2, "refused": 1}
    assert deliver(quick, NOW) == {"sent": 1, "waiting": 1, "done": 2}
    with open_delivery(quick.subscribers) as con:
        reasons = {row[2]: row[3] for row in ledger.tally(con)}
    assert reasons["waiting"] == "the service was not reached"
    assert "127.0.0.1" not in str(reasons)


@pytest.mark.parametrize("status", [200, 500])
def test_an_answer_without_end_is_read_in_part(settings: Settings, web: Web, status: int) -> None:
    written = 0

    def endless(request: BaseHTTPRequestHandler) -> None:
        nonlocal written
        request.rfile.read(int(request.headers["Content-Length"]))
        request.send_response(status)
        request.end_headers()
        request.close_connection = True
        with suppress(OSError):
            for _ in range(100):
                request.wfile.write(b"x" * webhooks.ANSWER_BYTES)
                written += 1

    web.routes["/hook"] = endless
    outcome = send(settings, at(web, "/hook"))
    assert outcome is not None
    assert outcome.status == ("sent" if status == 200 else "unknown")
    assert written < 50


@pytest.mark.parametrize("says", [b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Slow: "])
def test_an_answer_that_drips_is_cut_off(
    settings: Settings, web: Web, monkeypatch: pytest.MonkeyPatch, says: bytes
) -> None:
    def drip(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(says)
        with suppress(OSError):
            while not gone:
                request.wfile.write(b"x")
                time.sleep(0.05)

    gone: list[bool] = []
    web.routes["/hook"] = drip
    monkeypatch.setattr(webhooks, "ANSWER_SECONDS", 0.5)
    began = time.monotonic()
    assert send(settings, at(web, "/hook")) == Outcome("sent")  # it says so at once
    gone.append(True)
    assert time.monotonic() - began < 5


def test_a_host_that_does_not_answer_does_not_cost_everybody_the_digest(
    settings: Settings, web: Web, published: Digest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(request: BaseHTTPRequestHandler) -> None:
        time.sleep(1)

    monkeypatch.setattr(webhooks, "ANSWER_SECONDS", 0.5)
    quick = settings.model_copy(update={"mail_retry_seconds": 0.01})
    web.routes |= {f"/hook{n}": silent for n in range(40)}
    subscribe_hooks(quick, *(at(web, path) for path in web.routes))
    lost = webhooks.MOST_UNANSWERED * quick.smtp_connections * quick.mail_rounds
    assert deliver(quick, NOW) == {"unknown": lost, "waiting": 40 - lost}
    web.routes |= dict.fromkeys(web.routes, answering(200))
    assert deliver(quick, NOW) == {"sent": 40 - lost, "done": lost}
    assert len({path for path, _ in web.requests}) == len(web.requests) == 40


def test_of_what_arrived_in_part_nothing_is_sent_again(settings: Settings, web: Web) -> None:
    long = replace(DIGEST, items=tuple(replace(item, headline="word " * 3000) for item in DIGEST.items))
    web.routes["/hook"] = answering(200, 429)
    assert send(settings, at(web, "/hook"), long) == Outcome(
        "unknown", "a part may have arrived: the service answered 429"
    )


def test_a_service_is_trusted_by_the_authorities_of_the_settings(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    got: list[str] = []

    class Hook(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["title"])
            self.send_response(200)
            self.end_headers()

    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    address = f"jsons://127.0.0.1:{server.server_port}/hook"
    ours = settings.model_copy(update={"http_ca_file": str(tmp_path / "ca.pem")})
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    assert send(settings, address) == webhooks.UNTRUSTED
    assert send(ours, address) == Outcome("sent")
    server.shutdown()
    server.server_close()
    thread.join()
    assert len(got) == 1


def test_what_else_uses_requests_is_served_as_ever(web: Web) -> None:
    web.routes["/old"] = answering(302, Location="/new")
    web.put("/new", b"x" * (2 * webhooks.ANSWER_BYTES))
    assert len(requests.post(f"{web.url}/old", data=b"x", timeout=5).content) == 2 * webhooks.ANSWER_BYTES
