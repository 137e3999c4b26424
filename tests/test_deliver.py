"""Digests arrive: whole, each once, whatever is killed, and what others are told of it."""

import os
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dagster import AssetSpec, DagsterInstance, materialize
from typer.testing import CliRunner

from assets.deliveries import deliveries
from bench.delivery import Books, deliver_with_kills, mail_server, prepare, start
from digest_pipeline.cli import app
from digest_pipeline.delivery import ledger
from digest_pipeline.delivery.database import open_delivery
from digest_pipeline.delivery.deliver import deliver
from digest_pipeline.delivery.ledger import Delivery
from digest_pipeline.delivery.report import copy_ledger
from digest_pipeline.delivery.subscribers import SubscriberBook, new_id
from digest_pipeline.models import Digest, Subscriber
from digest_pipeline.resources import SettingsResource, WarehouseResource
from digest_pipeline.settings import Settings
from digest_pipeline.stopping import TO_STOP
from digest_pipeline.warehouse import Warehouse
from tests.mail_server import Inbox
from tests.readers import DAY, NOW, parts, subscribe


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


def test_a_delivery_that_is_killed_and_called_again_sends_none_twice_and_loses_no_accepted_one(tmp_path: Path) -> None:
    with mail_server(tmp_path, 0.02) as (port, log):
        home = prepare(tmp_path / "home", 60)
        killed = deliver_with_kills(home, port, log, 3, seconds_a_life=0.1, seed=3)
        books = Books.read(home, log)
    assert killed
    books.verdict(60)
    open_ended = sum(status in ("started", "unknown") for status in books.ledger.values())
    assert open_ended <= killed * Settings(home=home).smtp_connections + 1  # one is dropped late


@pytest.mark.parametrize("number", TO_STOP)
def test_a_delivery_that_is_told_to_stop_ends_what_is_on_its_way_and_begins_nothing(
    tmp_path: Path, number: signal.Signals
) -> None:
    with mail_server(tmp_path, 0.1) as (port, log):
        home = prepare(tmp_path / "home", 200)
        settings = {
            "home": home, "smtp_host": "127.0.0.1", "smtp_port": port, "smtp_security": "none",
            "mail_from": "d@digest.example", "mail_days_back": 3650,
        }  # fmt: skip
        environment = os.environ | {f"DIGEST_{name.upper()}": str(value) for name, value in settings.items()}
        command = [sys.executable, "-m", "digest_pipeline.cli", "deliver"]
        with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as child:
            while not log.stat().st_size and child.poll() is None:
                time.sleep(0.01)
            child.send_signal(number)
            _, said = child.communicate(timeout=60)
        books = Books.read(home, log)
    assert "the delivery was stopped" in said
    assert 0 < len(books.accepted) < 100
    assert {books.ledger[reader] for reader in books.accepted} <= {"sent", "unknown"}  # some are dropped late
    assert "started" not in books.ledger.values()


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


def test_a_preview_sends_nothing(settings: Settings, published: Digest, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["deliver", "--preview", str(tmp_path / "mail.eml")])
    assert result.exit_code == 0, result.output
    assert b"reader@example.org" in (tmp_path / "mail.eml").read_bytes()
    shown = CliRunner().invoke(app, ["deliveries"])
    assert "Nothing was delivered yet" in shown.output


def test_deliveries_show_the_last_days_unless_one_is_asked_for(settings: Settings) -> None:
    with open_delivery(settings.subscribers) as con:
        for days in range(20):
            con.execute(
                "insert into deliveries values (?, 'mail', 'su_1', 'hash', 'sent', 1, null, null, ?, ?)",
                [(DAY - timedelta(days=days)).isoformat(), NOW.isoformat(), NOW.isoformat()],
            )
    shown = {
        options: re.findall(r"\d{4}-\d\d-\d\d", CliRunner().invoke(app, ["deliveries", *options]).output)
        for options in ((), ("--last", "1"), ("--date", "2026-08-27"))
    }
    assert len(shown[()]) == 14
    assert shown[()][0] == DAY.isoformat()
    assert shown["--last", "1"] == [DAY.isoformat()]
    assert shown["--date", "2026-08-27"] == ["2026-08-27"]


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
