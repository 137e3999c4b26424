"""When things run by themselves: the jobs, their schedules, and what is said of a run that ended."""

import logging
from dataclasses import asdict
from datetime import UTC, date, datetime

from dagster import (
    AssetSelection,
    DagsterRunStatus,
    DefaultScheduleStatus,
    DefaultSensorStatus,
    MetadataValue,
    OpExecutionContext,
    RunFailureSensorContext,
    RunStatusSensorContext,
    ScheduleDefinition,
    build_schedule_from_partitioned_job,
    define_asset_job,
    job,
    op,
    run_failure_sensor,
    run_status_sensor,
)

from digest_pipeline.day_summary import summarise
from digest_pipeline.failures import REPORTED, failures_of
from digest_pipeline.home_lock import in_use
from digest_pipeline.partitions import DAILY
from digest_pipeline.resources import SettingsResource
from digest_pipeline.settings import load_settings
from digest_pipeline.upkeep.backup import back_up
from digest_pipeline.upkeep.report import report
from digest_pipeline.upkeep.retention import remove_old
from digest_pipeline.warehouse.choice import warehouse_of

log = logging.getLogger(__name__)

daily_digest_job = define_asset_job(
    "daily_digest_job",
    selection=AssetSelection.all(),
    description="One day from feeds to published digest, and its delivery.",
)

RESCORED = ("embedding_clusters", "scored_insights")

rescore_job = define_asset_job(
    "rescore_job",
    selection=AssetSelection.assets(*RESCORED) | AssetSelection.groups("staging", "marts"),
    description="Cluster and score a day anew from its stored claims, and build the marts; `digest rescore` does the"
    " first two on a copy.",
)

deliveries_job = define_asset_job(
    "deliveries_job",
    selection=AssetSelection.assets("deliveries"),
    description="Send what is due: to readers whose hour has come, and what a mail server put off.",
)

deliveries_schedule = ScheduleDefinition(
    job=deliveries_job,
    cron_schedule="5 * * * *",
    default_status=DefaultScheduleStatus.STOPPED,
    description="Each hour, for readers with an hour of their own and for what was put off.",
)


@op(description="Back the home folder up, and remove what is older than the settings keep.")
def upkeep(context: OpExecutionContext, settings: SettingsResource) -> None:
    """Upkeep of the home folder between runs."""
    config, now = settings.load(), datetime.now(UTC)
    with in_use(config.home):
        backup = back_up(config, now)
        removed = remove_old(config, now)
    context.add_output_metadata(
        {"backup": MetadataValue.path(backup.folder), "rows": sum(backup.rows.values()), **asdict(removed)}
    )


@job(description="A verified backup; what is older than the settings keep is removed.")
def upkeep_job() -> None:
    """One step."""
    upkeep()


upkeep_schedule = ScheduleDefinition(
    job=upkeep_job,
    cron_schedule="15 5 * * *",
    execution_timezone=DAILY.timezone,
    default_status=DefaultScheduleStatus.STOPPED,
    description="At 05:15 in the digest's time zone, before the daily run.",
)

daily_digest_schedule = build_schedule_from_partitioned_job(
    daily_digest_job,
    hour_of_day=6,
    minute_of_hour=15,
    default_status=DefaultScheduleStatus.STOPPED,
    description="At 06:15, yesterday's partition. Turn it on in the UI, or with `dagster schedule start`.",
)


@run_failure_sensor(
    default_status=DefaultSensorStatus.RUNNING, description="Logs each failed run and alerts whoever operates this."
)
def failed_runs(context: RunFailureSensorContext) -> None:
    """Say which run failed and why."""
    run, day = context.dagster_run, context.partition_key
    reasons = failures_of(context.get_step_failure_events()) or [context.failure_event.message or "without a word"]
    what = f"{run.job_name} of {day}" if day else run.job_name
    log.error("run %s, %s, failed: %s", run.run_id, what, "; ".join(reasons))
    if REPORTED not in run.tags:
        lines = [f"{what} failed: {reason}" for reason in reasons]
        report(load_settings(), f"Digest of {day}" if day else run.job_name, lines, datetime.now(UTC), is_all=False)


@run_status_sensor(
    run_status=DagsterRunStatus.SUCCESS,
    default_status=DefaultSensorStatus.RUNNING,
    description="Writes the metrics, and alerts whoever operates this of what needs a look.",
)
def finished_days(context: RunStatusSensorContext) -> None:
    """Report a day that ended."""
    if REPORTED in context.dagster_run.tags or not context.partition_key:
        return
    settings, day = load_settings(), date.fromisoformat(context.partition_key)
    with warehouse_of(settings).read() as con:
        summary = summarise(con, day, settings)
    report(settings, f"Digest of {day}", [*summary.attention, *summary.notices], datetime.now(UTC))
