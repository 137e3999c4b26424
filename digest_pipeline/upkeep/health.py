"""Is it healthy, what did it cost, what is stuck: the facts behind ``digest status``, the metrics and the alerts."""

import sqlite3
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import duckdb

from digest_pipeline.delivery.hours import WEEK
from digest_pipeline.delivery.ledger import STALE
from digest_pipeline.feeds.store import DROPPED
from digest_pipeline.settings import Settings
from digest_pipeline.words import plural

LOOKED_BACK_DAYS = 30
DUE_AFTER = timedelta(hours=8)  # of its end a day should be published: the schedule begins at 06:15
RECENT_DAYS = 7
LEAST_BEFORE = 7  # published days that a usual number is taken from
DROP = 0.5  # of what was usual
# What is on its way just now has not failed to arrive, and what is given up was waited for first.
DELIVERIES = """
select status, count(*) from deliveries
where digest_date >= case
    when status <> 'given up' then :first
    when subscriber_id in (select subscriber_id from subscribers where weekday is not null) then :first_in_weeks
    else :first_given_up end
    and (status <> 'started' or started_at < :stale)
group by status
"""


@dataclass(frozen=True, slots=True)
class Health:
    """The state of a home folder.

    ``last_day``: newest published; ``behind_days``: complete days after it; ``missing_days``: of the last 30, between
    the first published and the newest. ``retrying``: episodes that wait for another try; ``set_aside``: those that were
    given up, of the last 30 days or first seen in them. ``deliveries``: of the last 7 days, by status; what was given
    up, of the 7 before it was. ``usd``: spent in the last 30 days, on whatever day's digest; ``None`` where a price is
    unknown. ``published_recent`` and ``published_before``: insights a published day, in the last 7 days and the 28
    before; ``None``: too few days. ``failing_feeds``: each with its reason. ``taken_unpublished``: where nothing is
    published, the last day that took an episode.
    """

    last_day: date | None
    behind_days: int
    missing_days: tuple[date, ...]
    retrying: int
    set_aside: int
    deliveries: Counter[str]
    usd: float | None
    published_recent: float | None
    published_before: float | None
    failing_feeds: tuple[str, ...] = ()
    taken_unpublished: date | None = None

    @property
    def problems(self) -> list[str]:
        """What an operator has to look at, worst first."""
        said = []
        if self.taken_unpublished:
            day = self.taken_unpublished
            said.append(f"nothing is published yet, though {day} has episodes; `digest run --date {day}` says why")
        if self.last_day and self.behind_days:
            said.append(f"no digest since {self.last_day}: {plural(self.behind_days, 'complete day')} without one")
        if self.missing_days:
            newest, *others = reversed(self.missing_days)  # an alert goes by the newest: the others go as time passes
            more = f", nor of {plural(len(others), 'day')} before: {', '.join(map(str, others[:4]))}" if others else ""
            said.append(f"no digest of {newest}{more}{', …' * (len(others) > 4)}")
        said += [
            f"{status}: {self.deliveries[status]} of the last deliveries; `digest deliveries` says why"
            for status in ("refused", "unknown", "started", "given up")
            if self.deliveries[status]
        ]
        said += self.failing_feeds
        if self.has_fewer_insights:
            said.append(
                f"{self.published_recent:.1f} insights a day are published, {self.published_before:.1f} were usual"
            )
        return said

    @property
    def has_fewer_insights(self) -> bool:
        """Whether the last days published under half of what was usual: feeds, transcripts or settings have changed."""
        if self.published_recent is None or self.published_before is None:
            return False
        return self.published_recent < DROP * self.published_before


def health_of(
    con: duckdb.DuckDBPyConnection, subscribers: sqlite3.Connection | None, settings: Settings, now: datetime
) -> Health:
    """Look at the warehouse and the ledger.

    Args:
        con: the warehouse, or its snapshot.
        subscribers: of ``open_delivery``; ``None`` for who may not read it, and learns nothing of deliveries.
        settings: time zone of days.
        now: aware.
    """
    yesterday = now.astimezone(settings.zone).date() - timedelta(days=1)
    due = (now - DUE_AFTER).astimezone(settings.zone).date() - timedelta(days=1)
    since = yesterday - timedelta(days=LOOKED_BACK_DAYS - 1)
    days = dict(con.execute("select digest_date, n_items from raw.digests order by 1").fetchall())
    last = max(days, default=None)
    between = [since + timedelta(days=n) for n in range(LOOKED_BACK_DAYS)]
    missing = tuple(day for day in between if last and min(days) < day < last and day not in days)
    waiting, set_aside = con.execute(
        f"{DROPPED} select count(*) filter (status = 'failed'), count(*) filter ("  # noqa: S608 - a constant
        " status = 'unusable' and attempts > 0 and greatest(digest_date, first_seen_at::date) >= ?)"
        " from raw.episodes where feed_url not in (from dropped_feeds)",
        [since],
    ).fetchall()[0]
    spent = con.execute(
        "select count(*) filter (usd is null and not cached), coalesce(sum(usd), 0) from raw.llm_calls"
        " where called_at >= ?",  # an old day that is run now is paid for now
        [now.astimezone(UTC).replace(tzinfo=None) - timedelta(days=LOOKED_BACK_DAYS)],
    ).fetchall()[0]
    first_recent = yesterday - timedelta(days=RECENT_DAYS - 1)
    first_given_up = first_recent - timedelta(days=settings.mail_days_back)
    reach = {
        "first": first_recent.isoformat(),
        "first_given_up": first_given_up.isoformat(),
        "first_in_weeks": (first_given_up - WEEK).isoformat(),
        "stale": (now.astimezone(UTC) - STALE).isoformat(timespec="seconds"),
    }
    deliveries = subscribers.execute(DELIVERIES, reach).fetchall() if subscribers else []
    taken = con.execute("select max(digest_date) from raw.episodes").fetchall()[0][0]
    recent = [count for day, count in days.items() if day >= first_recent]
    before = [count for day, count in days.items() if first_recent - timedelta(days=28) <= day < first_recent]
    return Health(
        last_day=last,
        behind_days=max(0, (due - last).days) if last else 0,
        missing_days=missing,
        retrying=int(waiting),
        set_aside=int(set_aside),
        deliveries=Counter(dict(deliveries)),
        usd=None if spent[0] else float(spent[1]),
        published_recent=sum(recent) / len(recent) if recent else None,
        published_before=sum(before) / len(before) if len(before) >= LEAST_BEFORE else None,
        failing_feeds=tuple(failing_feeds(con)),
        taken_unpublished=None if last else taken,
    )


def failing_feeds(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Each feed whose last check failed, with the reason, unless the operator has paused or removed it."""
    rows = con.execute(
        "select coalesce(title, shown_url), last_status, disabled_reason from raw.feeds"
        " where consecutive_failures > 0 and coalesce(disabled_reason, 'retired') like 'retired%'"
        " and not coalesce(is_paused, false) order by 1, 2"
    ).fetchall()
    return [f"{name}: {retired or status}" for name, status, retired in rows]
