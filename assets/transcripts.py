"""Transcripts of a day's episodes, each stored as soon as it is there."""

from datetime import date

from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    MaterializeResult,
    MetadataValue,
    asset,
)

from digest_pipeline.feeds.store import episodes_of_day
from digest_pipeline.partitions import DAILY
from digest_pipeline.previews import markdown_table
from digest_pipeline.resources import SettingsResource, WarehouseResource
from digest_pipeline.transcripts.store import TalkHistory, day_report, save_outcome
from digest_pipeline.transcripts.transcribe import transcribe_episodes


@asset(
    deps=["episodes"],
    partitions_def=DAILY,
    group_name="scan",
    kinds={"python", "duckdb", "whisper"},
    owners=["team:digest"],
    check_specs=[
        AssetCheckSpec("episodes_have_transcripts", asset="transcripts", description="No episode of the day failed.")
    ],
)
def transcripts(
    context: AssetExecutionContext, warehouse: WarehouseResource, settings: SettingsResource
) -> MaterializeResult:
    """What was said: the publisher's transcript where there is a good one, else Whisper; advertisements flagged."""
    config, tables, day = settings.load(), warehouse.open(), date.fromisoformat(context.partition_key)
    with tables.read() as con:
        due = [e for e in episodes_of_day(con, day, ("due", "failed")) if e.attempts < config.max_attempts]
    for outcome in transcribe_episodes(due, TalkHistory(tables), config):
        save_outcome(tables, outcome, day, max_attempts=config.max_attempts)
    with tables.read() as con:
        report = day_report(con, day)
    return MaterializeResult(
        metadata={
            "dagster/row_count": report.transcribed,
            "by_whisper": report.by_whisper,
            "whisper_minutes": round(report.whisper_minutes, 1),
            "real_time_factor": report.real_time_factor,
            "duplicates": report.duplicates,
            "ad_share": round(report.ad_share, 3),
            "transcripts": MetadataValue.md(
                markdown_table(["show", "title", "source", "words", "ads", "status", "note"], report.rows)
            ),
        },
        check_results=[
            AssetCheckResult(
                check_name="episodes_have_transcripts",
                passed=not report.failures,
                severity=AssetCheckSeverity.WARN,
                metadata={"failures": MetadataValue.md(markdown_table(["episode", "reason"], report.failures))},
            )
        ],
    )
