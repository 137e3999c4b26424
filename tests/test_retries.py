"""Episodes that fail: tried again after longer and longer waits, counted once a day, then set aside with the reason."""

from datetime import UTC, date, datetime, timedelta

import pytest

from digest_pipeline.delivery.database import open_delivery
from digest_pipeline.feeds.store import claim_day, episodes_of_day
from digest_pipeline.feeds.subscriptions import Subscription, add_feeds
from digest_pipeline.models import Segment, Transcript
from digest_pipeline.settings import Settings
from digest_pipeline.transcripts.store import load_segments, save_outcome
from digest_pipeline.transcripts.transcribe import Outcome
from digest_pipeline.upkeep.health import health_of
from digest_pipeline.warehouse import Warehouse

FIRST = date(2026, 9, 14)
ATTEMPTS = 4


def listed(warehouse: Warehouse) -> None:
    with warehouse.write() as con:
        add_feeds(con, [Subscription("f")], datetime(2026, 9, 14))
        con.execute(
            "insert into raw.episodes (episode_id, feed_url, title, published_at, first_seen_at, available_at,"
            " transcript_urls, description, status) values ('e', 'f', 'Title', $at, $at, $at, '[]', '', 'listed')",
            {"at": datetime(2026, 9, 14, 6)},
        )


def run(warehouse: Warehouse, day: date, status: str = "failed", transcript: Transcript | None = None) -> bool:
    """A day's claim and what comes of the episode; whether the day had it."""
    until = datetime(day.year, day.month, day.day) + timedelta(days=1)
    with warehouse.write() as con:
        claim_day(con, day, until=until, lookback_days=3, max_attempts=ATTEMPTS)
    with warehouse.read() as con:
        due = episodes_of_day(con, day, ("due", "failed"))
    for episode in due:
        save_outcome(warehouse, Outcome(episode, status, "404", transcript), day, max_attempts=ATTEMPTS)
    return bool(due)


def state(warehouse: Warehouse) -> tuple[object, ...]:
    with warehouse.read() as con:
        return con.execute("select status, status_reason, attempts, retry_on from raw.episodes").fetchall()[0]


def test_a_failing_episode_is_tried_1_2_4_days_later_then_set_aside(warehouse: Warehouse) -> None:
    listed(warehouse)
    tried = [n for n in range(30) if run(warehouse, FIRST + timedelta(days=n))]
    assert tried == [0, 1, 3, 7]
    assert state(warehouse) == ("unusable", "set aside after 4 days: 404", 4, None)


def test_the_status_counts_what_waits_and_what_was_given_up_in_a_backfill_of_old_days(
    warehouse: Warehouse, settings: Settings
) -> None:
    def counts(now: datetime) -> tuple[int, int]:
        with warehouse.read() as con, open_delivery(settings.subscribers) as book:
            found = health_of(con, book, settings, now.replace(tzinfo=UTC))
        return found.retrying, found.set_aside

    listed(warehouse)
    with warehouse.write() as con:
        con.execute("update raw.episodes set published_at = '2025-01-06', available_at = '2025-01-06'")
    days = [date(2025, 1, 6) + timedelta(days=n) for n in range(8)]
    run(warehouse, days[0])
    assert counts(datetime(2027, 1, 6)) == (1, 0)
    for day in days:
        run(warehouse, day)
    assert counts(datetime(2026, 9, 20)) == (0, 1)
    assert counts(datetime(2027, 1, 6)) == (0, 0)


@pytest.mark.parametrize("dropped", ["disabled_reason = 'removed'", "is_paused = true"])
def test_what_failed_of_a_feed_that_is_removed_or_paused_waits(warehouse: Warehouse, dropped: str) -> None:
    listed(warehouse)
    assert run(warehouse, FIRST)
    with warehouse.write() as con:
        con.execute(f"update raw.feeds set {dropped}")
    assert not run(warehouse, FIRST + timedelta(days=1))
    with warehouse.write() as con:
        con.execute("update raw.feeds set disabled_reason = null, is_paused = false")
    assert run(warehouse, FIRST + timedelta(days=2))


def test_a_day_that_is_run_again_counts_once_and_may_mend_it(warehouse: Warehouse) -> None:
    listed(warehouse)
    for _ in range(3):
        assert run(warehouse, FIRST)
    assert state(warehouse) == ("failed", "404", 1, FIRST + timedelta(days=1))
    assert run(warehouse, FIRST, "transcribed")
    assert state(warehouse)[0] == "transcribed"
    assert not run(warehouse, FIRST + timedelta(days=1))


def test_doubts_and_word_times_are_kept(warehouse: Warehouse) -> None:
    listed(warehouse)
    segments = (
        Segment(0, 0.0, 2.5, None, "Two words", word_times=((0.0, 0.5), (0.61, 2.5))),
        Segment(1, 2.5, 3.0, None, "mumbled", doubt="the recogniser is not sure of it"),
    )
    transcript = Transcript("e", "asr", "tiny.en", "en", segments, audio_sha256="00", audio_seconds=3.0)
    assert run(warehouse, FIRST, "transcribed", transcript)
    assert load_segments(warehouse, "e") == segments
    with warehouse.read() as con:
        assert con.execute("select audio_sha256 from raw.transcripts").fetchall() == [("00",)]
