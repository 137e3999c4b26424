"""Episodes of a day: scan the feeds, store what is new, take what the day may take."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime

from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    Config,
    MaterializeResult,
    MetadataValue,
    RetryRequested,
    asset,
)
from pydantic import Field

from digest_pipeline.feeds import store
from digest_pipeline.feeds.arrivals import save_episodes
from digest_pipeline.feeds.chapters import fetch_chapters
from digest_pipeline.feeds.health import save_outcomes, silent_feeds
from digest_pipeline.feeds.redaction import redact
from digest_pipeline.feeds.scan import FeedScan, scan_feeds
from digest_pipeline.feeds.subscriptions import complete_feeds, feeds_to_ask
from digest_pipeline.partitions import DAILY
from digest_pipeline.previews import markdown_table
from digest_pipeline.resources import SettingsResource, WarehouseResource

CHECKS = {
    "feeds_answer": "Every feed that was asked could be read.",
    "feeds_are_alive": "No feed has fallen silent: unread for a week, or without an episode for far longer than usual.",
}


class ScanConfig(Config):
    """How a run scans."""

    only_due: bool = Field(True, description="leave out feeds whose next check, learnt from their rhythm, is later")


@contextmanager
def _tried_again() -> Iterator[None]:
    """Ask Dagster for the step again after a failure. Its ``RetryPolicy`` asks when a run is told to stop, too."""
    try:
        yield
    except Exception as error:
        raise RetryRequested(max_retries=2, seconds_to_wait=20) from error


@asset(
    partitions_def=DAILY,
    group_name="scan",
    kinds={"python", "duckdb"},
    owners=["team:digest"],
    check_specs=[AssetCheckSpec(name, asset="episodes", description=text) for name, text in CHECKS.items()],
)
def episodes(
    context: AssetExecutionContext, config: ScanConfig, warehouse: WarehouseResource, settings: SettingsResource
) -> MaterializeResult:
    """New episodes: feeds are asked with conditional requests, and the day takes what no earlier day has."""
    options, tables, day = settings.load(), warehouse.open(), date.fromisoformat(context.partition_key)
    now, until = datetime.now(UTC).replace(tzinfo=None), store.end_of_day(day, options.zone)
    as_of, lookback = min(now, until), options.lookback_days
    counts, failures = Counter[str](), list[tuple[str, str]]()

    def save(batch: Sequence[FeedScan]) -> None:
        with tables.write() as con:
            counts.update(save_episodes(con, batch, now=now, as_of=as_of, lookback_days=lookback))
            save_outcomes(con, batch, now, as_of)
        counts["unchanged"] += sum(scan.parsed is None and scan.error is None for scan in batch)
        failures.extend((redact(scan.feed_url), scan.error) for scan in batch if scan.error)

    with _tried_again():
        with tables.write() as con:
            complete_feeds(con)
            feeds = feeds_to_ask(con, now, only_due=config.only_due)
        scan_feeds(feeds, options, save)
        with tables.write() as con:
            store.claim_day(con, day, until=until, lookback_days=lookback, max_attempts=options.max_attempts)
            unread = store.chapters_to_read(con, day)
        chapters = fetch_chapters(unread, options)
        with tables.write() as con:
            for episode_id, found in chapters.items():
                store.save_chapters(con, episode_id, found)
            taken = store.episodes_of_day(con, day, ("due", "transcribed", "duplicate", "failed", "unusable"))
            silent = [(feed.title, feed.reason) for feed in silent_feeds(con, now, as_of)]
    return MaterializeResult(
        metadata={
            "dagster/row_count": len(taken),
            "feeds_asked": len(feeds),
            "feeds_unchanged": counts["unchanged"],
            "new_items": counts["listed"],
            "duplicates": counts["duplicate"],
            "unusable": counts["unusable"],
            "mended_items": counts["mended"],
            "episodes": MetadataValue.md(markdown_table(["show", "title"], [(e.show, e.title) for e in taken])),
        },
        check_results=[
            AssetCheckResult(
                check_name=name,
                passed=not rows,
                severity=AssetCheckSeverity.WARN,
                metadata={"feeds": MetadataValue.md(markdown_table(["feed", "reason"], rows))},
            )
            for name, rows in zip(CHECKS, (failures, silent), strict=True)
        ],
    )
