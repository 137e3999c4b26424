"""Days of 23 and 25 hours, and homes that change their time zone: each episode has its one day."""

from collections import Counter
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from digest_pipeline.feeds import store
from digest_pipeline.warehouse import Warehouse
from tests.feed_items import item
from tests.test_feed_days import DAY, feed_of, save


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Pacific/Auckland", date(2026, 9, 27), 23),
        ("America/St_Johns", date(2026, 11, 1), 25),
        ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
        ("America/Santiago", date(2026, 9, 6), 23),  # it has no midnight
        ("America/Havana", date(2026, 11, 1), 25),  # its first hour comes twice
        ("Asia/Kolkata", date(2026, 9, 27), 24),
    ],
)
def test_when_clocks_change_each_episode_still_has_its_own_day(
    warehouse: Warehouse, zone: str, day: date, hours: float
) -> None:
    place, days = ZoneInfo(zone), [day - DAY, day, day + DAY]
    ends = [store.end_of_day(d, place) for d in (day - 2 * DAY, *days)]
    assert ends[2] - ends[1] == timedelta(hours=hours)
    items = []
    for own, begins, end in zip(days, ends[:-1], ends[1:], strict=True):
        moments = {begins + n * timedelta(minutes=30) for n in range(50)} | {end - timedelta(seconds=1)}
        items += [
            item(f"{own} {at}", str(at), f"https://x.example/{at}", published_at=at) for at in moments if at < end
        ]
    save(warehouse, feed_of(items), now=ends[-1] + DAY)
    with warehouse.write() as con:
        for d, end in zip(days, ends[1:], strict=True):
            store.claim_day(con, d, until=end, lookback_days=1, max_attempts=3)
        taken = con.execute("select title, digest_date::varchar from raw.episodes").fetchall()
    assert len(taken) == len(items)
    assert [(title, d) for title, d in taken if title.split()[0] != d] == []


@pytest.mark.parametrize(
    ("before", "after"), [("Pacific/Auckland", "America/Los_Angeles"), ("UTC", "Pacific/Kiritimati")]
)
def test_a_home_that_changes_its_time_zone_loses_no_episode(warehouse: Warehouse, before: str, after: str) -> None:
    day, (old, new) = date(2026, 9, 12), (ZoneInfo(before), ZoneInfo(after))
    since = store.end_of_day(day - DAY, old)
    hourly = [since + n * timedelta(hours=1) for n in range(72)]
    end = store.end_of_day(day + DAY, new)
    items = [item(str(at), str(at), f"https://x.example/{at}", published_at=at) for at in hourly if at < end]
    save(warehouse, feed_of(items), now=end + DAY)
    with warehouse.write() as con:
        store.claim_day(con, day, until=store.end_of_day(day, old), lookback_days=2, max_attempts=3)
        con.execute("insert into raw.digests values (?, 1, 1, 1, 1, 'hash', now()::timestamp)", [day])
        for d in (day, day + DAY):
            store.claim_day(con, d, until=store.end_of_day(d, new), lookback_days=2, max_attempts=3)
        taken = Counter(d for (d,) in con.execute("select digest_date from raw.episodes").fetchall())
    assert taken == {day: 24, day + DAY: len(items) - 24}
