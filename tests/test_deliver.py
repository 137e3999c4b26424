"""Mails of a digest over a real SMTP server: complete, each once, every refusal and broken connection kept."""

import json
import re
import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import numpy as np
import pytest
import trustme
from aiosmtpd.smtp import AuthResult, LoginPassword
from bs4 import BeautifulSoup
from dagster import AssetSpec, DagsterInstance, materialize
from pydantic import SecretStr
from typer.testing import CliRunner

from assets.deliveries import deliveries
from bench.delivery import Books, deliver_with_kills, mail_server, prepare, start
from bench.published import made_up_archive, publish
from digest_pipeline.cli import app
from digest_pipeline.delivery import ledger
from digest_pipeline.delivery.database import open_delivery
from digest_pipeline.delivery.deliver import deliver
from digest_pipeline.delivery.ledger import Delivery, Outcome
from digest_pipeline.delivery.message import digest_message
from digest_pipeline.delivery.notify import NotifySender
from digest_pipeline.delivery.report import copy_ledger
from digest_pipeline.delivery.subscribers import SubscriberBook, new_id
from digest_pipeline.errors import DigestError
from digest_pipeline.models import Digest, Subscriber
from digest_pipeline.publishing.pages import Site, day_page
from digest_pipeline.publishing.store import record_digest
from digest_pipeline.resources import SettingsResource, WarehouseResource
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse import Warehouse
from tests.conftest import Web
from tests.hostile_text import hostile_digest
from tests.mail_server import Inbox, inbox
from tests.test_house_rules import MART

DAY = date(2026, 9, 14)
NOW = datetime(2026, 9, 15, 6, 30, tzinfo=UTC)
SINCE = datetime(2026, 9, 1)


@pytest.fixture
def box() -> Iterator[Inbox]:
    with inbox() as box:
        yield box


@pytest.fixture
def mailed(settings: Settings, box: Inbox) -> Settings:
    return settings.model_copy(
        update={
            "smtp_host": "127.0.0.1", "smtp_port": box.port, "smtp_security": "none",
            "mail_retry_seconds": 0.01, "mail_from": "Five <digest@digest.example>", "site_url": "https://digest.example/",
        }
    )  # fmt: skip


@pytest.fixture
def published(warehouse: Warehouse) -> Digest:
    digest = next(iter(made_up_archive(DAY, 1)))
    with warehouse.write() as con:
        publish(con, digest, np.random.default_rng(1))
        con.execute(MART.replace("daily_top_insights", "fct_insights") + " where false")
    return digest


def subscribe(settings: Settings, *names: str, hour: int | None = None) -> None:
    with open_delivery(settings.subscribers) as con:
        for name in names:
            SubscriberBook(con).save(
                Subscriber(new_id(), "mail", f"{name}@example.org", is_active=True, hour=hour, timezone="UTC")
            )
        con.execute("update subscribers set confirmed_at = ?", [SINCE.isoformat()])


def parts(message: EmailMessage) -> tuple[str, str]:
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert isinstance(text, EmailMessage)
    assert isinstance(html, EmailMessage)
    return text.get_content(), html.get_content()


def test_a_digest_arrives_once_and_whole(mailed: Settings, box: Inbox, published: Digest) -> None:
    subscribe(mailed, "ann", "bob")
    assert deliver(mailed, NOW) == {"sent": 2}
    assert deliver(mailed, NOW) == {"done": 2}
    assert sorted(message["To"] for message in box.messages) == ["ann@example.org", "bob@example.org"]
    message = box.messages[0]
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["List-Unsubscribe"].startswith("<https://digest.example/unsubscribe?token=")
    assert len({m["Message-ID"] for m in box.messages}) == 2
    assert len(message.as_bytes()) < 100_000
    # As it came over the wire: a header in encoded words reads the same here, and in no mail program.
    assert re.search(rb"(?m)^List-Unsubscribe: <https://digest\.example/unsubscribe\?token=[\w.-]+>\r$", box.raw[0])
    text, html = parts(message)
    for item in published.items:
        assert item.headline in text
        assert item.quote in text
    assert html.count("<h2") == len(published.items)


