"""Mails of a digest over a real SMTP server: complete, each once, every refusal and broken connection kept."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from bench.published import made_up_archive, publish
from digest_pipeline.cli import app
from digest_pipeline.delivery import ledger
from digest_pipeline.delivery.database import open_delivery
from digest_pipeline.delivery.deliver import deliver
from digest_pipeline.delivery.message import digest_message
from digest_pipeline.delivery.subscribers import SubscriberBook, new_id
from digest_pipeline.errors import DigestError
from digest_pipeline.models import Digest, Subscriber
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse import Warehouse
from tests.conftest import Web
from tests.hostile_text import hostile_digest
from tests.mail_server import Inbox, inbox
from tests.test_house_rules import MART

DAY = date(2026, 9, 14)
NOW = datetime(2026, 9, 15, 6, 30, tzinfo=UTC)


@pytest.fixture
def box() -> Iterator[Inbox]:
    with inbox() as box:
        yield box


@pytest.fixture
def mailed(settings: Settings, box: Inbox) -> Settings:
    return settings.model_copy(
        update={
            "smtp_host": "127.0.0.1", "smtp_port": box.port, "smtp_security": "none",
            "mail_from": "Five <digest@digest.example>", "site_url": "https://digest.example/",
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


def parts(message: EmailMessage) -> tuple[str, str]:
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert isinstance(text, EmailMessage)
    assert isinstance(html, EmailMessage)
    return text.get_content(), html.get_content()


def test_a_digest_arrives_once_and_whole(mailed: Settings, box: Inbox, published: Digest) -> None:
    subscribe(mailed, "ann", "bob")
    assert deliver(mailed, DAY, NOW) == {"sent": 2}
    assert deliver(mailed, DAY, NOW) == {"done": 2}
    assert sorted(message["To"] for message in box.messages) == ["ann@example.org", "bob@example.org"]
    message = box.messages[0]
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["List-Unsubscribe"].startswith("<https://digest.example/unsubscribe?token=")
    assert len({m["Message-ID"] for m in box.messages}) == 2
    assert len(message.as_bytes()) < 100_000
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
    assert deliver(mailed, DAY, NOW) == {"sent": 1, "refused": 1, "waiting": 1}
    box.answers = {}
    assert deliver(mailed, DAY, NOW) == {"sent": 1, "done": 2}
    assert [message["To"] for message in box.messages] == ["ann@example.org", "cem@example.org"]
    with open_delivery(mailed.subscribers) as con:
        rows = ledger.tally(con)
    assert [(row[2], row[3], row[4]) for row in rows] == [("refused", "the server answered 550", 1), ("sent", None, 2)]


def test_a_mail_whose_fate_is_unknown_is_not_sent_again(mailed: Settings, box: Inbox, published: Digest) -> None:
    subscribe(mailed, "ann", "bob")
    box.drops = {"ann@example.org"}
    assert deliver(mailed, DAY, NOW) == {"unknown": 1, "sent": 1}
    box.drops = set()
    assert deliver(mailed, DAY, NOW) == {"done": 2}
    assert [message["To"] for message in box.messages] == ["ann@example.org", "bob@example.org"]


def test_what_a_dead_process_had_begun_is_not_sent_again(mailed: Settings, box: Inbox, published: Digest) -> None:
    subscribe(mailed, "ann")
    with open_delivery(mailed.subscribers) as con:
        (ann,) = SubscriberBook(con).active()
        took = [
            ledger.claim(con, DAY, "mail", ann.subscriber_id, content_hash="h", message_id="<m>", claim_ids=["cl_1"])
            for _ in range(2)
        ]
    assert took == [True, False]
    assert deliver(mailed, DAY, NOW) == {"done": 1}
    assert box.messages == []


def test_what_is_put_off_each_time_is_given_up(mailed: Settings, box: Inbox, published: Digest) -> None:
    subscribe(mailed, "ann")
    box.answers = {"ann@example.org": "451 4.7.1 later"}
    assert [deliver(mailed, DAY, NOW) for _ in range(ledger.MOST_ATTEMPTS + 1)] == [
        *([{"waiting": 1}] * ledger.MOST_ATTEMPTS), {"done": 1}
    ]  # fmt: skip
    with open_delivery(mailed.subscribers) as con:
        assert ledger.tally(con)[0][2] == "given up"


def test_a_server_that_closes_is_asked_anew(mailed: Settings, box: Inbox, published: Digest) -> None:
    subscribe(mailed, "ann", "bob")
    box.answers = {"ann@example.org": "421 4.3.2 closing"}
    assert deliver(mailed, DAY, NOW) == {"waiting": 1, "sent": 1}
    box.answers = {}
    assert deliver(mailed, DAY, NOW) == {"done": 1, "sent": 1}


def test_a_killed_call_is_finished_by_the_next_and_nobody_gets_two(
    mailed: Settings, box: Inbox, published: Digest, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"reader{n}@example.org" for n in range(300)]
    subscribe(mailed, *(name.split("@")[0] for name in names))
    for name in ("smtp_host", "smtp_port", "smtp_security", "mail_from", "site_url"):
        monkeypatch.setenv(f"DIGEST_{name.upper()}", str(getattr(mailed, name)))
    command = [str(Path(sys.executable).with_name("digest")), "deliver", "--date", str(DAY), "--old"]
    for arrived in (5, 20, 35):
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            while len(box.messages) < arrived and process.poll() is None:
                time.sleep(0.001)
            process.kill()
        assert process.returncode == -signal.SIGKILL
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    got = [message["To"] for message in box.messages]
    assert len(got) == len(set(got))
    with open_delivery(mailed.subscribers) as con:
        begun = sum(count for _, _, status, _, count in ledger.tally(con) if status == "started")
    assert begun <= 3  # one a kill: on its way when the process died
    assert len(set(names) - set(got)) <= begun


def test_two_runs_at_once_send_one_mail_to_each(mailed: Settings, box: Inbox, published: Digest) -> None:
    names = [f"reader{n}" for n in range(25)]
    subscribe(mailed, *names)
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda _: deliver(mailed, DAY, NOW), range(2)))
    assert done[0]["sent"] + done[1]["sent"] == 25
    assert sorted(message["To"] for message in box.messages) == sorted(f"{name}@example.org" for name in names)


def test_a_mail_waits_for_its_readers_hour_and_an_old_day_for_a_word(
    mailed: Settings, box: Inbox, published: Digest
) -> None:
    subscribe(mailed, "ann", hour=8)
    assert deliver(mailed, DAY, NOW) == {"not yet": 1}
    assert deliver(mailed, DAY, NOW.replace(hour=8)) == {"sent": 1}
    subscribe(mailed, "bob")
    with pytest.raises(DigestError, match="days old"):
        deliver(mailed, DAY, NOW + timedelta(days=30))
    assert deliver(mailed, DAY, NOW + timedelta(days=30), even_if_old=True) == {"sent": 1, "done": 1}


def test_nothing_that_a_reader_got_is_sent_to_them_again(mailed: Settings, box: Inbox, published: Digest) -> None:
    subscribe(mailed, "ann")
    with open_delivery(mailed.subscribers) as con:
        (ann,) = SubscriberBook(con).active()
        ledger.claim(
            con, DAY - timedelta(days=1), "mail", ann.subscriber_id, content_hash="h", message_id="<m>",
            claim_ids=[published.items[0].claim_id],
        )  # fmt: skip
    assert deliver(mailed, DAY, NOW) == {"sent": 1}
    text, _ = parts(box.messages[0])
    assert published.items[0].headline not in text
    assert published.items[1].headline in text


def test_no_server_or_no_answer_is_named(settings: Settings, published: Digest) -> None:
    subscribe(settings, "ann")
    with pytest.raises(DigestError, match="no mail server"):
        deliver(settings, DAY, NOW)
    dead = {"smtp_host": "127.0.0.1", "smtp_port": 1, "smtp_security": "none", "mail_from": "d@digest.example"}
    with pytest.raises(DigestError, match="cannot be used"):
        deliver(settings.model_copy(update=dead), DAY, NOW)
    with open_delivery(settings.subscribers) as con:
        assert ledger.tally(con) == []


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
    assert deliver(settings, DAY, NOW) == {"sent": 1, "unknown": 1}
    assert deliver(settings, DAY, NOW) == {"done": 2}
    assert len(got) == 2
    assert got[0]["title"] == "Five from the feeds: Monday, 14 September 2026"
    assert all(item.headline in got[0]["message"] for item in published.items)


def test_hostile_text_stays_text(settings: Settings) -> None:
    hostile = hostile_digest(DAY)
    first = replace(hostile.items[0], headline="A line\r\nBcc: evil@example.org")
    digest = replace(hostile, items=(first, *hostile.items[1:]))
    sender = settings.model_copy(update={"mail_from": "Five <digest@digest.example>"})
    message = digest_message(sender, Subscriber("su_1", "mail", "ann@example.org"), digest, None)
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
