"""Subscribers: kept once, confirmed by their owner, erased to the last byte; links that hold no address."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from digest_pipeline.delivery.addresses import masked, normal_address
from digest_pipeline.delivery.database import open_delivery, secret_of
from digest_pipeline.delivery.links import SignedLinks
from digest_pipeline.delivery.subscribers import SubscriberBook, new_id
from digest_pipeline.errors import SubscriberError
from digest_pipeline.models import Subscriber

ANN = Subscriber(
    "su_ann", "mail", "Ann.Lee@Example.org", timezone="Europe/Berlin", hour=7, interests="grid storage",
    followed_shows=frozenset({"The Warm Cache"}), muted_themes=frozenset({"th_1", "Football"}),
)  # fmt: skip


@pytest.fixture
def con(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with open_delivery(tmp_path / "subscribers.sqlite") as connection:
        yield connection


def person(address: str, *, is_active: bool = True) -> Subscriber:
    return Subscriber(new_id(), "mail", address, is_active=is_active)


def test_a_subscriber_is_kept_with_all_wishes(con: sqlite3.Connection) -> None:
    book = SubscriberBook(con)
    saved = book.save(ANN)
    assert saved == replace(ANN, address="Ann.Lee@example.org")
    assert (book.active(), book.all()) == ([], [saved])
    confirmed = book.confirm(saved.subscriber_id)
    assert confirmed.is_active
    assert book.active() == [confirmed]
    assert book.confirm(saved.subscriber_id) == confirmed


def test_one_address_is_one_subscriber_however_it_is_spelt(con: sqlite3.Connection) -> None:
    book = SubscriberBook(con)
    first = book.save(replace(ANN, is_active=True))
    again = book.save(Subscriber("su_other", "mail", " ann.lee@EXAMPLE.org ", interests="tea"))
    assert len(book.all()) == 1
    assert (again.subscriber_id, again.interests, again.is_active) == (first.subscriber_id, "tea", True)
    assert not again.followed_shows
    assert book.find("mail", "ANN.LEE@example.ORG") == again
    assert book.find("notify", "ann.lee@example.org") is None


def test_a_subject_both_followed_and_muted_is_muted(con: sqlite3.Connection) -> None:
    both = frozenset({"The Show"})
    saved = SubscriberBook(con).save(replace(ANN, followed_shows=both, muted_shows=both))
    assert (saved.followed_shows, saved.muted_shows) == (frozenset(), both)


@pytest.mark.parametrize(
    ("channel", "address"),
    [
        ("mail", "no address"),
        ("mail", "a@b\r\nBcc: c@d.org"),
        ("mail", ""),
        ("notify", "marker-token"),
        ("fax", "1"),
        ("mail", "=?utf-8?q?victim?=@example.com"),
    ],
)
def test_what_is_no_address_is_refused_without_repeating_it(
    con: sqlite3.Connection, channel: str, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(SubscriberError) as refused:
        SubscriberBook(con).save(Subscriber(new_id(), channel, address))
    assert not address or address not in f"{refused.value} {caplog.text}"
    assert SubscriberBook(con).all() == []


def test_notification_addresses_are_checked_and_masked() -> None:
    address = "json://token:secret@127.0.0.1:8080/hook"
    assert normal_address("notify", address) == address
    assert masked("notify", address) == "json://…"
    assert masked("mail", "ann@example.org") == "a…@example.org"
    assert "Ann" not in repr(ANN)


def test_an_address_is_kept_as_every_mail_server_takes_it() -> None:
    assert normal_address("mail", " ann@bücher.de ") == "ann@xn--bcher-kva.de"
    with pytest.raises(SubscriberError, match="without accents"):
        normal_address("mail", "jörg@example.org")


def test_an_erased_address_leaves_no_byte_in_the_files(tmp_path: Path) -> None:
    file = tmp_path / "subscribers.sqlite"
    marker = "marker.of.mine"
    with open_delivery(file) as con:
        book = SubscriberBook(con)
        people = [book.save(person(f"{marker}.{n}@example.org")) for n in range(60)]
        con.execute("insert into delivered_items values (?, 'cl_1', '2026-09-14')", [people[0].subscriber_id])
        written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        assert marker.encode() in written
        for one in people:
            book.erase(one.subscriber_id, suppress=True)
        left = b"".join(path.read_bytes() for path in tmp_path.iterdir())  # with the write-ahead log
        assert marker.encode() not in left
        assert con.execute("select count(*) from delivered_items").fetchone() == (0,)
    assert file.stat().st_mode & 0o777 == 0o600


def test_who_left_is_not_imported_again_but_may_come_back(con: sqlite3.Connection) -> None:
    book = SubscriberBook(con)
    book.erase(book.save(person("ann@example.org")).subscriber_id, suppress=True)
    assert book.is_suppressed("mail", "ANN@example.org")
    with pytest.raises(SubscriberError, match="unsubscribed"):
        book.save(person("Ann@example.org"))
    asked = book.save(person("ann@example.org", is_active=False))
    assert book.is_suppressed("mail", "ann@example.org")
    book.confirm(asked.subscriber_id)
    assert not book.is_suppressed("mail", "ann@example.org")
    hashes = con.execute("select count(*) from suppressions").fetchone()
    assert hashes == (0,)


def test_a_domain_with_other_letters_is_found_as_it_is_typed(con: sqlite3.Connection) -> None:
    book = SubscriberBook(con)
    ann = book.save(person("ann@münchen.example"))
    assert ann.address == "ann@xn--mnchen-3ya.example"
    assert book.find("mail", "Ann@münchen.example") == ann
    book.erase(ann.subscriber_id, suppress=True)
    assert book.is_suppressed("mail", "ann@münchen.example")
    assert book.is_suppressed("mail", "ANN@xn--mnchen-3ya.example")


def test_addresses_that_nobody_confirms_are_forgotten(con: sqlite3.Connection) -> None:
    book = SubscriberBook(con)
    active, pending = book.save(person("a@example.org")), book.save(person("p@example.org", is_active=False))
    now = datetime.now(UTC)
    assert abs(book.asked_at(pending.subscriber_id) - now.replace(tzinfo=None)) < timedelta(minutes=5)
    assert book.erase_unconfirmed(now + timedelta(days=2)) == 0
    assert book.erase_unconfirmed(now + timedelta(days=4)) == 1
    assert book.all() == [active]
    with pytest.raises(SubscriberError, match=pending.subscriber_id):
        book.confirm(pending.subscriber_id)


def operations(con: sqlite3.Connection, act: Callable[[], object]) -> int:
    count = 0

    def counted() -> int:
        nonlocal count
        count += 1
        return 0

    con.set_progress_handler(counted, 1)
    act()
    con.set_progress_handler(None, 1)
    return count


@pytest.mark.parametrize("address", ["P7@example.org", "nobody@example.org"])
def test_to_find_an_address_costs_the_same_among_many(con: sqlite3.Connection, address: str) -> None:
    """An import asks for each of its rows; the operations of SQLite's machine are counted, since the clock is shared."""
    book, costs = SubscriberBook(con), []
    con.execute("pragma synchronous = off")
    for first, last in ((0, 20), (20, 600)):
        for n in range(first, last):
            book.save(replace(person(f"p{n}@example.org"), followed_shows=frozenset({"One", "Two"})))
        costs.append(operations(con, lambda: book.find("mail", address)))
    assert costs[1] < 2 * costs[0], costs