def test_who_was_refused_for_good_is_not_asked_again_and_who_was_put_off_is(
    mailed: Settings, box: Inbox, published: Digest
) -> None:
    subscribe(mailed, "ann", "bob", "cem")
    box.answers = {"bob@example.org": "550 5.1.1 no such mailbox", "cem@example.org": "451 4.7.1 later"}
    assert deliver(mailed, NOW) == {"sent": 1, "refused": 1, "waiting": 1}
    with open_delivery(mailed.subscribers) as con:
        assert con.execute("select attempts from deliveries where status = 'waiting'").fetchall() == [(3,)]
    box.answers = {}
    assert deliver(mailed, NOW) == {"sent": 1, "done": 2}
    assert [message["To"] for message in box.messages] == ["ann@example.org", "cem@example.org"]
    with open_delivery(mailed.subscribers) as con:
        rows = ledger.tally(con)
    assert [(row[2], row[3], row[4]) for row in rows] == [
        ("refused", "the server answered 550 5.1.1", 1),
        ("sent", None, 2),
    ]


def test_a_mail_whose_fate_is_unknown_is_not_sent_again(mailed: Settings, box: Inbox, published: Digest) -> None:
    subscribe(mailed, "ann", "bob")
    box.drops = {"ann@example.org"}
    assert deliver(mailed, NOW) == {"unknown": 1, "sent": 1}
    box.drops = set()
    assert deliver(mailed, NOW) == {"done": 2}
    assert sorted(message["To"] for message in box.messages) == ["ann@example.org", "bob@example.org"]


def test_what_a_dead_process_had_begun_is_not_sent_again(mailed: Settings, box: Inbox, published: Digest) -> None:
    subscribe(mailed, "ann")
    with open_delivery(mailed.subscribers) as con:
        (ann,) = SubscriberBook(con).active()
        assert [ledger.claim(con, Delivery(ann, (published,))) for _ in range(2)] == [True, False]
    assert deliver(mailed, NOW) == {"done": 1}
    assert box.messages == []


def test_two_processes_at_once_send_one_mail_to_each(tmp_path: Path) -> None:
    with mail_server(tmp_path, 0.02) as (port, log):
        home = prepare(tmp_path / "home", 50)
        for child in [start("ours", home, port) for _ in range(2)]:
            child.communicate()
            assert child.returncode == 0
        Books.read(home, log).verdict(50)


def test_a_mail_waits_for_its_readers_hour_and_an_old_day_for_a_word(
    mailed: Settings, box: Inbox, published: Digest
) -> None:
    subscribe(mailed, "ann", hour=8)
    assert deliver(mailed, NOW) == {"not yet": 1}
    assert deliver(mailed, NOW.replace(hour=8)) == {"sent": 1}
    subscribe(mailed, "bob")
    later = NOW + timedelta(days=30)
    assert deliver(mailed, later) == {"done": 2}
    with pytest.raises(DigestError, match="is older than"):
        deliver(mailed, later, day=DAY)
    assert deliver(mailed, later, day=DAY, even_if_old=True) == {"sent": 1, "done": 1}


def test_an_hour_that_comes_after_the_next_day_is_published_gets_the_day_before(
    mailed: Settings, box: Inbox, three_days: list[Digest]
) -> None:
    subscribe(mailed, "ann", hour=20)
    second, third = (NOW + timedelta(days=n) for n in (1, 2))
    assert deliver(mailed, third.replace(hour=19)) == {"sent": 1}  # two days; the third from 20:00 on
    assert deliver(mailed, third.replace(hour=19)) == {"not yet": 1}
    assert deliver(mailed, third.replace(hour=20)) == {"sent": 1}
    with open_delivery(mailed.subscribers) as con:
        assert {(row[0], row[2]) for row in ledger.tally(con)} == {
            (d.digest_date.isoformat(), "sent") for d in three_days
        }
    subscribe(mailed, "bob", hour=20)
    latest = mailed.model_copy(update={"mail_missed_days": "latest"})
    assert deliver(latest, second.replace(hour=20)) == {"sent": 1, "done": 1}


