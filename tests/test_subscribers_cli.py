"""``digest subscribers`` and ``digest serve`` as an operator meets them; no address is shown or kept elsewhere."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from digest_pipeline.delivery.database import open_delivery
from digest_pipeline.delivery.exchange import BadRow, import_csv, write_csv
from digest_pipeline.delivery.personal import digest_for
from digest_pipeline.delivery.pool import load_pool
from digest_pipeline.delivery.subscribers import SubscriberBook
from digest_pipeline.errors import SubscriberError
from digest_pipeline.models import Subscriber
from digest_pipeline.publishing.store import published_days, published_digest
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse import Warehouse
from tests.mail_server import inbox
from tests.test_cli import digest


@pytest.fixture
def book(tmp_path: Path) -> Iterator[SubscriberBook]:
    with open_delivery(tmp_path / "subscribers.sqlite") as con:
        yield SubscriberBook(con)


def taken(text: str, book: SubscriberBook, *, are_confirmed: bool = True) -> tuple[list[Subscriber], list[BadRow]]:
    rows = list(import_csv(text, book, are_confirmed=are_confirmed))
    return [r for r in rows if isinstance(r, Subscriber)], [r for r in rows if isinstance(r, BadRow)]


def test_an_export_comes_back_without_loss(book: SubscriberBook, tmp_path: Path) -> None:
    odd = frozenset({"One; two", 'A "quoted" show', "Plain", "Line\u2028break"})
    everything = [
        Subscriber("su_1", "mail", "ann@example.org", True, "Europe/Berlin", 0, 6, 'tea, "milk"\nsugar', odd, frozenset(), odd),
        Subscriber("su_2", "mail", "bob@example.org"),
        Subscriber("su_3", "notify", "json://token@127.0.0.1/x", True, muted_themes=frozenset({"th_1"})),
    ]  # fmt: skip
    stored = [book.save(one) for one in everything]
    book.start_after(stored[0], "2026-09-14")
    text = write_csv(book.all(), book.last_days())
    with open_delivery(tmp_path / "other.sqlite") as con:
        other = SubscriberBook(con)
        saved, bad = taken(text, other, are_confirmed=False)
        assert bad == []
        assert [s.address for s in saved] == [s.address for s in stored]
        assert write_csv(other.all(), other.last_days()) == text
        assert list(other.last_days().values()) == ["2026-09-14"]


def test_a_bad_row_is_named_by_its_line_and_stops_no_other(book: SubscriberBook) -> None:
    gone = book.save(Subscriber("su_9", "mail", "gone@example.org", is_active=True))
    book.erase(gone.subscriber_id, suppress=True)
    rows = (
        "address,timezone,hour,interests,status",
        "ann@example.org,Europe/Berlin,7,tea,",
        "marker-no-address,,,,",
        '"bob@example.org",,,"two',
        'lines",',
        "cy@example.org,Nowhere/Town,,,",
        "di@example.org,,25,,",
        "ed@example.org,,noon,,",
        "",
        "fi@example.org,,",
        "gone@example.org,,,,active",
        "gone@example.org,,,,pending",
        "jo@example.org,,,,perhaps",
        "zoe@example.org,,,,pending",
    )
    saved, bad = taken("\ufeff" + "\r\n".join(rows) + "\r\n", book)
    assert [(s.address, s.is_active) for s in saved] == [
        ("ann@example.org", True), ("bob@example.org", True), ("zoe@example.org", False),
    ]  # fmt: skip
    assert [row.line for row in bad] == [3, 6, 7, 8, 10, 11, 12, 13]
    assert "marker" not in str(bad)
    assert "3 cells" in bad[4].reason
    assert "unsubscribed" in bad[5].reason
    assert "unsubscribed" in bad[6].reason


def test_what_a_file_does_not_say_stays(book: SubscriberBook) -> None:
    ann = book.save(Subscriber("su_1", "mail", "ann@example.org", True, "Europe/Berlin", 7, 0, "tea", frozenset({"S"})))
    taken("address\nANN@example.org\n", book, are_confirmed=False)
    assert book.all() == [ann]
    taken("address,interests\nann@example.org,coffee\n", book)
    (changed,) = book.all()
    assert (changed.interests, changed.hour, changed.weekday) == ("coffee", 7, 0)
    assert changed.followed_shows == frozenset({"S"})


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "no column address"), ("mail\na@b.org\n", "no column address"), ("address,color\n", "'color'")],
)
def test_a_file_of_something_else_is_refused(book: SubscriberBook, text: str, said: str) -> None:
    with pytest.raises(SubscriberError, match=said):
        taken(text, book)


def test_broken_quotes_are_named(book: SubscriberBook) -> None:
    saved, bad = taken('address\na@example.org\n"b@example.org\n', book)
    assert [s.address for s in saved] == ["a@example.org"]
    assert "not CSV from here" in bad[0].reason


def test_add_list_export_import_remove(tmp_path: Path) -> None:
    home = tmp_path / "home"
    added = digest(
        "subscribers", "add", "ann@example.org", "--confirmed", "--timezone", "Europe/Berlin", "--hour", "7",
        "--interests", "grid storage", "--follow-show", "The Warm Cache", "--mute-theme", "Football", home=home,
    )  # fmt: skip
    assert re.match(r"su_\w+: added", added.stdout)
    digest("subscribers", "add", "json://token@127.0.0.1/x", "--channel", "notify", home=home)
    listed = digest("subscribers", "list", home=home).stdout
    assert "a…@example.org" in listed
    assert "grid storage; follows The Warm Cache; mutes Football" in listed
    assert "7:00 Europe/Berlin" in listed
    assert "ann@" not in listed + added.stdout
    assert "token" not in listed
    assert "ann@example.org" in digest("subscribers", "list", "--addresses", home=home).stdout
    file = tmp_path / "list.csv"
    digest("subscribers", "export", "-o", str(file), home=home)
    assert file.stat().st_mode & 0o777 == 0o600
    assert digest("subscribers", "export", home=home).stdout == file.read_text()
    assert "changed" in digest("subscribers", "add", "ANN@example.org", "--confirmed", home=home).stdout
    assert "erased" in digest("subscribers", "remove", "ann@example.org", home=home).stdout
    refused = digest("subscribers", "import", str(file), home=home, code=1)
    assert "1 taken" in refused.stdout
    assert "line 2: this address has unsubscribed" in refused.stderr
    assert "there is no such subscriber" in digest("subscribers", "remove", "nobody", home=home, code=1).stderr
    assert "--confirmed" in digest("subscribers", "add", "bo@example.org", home=home, code=1).stderr
    assert "UTF-8" in digest("subscribers", "import", str(tmp_path / "none.csv"), home=home, code=1).stderr


def test_who_is_added_without_consent_is_asked(tmp_path: Path) -> None:
    with inbox() as box:
        mail: dict[str, Any] = {
            "DIGEST_SMTP_HOST": "127.0.0.1", "DIGEST_SMTP_PORT": str(box.port), "DIGEST_SMTP_SECURITY": "none",
            "DIGEST_MAIL_FROM": "digest@example.org", "DIGEST_SITE_URL": "https://digest.example",
        }  # fmt: skip
        digest("subscribers", "add", "ann@example.org", home=tmp_path, **mail)
        file = tmp_path / "list.csv"
        file.write_text("address\nbob@example.org\n")
        digest("subscribers", "import", str(file), home=tmp_path, **mail)
        assert [message["To"] for message in box.messages] == ["ann@example.org", "bob@example.org"]
        assert "https://digest.example/confirm?token=" in box.messages[0].get_content()
        box.answers = {"cem@example.org": "550 5.1.1 <cem@example.org> unknown"}
        file.write_text("address\ncem@example.org\nno address\ndot@example.org\n")
        some = digest("subscribers", "import", str(file), home=tmp_path, code=1, **mail)
        assert "2 taken, 2 of them to confirm, 1 not taken" in some.stdout
        assert "line 3" in some.stderr
        assert some.stderr.count("not asked: su_") == 1
        assert box.messages[-1]["To"] == "dot@example.org"
        box.refuses = True
        failed = digest("subscribers", "add", "marker@example.org", home=tmp_path, code=1, **mail)
        assert "SMTPRecipientsRefused" in failed.stderr
        assert "marker" not in failed.stderr
    assert digest("subscribers", "list", home=tmp_path).stdout.count("to confirm") == 5


def test_serve_says_where_and_stops_when_asked(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "digest_pipeline.cli", "serve", "--port", "0"]
    environment = {**os.environ, "DIGEST_HOME": str(tmp_path), "COLUMNS": "300", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        assert found
        answer = httpx.get(f"{found[0]}/health?token=marker", timeout=60, trust_env=False)
        assert answer.status_code == 503
        process.send_signal(signal.SIGINT)
        said, complained = process.communicate(timeout=60)
    assert "marker" not in said + complained
    assert "nobody can subscribe here" in complained
    assert "Traceback" not in complained


def test_an_address_is_in_no_other_file_and_no_output(demo: Settings, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(demo.home, home, ignore=shutil.ignore_patterns("models"))
    marker = "marker.of.mine"
    outputs = [
        digest("subscribers", "add", f"{marker}@example.org", "--confirmed", "--interests", "grid storage", home=home),
        digest("subscribers", "list", home=home),
        digest("doctor", home=home),
        digest("show", home=home),
        digest("export", "scored_insights", home=home),
    ]
    with open_delivery(home / "subscribers.sqlite") as con:
        (one,) = SubscriberBook(con).active()
    warehouse = Warehouse(home / "digest.duckdb")
    with warehouse.read() as con:
        day = max(published_days(con))
        common = published_digest(con, day)
        assert common is not None
        personal = digest_for(one, common, load_pool(con, [common], demo), frozenset())
    warehouse.snapshot_to(home / "digest.snapshot.duckdb")
    assert personal.items
    assert marker not in f"{one!r} {personal!r}" + "".join(found.stdout + found.stderr for found in outputs)
    holders = [p.name for p in home.rglob("*") if p.is_file() and marker.encode() in p.read_bytes()]
    assert holders
    assert {name.split("-")[0] for name in holders} == {"subscribers.sqlite"}
