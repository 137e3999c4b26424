"""Which days are due to whom, and when: a reader's hour, missed days, empty ones, old ones."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from bs4 import BeautifulSoup

from bench.published import made_up_archive, publish
from digest_pipeline.delivery import ledger
from digest_pipeline.delivery.database import open_delivery
from digest_pipeline.delivery.deliver import deliver
from digest_pipeline.delivery.subscribers import SubscriberBook, new_id
from digest_pipeline.errors import DigestError
from digest_pipeline.models import Digest, Subscriber
from digest_pipeline.publishing.store import record_digest
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse import Warehouse
from tests.mail_server import Inbox
from tests.readers import DAY, NOW, SINCE, parts, subscribe


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
    with pytest.raises(DigestError, match=r"no insight.*mail_empty_days"):
        deliver(mailed, now, day=empty.digest_date)
    assert deliver(mailed.model_copy(update={"mail_empty_days": True}), now) == {"sent": 1}
    for body in parts(box.messages[1]):
        assert "2 new episodes, and nothing in them" in body


@pytest.mark.parametrize("place", [-1, 1])
def test_an_empty_day_among_missed_ones_is_told_of_in_their_mail(
    warehouse: Warehouse, mailed: Settings, box: Inbox, published: Digest, place: int
) -> None:
    subscribe(mailed, "ann")
    with warehouse.write() as con:
        record_digest(con, Digest(DAY + timedelta(days=place), (), episodes=2, shows=1))
    asked, now = mailed.model_copy(update={"mail_empty_days": True}), NOW + timedelta(days=1)
    assert deliver(asked, now) == {"sent": 1}
    assert deliver(asked, now) == {"done": 1}
    for body in parts(box.messages[0]):
        assert f"{len(published.items)} insights" in body
        assert body.count("2 new episodes, and nothing in them") == 1
        assert published.items[0].headline in body


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


def test_a_call_with_nothing_due_reads_no_insights(
    mailed: Settings, box: Inbox, published: Digest, warehouse: Warehouse
) -> None:
    """Each hour, for each day of ``mail_days_back``: a pool holds the claims of weeks."""
    subscribe(mailed, "ann")
    assert deliver(mailed, NOW) == {"sent": 1}
    with warehouse.write() as con:
        con.execute("drop table marts.fct_insights")  # what a pool is read from
    assert deliver(mailed, NOW) == {"done": 1}


def test_a_show_is_muted_however_its_name_is_typed(
    mailed: Settings, box: Inbox, published: Digest, warehouse: Warehouse
) -> None:
    (second,) = made_up_archive(DAY + timedelta(days=1), 1)
    items = tuple(replace(item, show="Lenny\u2019s Show \u2013 daily") for item in second.items)
    with warehouse.write() as con:
        publish(con, replace(second, items=items), np.random.default_rng(1))
    muted = Subscriber(new_id(), "mail", "ann@example.org", True, muted_shows=frozenset({"lenny's  show - Daily"}))
    with open_delivery(mailed.subscribers) as con:
        SubscriberBook(con).save(muted)
        con.execute("update subscribers set confirmed_at = ?", [SINCE.isoformat()])
    assert deliver(mailed, NOW + timedelta(days=1)) == {"sent": 1}
    with open_delivery(mailed.subscribers) as con:
        assert [row[0] for row in ledger.tally(con)] == [DAY.isoformat()]