def test_nothing_that_a_reader_got_is_sent_to_them_again(mailed: Settings, box: Inbox, published: Digest) -> None:
    subscribe(mailed, "ann")
    with open_delivery(mailed.subscribers) as con:
        (ann,) = SubscriberBook(con).active()
        earlier = Digest(DAY - timedelta(days=1), published.items[:1])
        ledger.claim(con, Delivery(ann, (earlier,)))
    assert deliver(mailed, NOW) == {"sent": 1}
    text, _ = parts(box.messages[0])
    assert published.items[0].headline not in text
    assert published.items[1].headline in text


def test_no_server_or_no_answer_is_named(settings: Settings, published: Digest) -> None:
    assert deliver(settings, NOW) == {}
    subscribe(settings, "ann")
    assert deliver(settings, NOW) == {"no server": 1}
    dead = {
        "smtp_host": "127.0.0.1",
        "smtp_port": 1,
        "smtp_security": "none",
        "mail_from": "d@digest.example",
        "mail_retry_seconds": 0,
    }
    with pytest.raises(DigestError, match="cannot be reached"):
        deliver(settings.model_copy(update=dead), NOW)
    with open_delivery(settings.subscribers) as con:
        assert ledger.tally(con) == []


def test_hostile_text_stays_text(settings: Settings) -> None:
    hostile = hostile_digest(DAY)
    first = replace(hostile.items[0], headline="A line\r\nBcc: evil@example.org")
    digest = replace(hostile, items=(first, *hostile.items[1:]))
    sender = settings.model_copy(update={"mail_from": "Five <digest@digest.example>"})
    message = digest_message(sender, Delivery(Subscriber("su_1", "mail", "ann@example.org"), (digest,)), None)
    assert message["Bcc"] is None
    assert message["Subject"] == "A line Bcc: evil@example.org"
    _, html = parts(message)
    assert "<script" not in html
    assert len(message.as_bytes()) < 100_000


def test_a_preview_sends_nothing(settings: Settings, published: Digest, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["deliver", "--preview", str(tmp_path / "mail.eml")])
    assert result.exit_code == 0, result.output
    assert b"reader@example.org" in (tmp_path / "mail.eml").read_bytes()
    shown = CliRunner().invoke(app, ["deliveries"])
    assert "Nothing was delivered yet" in shown.output


def test_what_is_put_off_or_broken_off_before_its_text_is_sent_in_the_next_round(
    mailed: Settings, box: Inbox, published: Digest
) -> None:
    subscribe(mailed, "ann", "bob", "cem")
    box.answers = {"ann@example.org": ["451 4.7.1 later", "421 4.7.0 closing"]}
    box.drops_early = {"bob@example.org": 2}
    assert deliver(mailed, NOW) == {"sent": 3}
    assert sorted(message["To"] for message in box.messages) == [f"{n}@example.org" for n in ("ann", "bob", "cem")]


