"""Episodes of a day: scan the feeds, store what is new, take what the day may take."""

from datetime import UTC, date, datetime, timedelta

from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    MaterializeResult,
    MetadataValue,
    RetryPolicy,
    asset,
)

from digest_pipeline.feeds import store
from digest_pipeline.feeds.fetch import redact
from digest_pipeline.feeds.scan import scan_feeds
from digest_pipeline.partitions import DAILY
from digest_pipeline.previews import markdown_table
from digest_pipeline.resources import SettingsResource, WarehouseResource
from digest_pipeline.settings import Settings


def window_of(day: date, settings: Settings) -> tuple[datetime, datetime]:
    """The publication times that a day takes, [since, until) as naive UTC: the day and the lookback before it."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=settings.zone)
    since = midnight - timedelta(days=settings.lookback_days - 1)
    until = midnight + timedelta(days=1)
    return since.astimezone(UTC).replace(tzinfo=None), until.astimezone(UTC).replace(tzinfo=None)


@asset(
    partitions_def=DAILY,
    group_name="scan",
    kinds={"python", "duckdb"},
    owners=["team:digest"],
    check_specs=[AssetCheckSpec("feeds_answer", asset="episodes", description="Every feed could be read.")],
    retry_policy=RetryPolicy(max_retries=2, delay=20),
)
def episodes(
    context: AssetExecutionContext, warehouse: WarehouseResource, settings: SettingsResource
) -> MaterializeResult:
    """New episodes: every feed is checked with conditional requests, and the day takes what no earlier day has."""
    config, tables, day = settings.load(), warehouse.open(), date.fromisoformat(context.partition_key)
    with tables.read() as con:
        feeds = store.active_feeds(con)
    scans = scan_feeds(feeds, config)
    now = datetime.now(UTC).replace(tzinfo=None)
    since, until = window_of(day, config)
    counts = {"listed": 0, "duplicate": 0, "unusable": 0}
    with tables.write() as con:
        index = store.known_episodes(con)
        for scan in scans:
            if scan.error:
                store.save_feed_failure(con, scan.feed_url, scan.error)
                continue
            store.save_feed(con, scan.feed_url, parsed=scan.parsed, etag=scan.etag, last_modified=scan.last_modified)
            if scan.parsed:
                found = store.save_items(con, scan.feed_url, scan.parsed.items, index, now)
                counts = {status: counts[status] + number for status, number in found.items()}
        store.claim_day(con, day, since=since, until=until, max_attempts=config.max_attempts)
        taken = store.episodes_of_day(con, day, ("due", "transcribed", "duplicate", "failed", "unusable"))
    failures = [(redact(scan.feed_url), scan.error) for scan in scans if scan.error]
    return MaterializeResult(
        metadata={
            "dagster/row_count": len(taken),
            "feeds": len(feeds),
            "feeds_unchanged": sum(scan.parsed is None and not scan.error for scan in scans),
            "new_items": counts["listed"],
            "duplicates": counts["duplicate"],
            "unusable": counts["unusable"],
            "episodes": MetadataValue.md(markdown_table(["show", "title"], [(e.show, e.title) for e in taken])),
        },
        check_results=[
            AssetCheckResult(
                check_name="feeds_answer",
                passed=not failures,
                severity=AssetCheckSeverity.WARN,
                metadata={"failures": MetadataValue.md(markdown_table(["feed", "reason"], failures))},
            )
        ],
    )
