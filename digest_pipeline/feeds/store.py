"""What later stages ask of episodes: which day takes which, and what a publisher says of them."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import duckdb
import pydantic_core

from digest_pipeline.models import Chapter, Episode, Person, Soundbite, TranscriptLink

T = TypeVar("T")
# Subscribed to no more, or paused: their episodes wait, new ones and those that failed.
DROPPED = """
with dropped_feeds as (
    select feed_url from raw.feeds where disabled_reason = 'removed' or coalesce(is_paused, false)
)
"""
CLAIM_DAY = f"""{DROPPED}
update raw.episodes set digest_date = $day, status = 'due'
where episode_id in (
    select episode_id from (
        select
            e.episode_id, f.max_per_day,
            row_number() over (partition by e.feed_url order by e.available_at desc, e.episode_id)
            + (select count(*) from raw.episodes t where t.feed_url = e.feed_url and t.digest_date = $day) as nth
        from raw.episodes e join raw.feeds f using (feed_url)
        where e.status = 'listed' and e.digest_date is null
            and e.feed_url not in (from dropped_feeds)
            and e.available_at < $until
            -- an hour more than whole days: when clocks change, no hour falls between two windows
            and e.available_at >= $until - to_hours(24 * coalesce(f.lookback_days, $lookback_days) + 1)
    )
    where nth <= coalesce(max_per_day, nth)
)
"""  # noqa: S608 - a constant
RETRY_DAY = f"""{DROPPED}
update raw.episodes set digest_date = $day, status = 'due'
where status = 'failed' and digest_date < $day and attempts < $max_attempts and coalesce(retry_on, $day) <= $day
    and feed_url not in (from dropped_feeds)
"""  # noqa: S608 - a constant


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The midnight that ends a day, as naive UTC."""
    after = day + timedelta(days=1)
    midnight = datetime(after.year, after.month, after.day, tzinfo=zone)
    return midnight.astimezone(UTC).replace(tzinfo=None)


def claim_day(
    con: duckdb.DuckDBPyConnection, day: date, *, until: datetime, lookback_days: int, max_attempts: int
) -> None:
    """Give ``day`` every listed episode of its window that no day has, and those that failed on an earlier day.

    The window ends at ``until`` and goes back the feed's lookback, or the general one. A day whose digest was
    published takes nothing more: what turns up late in its feed belongs to the next day.
    """
    closed = con.execute("select 1 from raw.digests where digest_date = ? and n_items > 0", [day]).fetchall()
    if not closed:
        window = {"day": day, "until": until, "lookback_days": lookback_days}
        con.execute(CLAIM_DAY, window)
        con.execute(RETRY_DAY, {"day": day, "max_attempts": max_attempts})


def episodes_of_day(con: duckdb.DuckDBPyConnection, day: date, statuses: Sequence[str]) -> list[Episode]:
    """Episodes that ``day`` took, in publication order."""
    rows = con.execute(
        "select e.episode_id, e.feed_url, coalesce(f.title, f.shown_url), e.title, e.audio_url, e.link, e.description,"
        " e.duration_seconds, coalesce(f.own_language, e.language, f.language), e.transcript_urls, e.attempts,"
        " e.chapters, e.persons, e.soundbites, f.whisper_model, e.audio_bytes"
        " from raw.episodes e left join raw.feeds f using (feed_url)"
        " where e.digest_date = ? and list_contains(?, e.status)"
        " order by e.published_at, e.episode_id",
        [day, list(statuses)],
    ).fetchall()
    kinds = (Chapter, Person, Soundbite)
    return [
        Episode(
            *(
                *row[:9],
                _from_json(TranscriptLink, row[9]),
                row[10],
                *(_from_json(kind, text) for kind, text in zip(kinds, row[11:14], strict=True)),
                *row[14:],
            )
        )
        for row in rows
    ]


def chapters_to_read(con: duckdb.DuckDBPyConnection, day: date) -> list[tuple[str, str]]:
    """(episode id, address) of the chapter files of a day's episodes that were not read yet."""
    return con.execute(
        "select episode_id, chapters_url from raw.episodes"
        " where digest_date = ? and status = 'due' and chapters_url is not null and chapters is null order by 1",
        [day],
    ).fetchall()


def save_chapters(con: duckdb.DuckDBPyConnection, episode_id: str, chapters: Sequence[Chapter]) -> None:
    """Keep an episode's chapters; an empty list says that there are none to be had."""
    con.execute("update raw.episodes set chapters = ? where episode_id = ?", [to_json(chapters), episode_id])


def to_json(values: Sequence[Any]) -> str:
    """Dataclasses as the JSON that a column holds."""
    return pydantic_core.to_json(values).decode() if values else "[]"


def _from_json(kind: type[T], text: str | None) -> tuple[T, ...]:
    return tuple(kind(**fields) for fields in json.loads(text or "[]"))
