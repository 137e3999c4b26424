"""How feeds are: what each check brought, when the next one is due, and which feeds have fallen silent.

A feed that answers is due again after a quarter of its usual gap between two episodes, at least an hour and at most
twenty; one that fell silent every other day; one that fails after an hour, doubled with each failure, up to three days,
with jitter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb
import polars as pl

from digest_pipeline.feeds.scan import FeedScan

RHYTHM_GAPS = 20  # latest gaps between episodes that a rhythm is learnt from
SILENT_AFTER_CADENCES, SILENT_AFTER_DAYS = 4.0, 30.0
UNREAD_AFTER = timedelta(days=7)

OUTCOMES = """
update raw.feeds set
    last_checked_at = $now,
    last_status = coalesce(s.error, 'ok'),
    consecutive_failures = if(s.error is null, 0, consecutive_failures + 1),
    last_success_at = if(s.error is null, $now, last_success_at),
    failing_since = if(s.error is null, null, coalesce(failing_since, $as_of)),
    disabled_reason = if(s.is_gone, 'retired: ' || s.error, feeds.disabled_reason),
    retry_after_at = $now + to_milliseconds(cast(1000 * s.retry_after_seconds as bigint)),
    moved_to = if(s.error is null, s.moved_to, feeds.moved_to),
    etag = if(s.error is null, s.etag, feeds.etag),
    last_modified = if(s.error is null, s.last_modified, feeds.last_modified),
    body_hash = coalesce(s.body_hash, feeds.body_hash),
    title = coalesce(s.title, feeds.title),
    link = coalesce(s.link, feeds.link),
    language = coalesce(s.language, feeds.language),
    podcast_guid = coalesce(s.podcast_guid, feeds.podcast_guid)
from scanned s
where feeds.feed_url = s.feed_url
"""

RHYTHM = f"""
update raw.feeds set last_episode_at = r.newest, cadence_days = r.cadence
from (
    select feed_url, max(published_at) as newest, median(gap_days) as cadence
    from (
        select
            feed_url, published_at,
            date_diff('second', lag(published_at) over feed, published_at) / 86400.0 as gap_days
        from (
            select distinct feed_url, published_at from raw.episodes
            where feed_url in (select feed_url from scanned where is_read) and published_at <= $now
        )
        window feed as (partition by feed_url order by published_at)
        qualify row_number() over (partition by feed_url order by published_at desc) <= {RHYTHM_GAPS}
    )
    group by feed_url
) r
where feeds.feed_url = r.feed_url
"""  # noqa: S608 - a number of ours

NEXT_CHECKS = """
update raw.feeds set next_check_at = $now + to_seconds(
    case
        when consecutive_failures > 0 then
            3600 * least(pow(2, least(consecutive_failures, 10) - 1), 72) * (0.75 + random() / 2)
        when date_diff('second', last_episode_at, $now) / 86400.0
            > greatest($cadences * coalesce(cadence_days, 0), $silent_days) then 3600 * 44
        else least(greatest(coalesce(cadence_days, 4) * 86400 / 4, 3600), 3600 * 20)
    end
)
where feed_url in (select feed_url from scanned)
"""

SILENT = """
select
    coalesce(f.title, f.shown_url), f.feed_url, f.last_status, f.consecutive_failures,
    coalesce(f.last_success_at, f.added_at) as read_at, e.newest, f.cadence_days
from raw.feeds f
left join (
    select feed_url, max(published_at) as newest from raw.episodes where published_at <= $as_of group by feed_url
) e using (feed_url)
where f.disabled_reason is null and not coalesce(f.is_paused, false)
    and (
        (f.consecutive_failures > 0 and coalesce(f.last_success_at, f.added_at) < $now - to_days($unread_days))
        or date_diff('second', e.newest, $as_of) / 86400.0
            > greatest($cadences * coalesce(f.cadence_days, 0), $silent_days)
    )