def test_two_processes_that_add_the_same_address_leave_one(tmp_path: Path) -> None:
    file = tmp_path / "subscribers.sqlite"
    failures: list[BaseException] = []

    def add() -> None:
        try:
            with open_delivery(file) as con:
                book = SubscriberBook(con)
                for n in range(10):
                    book.save(person(f"p{n}@example.org"))
        except BaseException as error:  # noqa: BLE001 - shown by the assertion
            failures.append(error)

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with open_delivery(file) as con:
        assert len(SubscriberBook(con).active()) == 10


def test_links_hold_no_address_and_cannot_be_made_up(con: sqlite3.Connection) -> None:
    links = SignedLinks(secret_of(con, "links"), "https://digest.example/site/")
    assert links == SignedLinks(secret_of(con, "links"), "https://digest.example/site/")
    url = links.unsubscribe_url("su_1")
    assert url is not None
    page, token = url.split("?token=")
    assert page == "https://digest.example/site/unsubscribe"
    assert links.read_unsubscribe(token) == "su_1"
    for wrong in ("", "su_1", token[:-1], f"{token}x", token.replace(".", ".A", 1)):
        with pytest.raises(SubscriberError):
            links.read_unsubscribe(wrong)
    with pytest.raises(SubscriberError):
        SignedLinks(b"another secret", "https://digest.example/").read_unsubscribe(token)
    assert SignedLinks(b"s", "").unsubscribe_url("su_1") is None


def test_a_confirmation_expires_and_is_no_unsubscription() -> None:
    links = SignedLinks(b"secret", "https://digest.example/")
    token = str(links.confirm_url("su_1")).split("?token=")[1]
    assert links.read_confirm(token) == "su_1"
    with pytest.raises(SubscriberError, match="expired"):
        links.read_confirm(token, max_age_seconds=-1)
    with pytest.raises(SubscriberError):
        links.read_unsubscribe(token)
    with pytest.raises(SubscriberError):
        links.read_confirm(str(links.unsubscribe_url("su_1")).split("?token=")[1])
