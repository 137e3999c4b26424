"""Who wants one mail a week gets the best of it, on their weekday, once."""

import itertools
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from bs4 import BeautifulSoup

from bench.published import made_up_archive, publish
from digest_pipeline.delivery import ledger
from digest_pipeline.delivery.database import open_delivery
from digest_pipeline.delivery.deliver import deliver
from digest_pipeline.delivery.hours import is_welcome, read_weekday
from digest_pipeline.delivery.subscribers import SubscriberBook, new_id
from digest_pipeline.errors import SubscriberError
from digest_pipeline.models import Digest, Subscriber
from digest_pipeline.settings import Settings
from digest_pipeline.upkeep.health import Health, health_of
from digest_pipeline.warehouse import Warehouse
from tests.conftest import Web
from tests.mail_server import Inbox
from tests.readers import DAY, SINCE, parts

MONDAY = datetime(2026, 9, 21, 9, tzinfo=UTC)  # of the week that begins with DAY
HOUR, ONE_DAY, ONE_WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)


@pytest.fixture
def week(warehouse: Warehouse, published: Digest) -> list[Digest]:
    """Seven days from ``DAY`` on, a Monday."""
    digests = made_up_archive(DAY, 7)
    publish_days(warehouse, digests[1:])
    return digests


def publish_days(warehouse: Warehouse, digests: list[Digest]) -> None:
    with warehouse.write() as con:
        for digest in digests:
            publish(con, digest, np.random.default_rng(digest.digest_date.toordinal()))


def weekly(settings: Settings, name: str = "ann", **wishes: object) -> str:
    """Add a subscriber for Mondays, in UTC; their id."""
    one = Subscriber(new_id(), "mail", f"{name}@example.org", is_active=True, timezone="UTC", weekday=0)
    with open_delivery(settings.subscribers) as con:
        saved = SubscriberBook(con).save(replace(one, **wishes))  # type: ignore[arg-type]
        con.execute("update subscribers set confirmed_at = ?", [SINCE.isoformat()])
    return saved.subscriber_id


def deliver_at(settings: Settings, now: datetime) -> Counter[str]:
    """Deliver, with a ledger that keeps the same time."""
    counts = deliver(settings, now)
    with open_delivery(settings.subscribers) as con:
        con.execute("update deliveries set started_at = ? where started_at > ?", [now.isoformat()] * 2)
    return counts


def settled(settings: Settings, status: str = "sent") -> list[str]:
    with open_delivery(settings.subscribers) as con:
        return sorted(row[0] for row in ledger.tally(con) if row[2] == status)


def test_a_week_comes_as_its_best_five_on_the_weekday_from_the_hour_on(
    mailed: Settings, box: Inbox, week: list[Digest]
) -> None:
    weekly(mailed)
    assert deliver_at(mailed, MONDAY - 3 * ONE_DAY) == {"not yet": 1}
    assert deliver_at(mailed, MONDAY - HOUR) == {"not yet": 1}
    assert deliver_at(mailed, MONDAY) == {"sent": 1}
    assert deliver_at(mailed, MONDAY + HOUR) == {"done": 1}
    items = {item.headline: item for digest in week for item in digest.items}
    text, html = parts(box.messages[0])
    for body in (text, html):
        assert "Monday, 14 September 2026 to Sunday, 20 September 2026" in body
        assert f"The best 5 of {len(items)} insights" in body
        assert f"{len(items) - 5} more insights of these days are" in body
    shown = [line[3:] for line in text.splitlines() if line[1:3] == ". "]
    assert shown == [heading.text[3:] for heading in BeautifulSoup(html, "html.parser").find_all("h2")]
    scores = [items[headline].score for headline in shown]
    assert len(scores) == 5
    assert scores == sorted(scores, reverse=True)
    assert max(Counter(items[headline].show for headline in shown).values()) <= mailed.max_per_show
    assert shown[0].startswith(str(box.messages[0]["Subject"]).rstrip("…"))
    assert settled(mailed) == [digest.digest_date.isoformat() for digest in week]


def test_a_day_that_is_published_late_goes_with_the_next_week(
    mailed: Settings, box: Inbox, week: list[Digest], warehouse: Warehouse
) -> None:
    weekly(mailed)
    with warehouse.write() as con:
        con.execute("create table late as from raw.digests where digest_date = ?", [week[-1].digest_date])
        con.execute("delete from raw.digests where digest_date = ?", [week[-1].digest_date])
    assert deliver_at(mailed, MONDAY) == {"sent": 1}
    with warehouse.write() as con:
        con.execute("insert into raw.digests from late")
    publish_days(warehouse, made_up_archive(DAY, 14)[7:])
    assert deliver_at(mailed, MONDAY + HOUR) == {"not yet": 1}
    assert deliver_at(mailed, MONDAY + ONE_WEEK - HOUR) == {"not yet": 1}
    assert deliver_at(mailed, MONDAY + ONE_WEEK) == {"sent": 1}
    assert "Sunday, 20 September 2026 to Sunday, 27 September 2026" in parts(box.messages[1])[0]
    assert len(settled(mailed)) == 14