order by 1, 2
"""


TEXTS = ("error", "moved_to", "etag", "last_modified", "body_hash", "title", "link", "language", "podcast_guid")
SCANNED = {
    "feed_url": pl.String,
    "is_read": pl.Boolean,
    "is_gone": pl.Boolean,
    "retry_after_seconds": pl.Float64,
    **dict.fromkeys(TEXTS, pl.String),
}


@dataclass(frozen=True, slots=True)
class SilentFeed:
    """A feed that brings nothing any more, and why it is thought so."""

    feed_url: str
    title: str
    reason: str


@dataclass(frozen=True, slots=True)
class FeedState:
    """How one feed is. ``state`` is ok, new, paused, silent, failing or retired; times are naive UTC."""

    shown_url: str
    title: str
    state: str
    reason: str
    last_success_at: datetime | None
    last_episode_at: datetime | None
    cadence_days: float | None
    failures: int
    next_check_at: datetime | None


def save_outcomes(con: duckdb.DuckDBPyConnection, scans: Sequence[FeedScan], now: datetime, as_of: datetime) -> None:
    """Note what each check brought, and when the next is due. Call after the episodes of ``scans`` are stored.

    Args:
        con: in a transaction.
        scans: one result a feed.
        now: naive UTC, the wall clock.
        as_of: the end of the day that is digested, or ``now`` if that is earlier: in a replay of old days, the time
            that outages are measured in.
    """
    scanned = pl.DataFrame(
        [
            {
                "feed_url": scan.feed_url,
                "error": scan.error,
                "is_read": scan.parsed is not None,
                "is_gone": scan.is_gone,
                "retry_after_seconds": scan.retry_after_seconds,
                "moved_to": scan.moved_to,
                "etag": scan.etag,
                "last_modified": scan.last_modified,
                "body_hash": scan.body_hash,
                "title": scan.parsed.title if scan.parsed else None,
                "link": scan.parsed.link if scan.parsed else None,
                "language": scan.parsed.language if scan.parsed else None,
                "podcast_guid": scan.parsed.podcast_guid if scan.parsed else None,
            }
            for scan in scans
        ],
        schema=SCANNED,
    )
    con.register("scanned", scanned)
    con.execute(OUTCOMES, {"now": now, "as_of": as_of})
    con.execute(RHYTHM, {"now": now})
    con.execute(NEXT_CHECKS, {"now": now, "cadences": SILENT_AFTER_CADENCES, "silent_days": SILENT_AFTER_DAYS})
    con.unregister("scanned")


def silent_feeds(con: duckdb.DuckDBPyConnection, now: datetime, as_of: datetime) -> list[SilentFeed]:
    """Feeds that could not be read for a week, or whose last episode is far older than their rhythm."""
    rows = con.execute(
        SILENT,
        {
            "now": now,
            "as_of": as_of,
            "unread_days": UNREAD_AFTER.days,
            "cadences": SILENT_AFTER_CADENCES,
            "silent_days": SILENT_AFTER_DAYS,
        },
    ).fetchall()
    found = []
    for title, url, status, failures, read_at, newest, cadence in rows:
        if failures and now - read_at > UNREAD_AFTER:
            reason = f"not read for {(now - read_at).days} days: {status}"
        else:
            days = round(cadence or 0)
            usual = f", usually {'every day' if days == 1 else f'every {days} days'}" if days else ""
            reason = f"no new episode for {(as_of - newest).days} days{usual}"
        found.append(SilentFeed(url, title, reason))
    return found


def feed_states(con: duckdb.DuckDBPyConnection, now: datetime) -> list[FeedState]:
    """Every subscription, those that need a look first."""
    rows = con.execute(
        "select feed_url, shown_url, coalesce(title, ''), last_status, disabled_reason, coalesce(is_paused, false),"
        " last_success_at, last_episode_at, cadence_days, consecutive_failures,"
        " greatest(next_check_at, coalesce(retry_after_at, next_check_at)) from raw.feeds"
        " where coalesce(disabled_reason, '') <> 'removed' order by 3, 2"
    ).fetchall()
    silent = {feed.feed_url: feed.reason for feed in silent_feeds(con, now, now)}
    states = []
    for url, shown, title, status, disabled, paused, read_at, newest, cadence, failures, next_check in rows:
        if disabled:
            state, reason = "retired", disabled
        elif paused:
            state, reason = "paused", ""
        elif failures:
            state, reason = "failing", status
        elif url in silent:
            state, reason = "silent", silent[url]
        else:
            state, reason = ("ok", "") if read_at else ("new", "not read yet")
        states.append(FeedState(shown, title, state, reason, read_at, newest, cadence, failures, next_check))
    order = ("retired", "failing", "silent", "new", "ok", "paused")
    return sorted(states, key=lambda feed: order.index(feed.state))
