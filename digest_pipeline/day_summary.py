"""What the tables say that a day's run did, and what in it needs a look."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import duckdb

from digest_pipeline.feeds.health import silent_feeds
from digest_pipeline.feeds.store import end_of_day
from digest_pipeline.llm.spending import spending_of_day
from digest_pipeline.settings import Settings
from digest_pipeline.upkeep.health import failing_feeds

# An episode without audio is taken by no day: it counts on the one that could have.
COUNTS = """
select
    count(*) filter (status = 'transcribed' and digest_date = $day),
    count(*) filter (status = 'duplicate' and digest_date = $day),
    count(*) filter (
        status = 'unusable'
        and (digest_date = $day or digest_date is null and available_at >= $begins and available_at < $ends)
    )
from raw.episodes
"""
TRANSCRIBED = """
select coalesce(sum(t.audio_seconds), 0) / 60
from raw.transcripts t join raw.episodes e using (episode_id)
where e.digest_date = ? and t.source = 'asr'
"""
CANDIDATES = """
select count(*), (select count(*) from raw.digest_items where digest_date = $day)
from raw.claim_candidates where digest_date = $day
"""
REJECTED = """
select regexp_replace(regexp_replace(rejected_reason, ' [0-9.]+ is under.*', ' too low'), ':.*', ''), count(*)
from raw.claim_candidates
where digest_date = ? and rejected_reason is not null group by 1 order by 2 desc, 1
"""
FAILED = """
select coalesce(f.title, f.shown_url) || ' · ' || e.title || ': ' || coalesce(e.status_reason, '')
from raw.episodes e left join raw.feeds f using (feed_url)
where e.digest_date = ? and (e.status = 'failed' or e.status = 'unusable' and e.attempts > 0) order by 1
"""
NOTES = "select note from raw.extractions where digest_date = ? and note is not null order by 1"


@dataclass(frozen=True, slots=True)
class DaySummary:
    """What a day's run did.

    ``attention`` names what an operator has to look at, ``notices`` what may be as it should: feeds that fell silent.
    """

    day: date
    succeeded: bool
    episodes: int
    transcribed_minutes: float
    duplicates: int
    unusable: int
    candidates: int
    rejected: dict[str, int]
    published: int
    tokens: int
    usd: float | None
    attention: tuple[str, ...]
    notices: tuple[str, ...] = ()


def summarise(
    con: duckdb.DuckDBPyConnection, day: date, settings: Settings, failures: Sequence[str] = ()
) -> DaySummary:
    """What the tables say of a day, with the steps of its run that failed."""
    begins, ends = (end_of_day(day - timedelta(days=back), settings.zone) for back in (1, 0))
    values = {"day": day, "begins": begins, "ends": ends}
    ((episodes, duplicates, unusable),) = con.execute(COUNTS, values).fetchall()
    ((minutes,),) = con.execute(TRANSCRIBED, [day]).fetchall()
    ((candidates, published),) = con.execute(CANDIDATES, {"day": day}).fetchall()
    spending = spending_of_day(con, day)
    now = datetime.now(UTC).replace(tzinfo=None)
    said = [text for query in (FAILED, NOTES) for (text,) in con.execute(query, [day]).fetchall()]
    return DaySummary(
        day=day,
        succeeded=not failures,
        episodes=episodes,
        transcribed_minutes=float(minutes),
        duplicates=duplicates,
        unusable=unusable,
        candidates=candidates,
        rejected=dict(con.execute(REJECTED, [day]).fetchall()),
        published=published,
        tokens=spending.tokens,
        usd=spending.usd,
        attention=tuple(dict.fromkeys([*failures, *failing_feeds(con), *said])),
        notices=tuple(f"{feed.title}: {feed.reason}" for feed in silent_feeds(con, now, min(now, ends))),
    )