def test_a_week_that_nobody_could_send_comes_whole_while_it_is_young(
    mailed: Settings, box: Inbox, week: list[Digest]
) -> None:
    weekly(mailed)
    box.answers = {"ann@example.org": "451 4.7.1 later"}
    assert deliver_at(mailed, MONDAY) == {"waiting": 1}
    box.answers = {}
    assert deliver_at(mailed, MONDAY + mailed.mail_days_back * ONE_DAY) == {"sent": 1}
    assert len(settled(mailed)) == 7


def test_a_week_is_given_up_when_it_is_old_and_that_is_a_problem_to_be_told(
    mailed: Settings, box: Inbox, week: list[Digest], warehouse: Warehouse
) -> None:
    weekly(mailed)
    box.answers = {"ann@example.org": "451 4.7.1 later"}
    assert deliver_at(mailed, MONDAY) == {"waiting": 1}
    later = MONDAY + (mailed.mail_days_back + 1) * ONE_DAY
    assert deliver_at(mailed, later) == {"waiting": 1}
    assert settled(mailed, "given up") == [week[0].digest_date.isoformat()]
    assert "given up" in [problem.split(":")[0] for problem in health(warehouse, mailed, later).problems]


def health(warehouse: Warehouse, settings: Settings, now: datetime) -> Health:
    with warehouse.read() as con, open_delivery(settings.subscribers) as subscribers:
        return health_of(con, subscribers, settings, now)


def test_what_was_chosen_comes_no_second_time_and_what_was_not_may_be_resent_by_hand(
    mailed: Settings, box: Inbox, week: list[Digest]
) -> None:
    one = weekly(mailed)
    box.refuses = True
    assert deliver_at(mailed, MONDAY) == {"refused": 1}
    box.refuses = False
    day = max(week, key=lambda digest: digest.items[0].score).digest_date
    with open_delivery(mailed.subscribers) as con:
        assert ledger.delivered_claims(con, one) == frozenset()
        assert ledger.reopen(con, day, ledger.Retriable.REFUSED) == {one}
    assert deliver(mailed, MONDAY + HOUR, day=day, even_if_old=True) == {"sent": 1}
    assert settled(mailed) == [day.isoformat()]
    with open_delivery(mailed.subscribers) as con:
        got = ledger.delivered_claims(con, one)
    assert got <= {item.claim_id for digest in week for item in digest.items if digest.digest_date == day}


def test_a_day_that_is_sent_by_hand_takes_no_week_apart(mailed: Settings, box: Inbox, week: list[Digest]) -> None:
    weekly(mailed)
    assert deliver(mailed, MONDAY, day=week[-1].digest_date) == {"not yet": 1}
    assert deliver_at(mailed, MONDAY) == {"sent": 1}
    assert settled(mailed) == [digest.digest_date.isoformat() for digest in week]
    assert deliver(mailed, MONDAY, day=week[-1].digest_date) == {"done": 1}


def test_a_day_of_before_may_be_sent_by_hand_and_the_week_comes_all_the_same(
    mailed: Settings, box: Inbox, week: list[Digest], warehouse: Warehouse
) -> None:
    weekly(mailed)
    old = DAY - 5 * ONE_WEEK
    publish_days(warehouse, made_up_archive(old, 1))
    assert deliver(mailed, MONDAY, day=old, even_if_old=True) == {"sent": 1}
    assert deliver(mailed, MONDAY) == {"sent": 1}


def test_wishes_choose_from_all_days_of_a_week(mailed: Settings, box: Inbox, week: list[Digest]) -> None:
    shows = Counter(item.show for digest in week for item in digest.items)
    shows.pop(max(week, key=lambda d: d.items[0].score).items[0].show, None)
    followed, muted = (show for show, _ in shows.most_common(2))
    weekly(mailed, followed_shows=frozenset({followed}), muted_shows=frozenset({muted}))
    assert deliver_at(mailed, MONDAY) == {"sent": 1}
    text, _ = parts(box.messages[0])
    best = max((i for d in week for i in d.items if i.show == followed), key=lambda item: item.score)
    assert f"1. {best.headline}" in text
    assert "from a show that you follow" in text
    assert muted not in text