def test_connections_are_kept_for_many_mails(mailed: Settings, box: Inbox, published: Digest) -> None:
    subscribe(mailed, *[f"reader{n}" for n in range(20)])
    assert deliver(mailed, NOW) == {"sent": 20}
    assert box.connections == mailed.smtp_connections


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_mail_goes_encrypted_and_after_a_login(
    mailed: Settings, published: Digest, tmp_path: Path, security: str
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    encrypted = (
        {"tls_context": context, "require_starttls": True, "auth_required": True}
        if security == "starttls"
        else {"ssl_context": context, "auth_require_tls": False}
    )
    subscribe(mailed, "ann")
    with inbox(authenticator=only_the_digest, **encrypted) as box:
        secure = mailed.model_copy(
            update={
                "smtp_port": box.port, "smtp_security": security,
                "smtp_username": "digest", "smtp_password": SecretStr("wrong"),
                "http_ca_file": str(tmp_path / "ca.pem"),
            }
        )  # fmt: skip
        with pytest.raises(DigestError, match="cannot be used: SMTPAuthenticationError"):
            deliver(secure, NOW)
        with pytest.raises(DigestError, match="cannot be used: SSLCertVerificationError"):
            deliver(secure.model_copy(update={"http_ca_file": ""}), NOW)
        right = secure.model_copy(update={"smtp_password": SecretStr("right")})
        assert deliver(right, NOW) == {"sent": 1}
        assert [message["To"] for message in box.messages] == ["ann@example.org"]


def only_the_digest(
    _server: object, _session: object, _envelope: object, _how: str, login: LoginPassword
) -> AuthResult:
    return AuthResult(success=(login.login, login.password) == (b"digest", b"right"), handled=False)


@pytest.fixture
def three_days(warehouse: Warehouse, published: Digest) -> list[Digest]:
    """The published day and the two after it."""
    digests = made_up_archive(DAY, 3)
    with warehouse.write() as con:
        for digest in digests[1:]:
            publish(con, digest, np.random.default_rng(1))
    return digests


def test_missed_days_come_as_one_mail_newest_first(mailed: Settings, box: Inbox, three_days: list[Digest]) -> None:
    subscribe(mailed, "ann")
    now = NOW + timedelta(days=2)
    assert deliver(mailed, now) == {"sent": 1}
    assert deliver(mailed, now) == {"done": 1}
    text, html = parts(box.messages[0])
    headlines = [item.headline for digest in reversed(three_days) for item in digest.items]
    for body in (text, BeautifulSoup(html, "html.parser").get_text()):
        places = [body.index(headline) for headline in dict.fromkeys(headlines)]
        assert places == sorted(places)
    with open_delivery(mailed.subscribers) as con:
        assert [row[0] for row in ledger.tally(con)] == ["2026-09-16", "2026-09-15", "2026-09-14"]


def test_missed_days_can_be_skipped(mailed: Settings, box: Inbox, three_days: list[Digest]) -> None:
    subscribe(mailed, "ann")
    latest, now = mailed.model_copy(update={"mail_missed_days": "latest"}), NOW + timedelta(days=2)
    assert deliver(latest, now) == {"sent": 1}
    assert deliver(latest, now) == {"done": 1}
    with open_delivery(mailed.subscribers) as con:
        assert [row[0] for row in ledger.tally(con)] == ["2026-09-16"]


def test_a_day_published_after_a_later_one_sends_nothing_unless_told(
    warehouse: Warehouse, mailed: Settings, box: Inbox, published: Digest
) -> None:
    subscribe(mailed, "ann")
    assert deliver(mailed, NOW) == {"sent": 1}
    before = made_up_archive(DAY - timedelta(days=1), 1)[0]
    with warehouse.write() as con:
        publish(con, before, np.random.default_rng(1))
    assert deliver(mailed, NOW) == {"done": 1}
    assert deliver(mailed, NOW, day=before.digest_date) == {"sent": 1}


def test_who_subscribes_gets_the_latest_day_and_none_before(
    mailed: Settings, box: Inbox, three_days: list[Digest]
) -> None:
    subscribe(mailed, "ann")
    with open_delivery(mailed.subscribers) as con:
        con.execute(
            "update subscribers set confirmed_at = ?", [(NOW + timedelta(days=2)).replace(tzinfo=None).isoformat()]
        )
    assert deliver(mailed, NOW + timedelta(days=2)) == {"sent": 1}
    with open_delivery(mailed.subscribers) as con:
        assert [row[0] for row in ledger.tally(con)] == ["2026-09-16"]


def test_an_empty_day_sends_nothing_unless_asked(
    warehouse: Warehouse, mailed: Settings, box: Inbox, published: Digest
) -> None:
    subscribe(mailed, "ann")
    empty = Digest(DAY + timedelta(days=1), (), episodes=2, shows=1)
    with warehouse.write() as con:
        record_digest(con, empty)
    assert deliver(mailed, NOW) == {"sent": 1}
    now = NOW + timedelta(days=1)
    assert deliver(mailed, now) == {"done": 1}
    assert deliver(mailed.model_copy(update={"mail_empty_days": True}), now) == {"sent": 1}
    for body in parts(box.messages[1]):
        assert "2 new episodes, and nothing in them" in body


def test_an_operator_can_try_again_what_nobody_knows_of(mailed: Settings, box: Inbox, published: Digest) -> None:
    subscribe(mailed, "ann", "bob")
    with open_delivery(mailed.subscribers) as con:
        ann, bob = SubscriberBook(con).active()
        for one in (ann, bob):
            ledger.claim(con, Delivery(one, (published,)))
        ledger.finish(con, Delivery(ann, (published,)), Outcome("unknown"))
        assert len(ledger.reopen(con, DAY, ledger.Retriable.UNKNOWN)) == 1  # bob's may be under way just now
        con.execute("update deliveries set started_at = '2026-09-15T06:00:00+00:00'")
        assert len(ledger.reopen(con, DAY, ledger.Retriable.UNKNOWN)) == 1
    assert deliver(mailed, NOW, day=DAY) == {"sent": 2}


def test_another_try_that_is_put_off_goes_with_a_later_call(
    mailed: Settings, box: Inbox, three_days: list[Digest]
) -> None:
    subscribe(mailed, "ann")
    now = NOW + timedelta(days=2)
    assert deliver(mailed, now) == {"sent": 1}
    with open_delivery(mailed.subscribers) as con:
        con.execute("update deliveries set status = 'unknown' where digest_date = ?", [DAY.isoformat()])
        again = ledger.reopen(con, DAY, ledger.Retriable.UNKNOWN)
    box.answers = {"ann@example.org": "451 later"}
    assert deliver(mailed, now, day=DAY, only=again) == {"waiting": 1}
    box.answers = {}
    assert deliver(mailed, now) == {"sent": 1}
    assert deliver(mailed, now) == {"done": 1}


def test_another_try_goes_to_those_whom_it_is_for_alone(mailed: Settings, box: Inbox, published: Digest) -> None:
    subscribe(mailed, "ann")
    box.answers = {"ann@example.org": "550 no"}
    assert deliver(mailed, NOW) == {"refused": 1}
    box.answers = {}
    subscribe(mailed, "bob")  # weeks later, for all that the retried day knows
    result = retry_by_hand(mailed, "refused")
    assert [message["To"] for message in box.messages] == ["ann@example.org"], result
    with open_delivery(mailed.subscribers) as con:
        assert sum(len(days) for days in ledger.statuses(con).values()) == 1


def retry_by_hand(settings: Settings, status: str) -> str:
    environment = {
        f"DIGEST_{name.upper()}": str(getattr(settings, name))
        for name in ("home", "smtp_host", "smtp_port", "smtp_security", "mail_from", "site_url")
    }
    return CliRunner().invoke(app, ["deliveries", "--date", DAY.isoformat(), "--retry", status], env=environment).output


def test_who_leaves_while_mails_go_out_gets_none(mailed: Settings, box: Inbox, published: Digest) -> None:
    subscribe(mailed, "ann")
    with open_delivery(mailed.subscribers) as con:
        (ann,) = SubscriberBook(con).active()
        SubscriberBook(con).erase(ann.subscriber_id, suppress=True)
        assert not ledger.claim(con, Delivery(ann, (published,)))
        assert ledger.statuses(con) == {}
        assert ledger.delivered_claims(con, ann.subscriber_id) == frozenset()


def test_who_leaves_and_comes_back_does_not_get_the_same_digest_again(
    mailed: Settings, box: Inbox, published: Digest
) -> None:
    subscribe(mailed, "ann")
    assert deliver(mailed, NOW) == {"sent": 1}
    with open_delivery(mailed.subscribers) as con:
        book = SubscriberBook(con)
        book.erase(book.active()[0].subscriber_id, suppress=True)
        again = book.save(Subscriber(new_id(), "mail", "ann@example.org"))
        book.confirm(again.subscriber_id)
        con.execute("update subscribers set confirmed_at = ?", [NOW.replace(tzinfo=None).isoformat()])
    assert deliver(mailed, NOW) == {"done": 1}
    assert len(box.messages) == 1


@pytest.mark.parametrize("word", ["口", "word "])
def test_a_long_headline_makes_a_whole_subject_in_every_script(
    settings: Settings, published: Digest, word: str
) -> None:
    (first, *_) = published.items
    digest = replace(published, items=(replace(first, headline=word * 122),))
    sender = settings.model_copy(update={"mail_from": "digest@example.org"})
    subject = digest_message(sender, Delivery(Subscriber("su_1", "mail", "a@example.org"), (digest,)), None)["Subject"]
    assert 90 <= len(subject) <= 100
    assert subject == f"{(word * 122)[: len(subject) - 1]}…"


def test_analysts_get_a_copy_of_the_ledger_without_addresses(
    warehouse: Warehouse, mailed: Settings, box: Inbox, published: Digest
) -> None:
    subscribe(mailed, "ann")
    box.answers = {"ann@example.org": "451 later"}
    for expected in ("waiting", "sent"):
        deliver(mailed, NOW)
        with open_delivery(mailed.subscribers) as con:
            copy_ledger(con, warehouse, datetime.now(UTC))
        box.answers = {}
        with warehouse.read() as tables:
            rows = tables.execute("select digest_date, channel, recipient, status from raw.deliveries").fetchall()
        assert [(row[0], row[1], row[2][:3], row[3]) for row in rows] == [(DAY, "mail", "su_", expected)]


def test_dagster_delivers_what_is_due_and_shows_what_became_of_it_without_addresses(
    mailed: Settings, box: Inbox, published: Digest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("smtp_host", "smtp_port", "smtp_security", "mail_from", "site_url", "mail_retry_seconds"):
        monkeypatch.setenv(f"DIGEST_{name.upper()}", str(getattr(mailed, name)))
    monkeypatch.setenv("DIGEST_MAIL_DAYS_BACK", "365")
    subscribe(mailed, "marker.ann", "marker.bob", "marker.cem")
    box.answers = {"marker.bob@example.org": "550 5.1.1 <marker.bob@example.org> unknown"}
    resources = {"warehouse": WarehouseResource(database=str(mailed.database)), "settings": SettingsResource()}
    (tmp_path / "dagster").mkdir()
    with DagsterInstance.local_temp(str(tmp_path / "dagster")) as instance:
        made = [
            materialize([deliveries, AssetSpec("daily_digest")], resources=resources, instance=instance)
            .asset_materializations_for_node("deliveries")[0]
            .metadata
            for _ in range(2)
        ]
    said = [{name: made_once[name].value for name in ("sent", "failed", "skipped")} for made_once in made]
    assert said == [{"sent": 2, "failed": 1, "skipped": 0}, {"sent": 0, "failed": 0, "skipped": 3}]
    assert "the server answered 550 5.1.1" in str(made[1]["last_days"].value)
    assert len(box.messages) == 2
    holders = {p.name.split("-")[0] for p in tmp_path.rglob("*") if p.is_file() and b"marker." in p.read_bytes()}
    assert holders == {"subscribers.sqlite"}


def test_what_waits_is_given_up_when_its_day_is_old(mailed: Settings, box: Inbox, published: Digest) -> None:
    subscribe(mailed, "ann")
    box.answers = {"ann@example.org": "451 4.7.1 later"}
    assert deliver(mailed, NOW) == {"waiting": 1}
    box.answers = {}
    later = NOW + timedelta(days=mailed.mail_days_back + 1)
    assert deliver(mailed, later) == {"done": 1}
    with open_delivery(mailed.subscribers) as con:
        assert ledger.tally(con)[0][2] == "given up"
        assert len(ledger.reopen(con, DAY, ledger.Retriable.GIVEN_UP)) == 1
    assert deliver(mailed, later, day=DAY, even_if_old=True) == {"sent": 1}


def test_an_address_that_bounces_is_held_until_it_is_added_again(
    mailed: Settings, box: Inbox, three_days: list[Digest]
) -> None:
    subscribe(mailed, "ann")
    box.answers = {"ann@example.org": "550 5.1.1 <ann@example.org> unknown"}
    patient = mailed.model_copy(update={"mail_bounces": 2})
    with open_delivery(mailed.subscribers) as con:
        con.execute("update subscribers set subscribed_at = ?", [SINCE.isoformat()])
    for day in three_days[:2]:
        assert deliver(patient, NOW + timedelta(days=2), day=day.digest_date) == {"refused": 1}
    assert deliver(patient, NOW + timedelta(days=2)) == {"bouncing": 1}
    with open_delivery(mailed.subscribers) as con:
        assert ledger.tally(con)[0][3] == "the server answered 550 5.1.1"
        con.execute("update deliveries set started_at = '2026-09-16T06:30:00+00:00'")
    box.answers = {}
    subscribe(mailed, "ann")
    assert deliver(patient, NOW + timedelta(days=2)) == {"sent": 1}


def test_another_channel_gets_the_headlines_once(settings: Settings, web: Web, published: Digest) -> None:
    got: list[dict[str, str]] = []

    def hook(request: BaseHTTPRequestHandler) -> None:
        got.append(json.loads(request.rfile.read(int(request.headers["Content-Length"]))))
        request.send_response(200 if request.path == "/good" else 500)
        request.send_header("Content-Length", "0")
        request.end_headers()

    web.routes |= {"/good": hook, "/bad": hook}
    with open_delivery(settings.subscribers) as con:
        for path in ("good", "bad"):
            address = f"{web.url.replace('http', 'json')}/{path}"
            SubscriberBook(con).save(Subscriber(new_id(), "notify", address, is_active=True))
        con.execute("update subscribers set confirmed_at = ?", [SINCE.isoformat()])
    assert deliver(settings, NOW) == {"sent": 1, "unknown": 1}
    assert deliver(settings, NOW) == {"done": 2}
    assert len(got) == 2
    assert got[0]["title"] == "Five from the feeds: Monday, 14 September 2026"
    assert all(item.headline in got[0]["message"] for item in published.items)


def test_what_is_too_long_for_a_channel_is_split(settings: Settings, web: Web, published: Digest) -> None:
    got: list[str] = []

    def hook(request: BaseHTTPRequestHandler) -> None:
        got.append(json.loads(request.rfile.read(int(request.headers["Content-Length"])))["message"])
        request.send_response(200)
        request.send_header("Content-Length", "0")
        request.end_headers()

    web.routes["/hook"] = hook
    long = replace(published, items=tuple(replace(item, headline="word " * 3000) for item in published.items))
    one = Subscriber("su_1", "notify", f"{web.url.replace('http', 'json')}/hook", is_active=True)
    assert NotifySender(settings).send(Delivery(one, (long,)), lambda: True) == Outcome("sent")
    assert len(got) > 1
    assert sum(text.count("word") for text in got) == 3000 * len(published.items)


def test_a_mail_stays_small_and_has_the_headers_of_a_list(settings: Settings) -> None:
    long = replace(
        made_up_archive(DAY, 1)[0].items[0],
        explanation="😀 word " * 3000, quote="ф" * 30_000, audio_url="https://a.example/" + "x" * 5000,
    )  # fmt: skip
    digests = tuple(
        Digest(day.digest_date, tuple(replace(long, rank=n + 1) for n in range(20)))
        for day in reversed(made_up_archive(DAY, 3))
    )
    sender = settings.model_copy(
        update={
            "mail_from": "Five <digest@digest.example>", "mail_reply_to": "editor@digest.example",
            "mail_postal_address": "1 Feed Street", "site_url": "https://digest.example/",
        }
    )  # fmt: skip
    delivery = Delivery(Subscriber("su_1", "mail", "ann@xn--bcher-kva.example"), digests)
    message, again = (digest_message(sender, delivery, "https://digest.example/u?token=t") for _ in range(2))
    assert len(message.as_bytes()) < 100_000
    assert message["To"] == "ann@xn--bcher-kva.example"
    assert message["Message-ID"] == again["Message-ID"]
    assert message["Reply-To"] == "editor@digest.example"
    assert message["List-Id"] == "<five.digest.example>"
    assert message["List-Unsubscribe"] == "<https://digest.example/u?token=t>"
    assert message["Date"]
    for body in parts(message):
        assert "1 Feed Street" in body
        assert "42 more insights of these days are " in body


@pytest.mark.parametrize(
    ("wishes", "days", "text", "html"),
    [
        ("", 3, "are on the site: https://digest.example/archive.html\n", 'are <a href="https://digest.example/archive.html"'),
        ("", 1, "is on the site: https://digest.example/days/2026-09-14.html\n",
         'is <a href="https://digest.example/days/2026-09-14.html"'),
        ("grid storage", 3, "are left out here.\n", "are left out here.</p>"),  # not every personal pick has a page
    ],
)  # fmt: skip
def test_a_mail_leads_to_what_it_leaves_out_where_that_is_on_the_site(
    settings: Settings, wishes: str, days: int, text: str, html: str
) -> None:
    one = made_up_archive(DAY, 1)[0].items[0]
    items = tuple(replace(one, rank=n + 1) for n in range(20 if days > 1 else 21))
    digests = tuple(Digest(day.digest_date, items) for day in reversed(made_up_archive(DAY, days)))
    reader = Subscriber("su_1", "mail", "ann@example.org", interests=wishes)
    public = settings.model_copy(
        update={"mail_from": "Five <digest@digest.example>", "site_url": "https://digest.example/"}
    )
    bodies = parts(digest_message(public, Delivery(reader, digests), None))
    assert (text in bodies[0], html in bodies[1]) == (True, True), bodies
    nowhere = parts(digest_message(public.model_copy(update={"site_url": ""}), Delivery(reader, digests), None))
    assert all("left out here." in body for body in nowhere)


def test_links_of_a_mail_are_addresses(settings: Settings) -> None:
    odd = replace(made_up_archive(DAY, 1)[0].items[0], link="https://shows.example/my show/ep 1 <b>.html")
    sender = settings.model_copy(update={"mail_from": "Five <digest@digest.example>"})
    reader = Subscriber("su_1", "mail", "ann@example.org")
    text, html = parts(digest_message(sender, Delivery(reader, (Digest(DAY, (odd,)),)), None))
    assert "\nhttps://shows.example/my%20show/ep%201%20%3Cb%3E.html\n" in text
    assert 'href="https://shows.example/my%20show/ep%201%20%3Cb%3E.html"' in html


@pytest.mark.parametrize(
    ("episodes", "said"),
    [
        (0, "No new episodes today."),
        (1, "1 new episode, and nothing in it that deserves your time."),
        (3, "3 new episodes, and nothing in them that deserves your time."),
    ],
)
def test_a_mail_of_an_empty_day_says_what_the_page_says(settings: Settings, episodes: int, said: str) -> None:
    empty = Digest(DAY, (), episodes=episodes)
    sender = settings.model_copy(update={"mail_from": "Five <digest@digest.example>"})
    message = digest_message(sender, Delivery(Subscriber("su_1", "mail", "ann@example.org"), (empty,)), None)
    page = day_page(Site("Five"), empty, older=None, newer=None)
    for body in (*parts(message), page):
        assert said in body
    assert f"{said}\n" in parts(message)[0]


def test_a_delivery_that_is_killed_and_called_again_sends_none_twice_and_loses_no_accepted_one(tmp_path: Path) -> None:
    with mail_server(tmp_path, 0.02) as (port, log):
        home = prepare(tmp_path / "home", 60)
        killed = deliver_with_kills(home, port, log, 3, seconds_a_life=0.1, seed=3)
        books = Books.read(home, log)
    assert killed
    books.verdict(60)
    open_ended = sum(status in ("started", "unknown") for status in books.ledger.values())
    assert open_ended <= killed * Settings(home=home).smtp_connections + 1  # one is dropped late