def test_a_week_is_one_mail_where_missed_days_are_skipped_too(mailed: Settings, box: Inbox, week: list[Digest]) -> None:
    weekly(mailed)
    assert deliver_at(mailed.model_copy(update={"mail_missed_days": "latest"}), MONDAY) == {"sent": 1}
    assert len(settled(mailed)) == 7


def test_what_a_reader_got_before_comes_neither_again_nor_counts_among_the_others(
    mailed: Settings, box: Inbox, week: list[Digest]
) -> None:
    one = weekly(mailed)
    items = [item for digest in week for item in digest.items]
    best = max(items, key=lambda item: item.score)
    with open_delivery(mailed.subscribers) as con:
        con.execute("insert into delivered_items values (?, ?, '2026-09-14')", [one, best.claim_id])
    assert deliver_at(mailed, MONDAY) == {"sent": 1}
    text, _ = parts(box.messages[0])
    assert best.headline not in text
    assert f"The best 5 of {len(items) - 1} insights" in text


def test_a_week_without_an_insight_sends_nothing(
    warehouse: Warehouse, mailed: Settings, box: Inbox, week: list[Digest]
) -> None:
    weekly(mailed, muted_shows=frozenset(item.show for digest in week for item in digest.items))
    assert deliver_at(mailed.model_copy(update={"mail_empty_days": True}), MONDAY) == {"nothing": 1}
    assert box.messages == []


def test_who_changes_from_days_to_weeks_waits_for_the_weekday(
    mailed: Settings, box: Inbox, published: Digest, warehouse: Warehouse
) -> None:
    weekly(mailed, weekday=None)
    assert deliver_at(mailed, MONDAY - 6 * ONE_DAY) == {"sent": 1}
    publish_days(warehouse, made_up_archive(DAY, 7)[1:])
    weekly(mailed)
    assert deliver_at(mailed, MONDAY - 2 * ONE_DAY) == {"not yet": 1}
    assert deliver_at(mailed, MONDAY) == {"sent": 1}
    first, second = (message["Subject"] for message in box.messages)
    assert first != second
    weekly(mailed, weekday=None)
    assert deliver_at(mailed, MONDAY + HOUR) == {"done": 1}


def test_another_channel_gets_the_five_of_the_week(settings: Settings, web: Web, week: list[Digest]) -> None:
    got = web.collect("/hook")
    weekly(settings, channel="notify", address=f"{web.url.replace('http', 'json')}/hook")
    assert deliver_at(settings, MONDAY) == {"sent": 1}
    assert got[0]["title"] == "Five from the feeds: the week to Sunday, 20 September 2026"
    assert [line[:2] for line in got[0]["message"].splitlines()] == ["1.", "2.", "3.", "4.", "5."]


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles", "Asia/Kathmandu"])
def test_whoever_asks_each_hour_of_a_year_finds_each_day_welcome_in_one_of_its_weeks(zone: str) -> None:
    """Through both changes of the clock: a reader gets one mail a week, seven days apart, and no day is left out."""
    one = Subscriber("su_1", "mail", "ann@example.org", True, zone, 2, weekday=6)
    settings, now, last_left, waiting, mails = Settings(), datetime(2026, 1, 5, tzinfo=UTC), None, [], []
    for _ in range(366 * 24):
        if now.hour == 6:  # when a day is published
            waiting.append(now.date() - ONE_DAY)
        if welcome := [day for day in waiting if is_welcome(one, day, settings, now, last_left)]:
            mails.append((now, len(welcome)))
            waiting, last_left = [day for day in waiting if day not in welcome], now
        now += HOUR
    assert {later[0].date() - before[0].date() for before, later in itertools.pairwise(mails)} == {ONE_WEEK}
    assert {days for _, days in mails[1:]} == {7}
    assert len(waiting) <= 8


def test_a_weekday_is_named_in_english() -> None:
    assert [read_weekday(name) for name in ("monday", " Sunday ", "")] == [0, 6, None]
    with pytest.raises(SubscriberError, match=r"'lunes' is no day of the week.*monday, tuesday"):
        read_weekday("lunes")


def test_a_weekday_is_for_days_that_are_over() -> None:
    one = Subscriber("su_1", "mail", "ann@example.org", True, "UTC", None, 0)
    assert not is_welcome(one, date(2026, 9, 21), Settings(), MONDAY)
    assert is_welcome(one, date(2026, 9, 20), Settings(), MONDAY)
    assert not is_welcome(one, date(2026, 9, 20), Settings(), MONDAY, MONDAY)
