"""When things run by themselves: the daily job, its schedule, and what happens when a run fails."""

import logging

from dagster import (
    AssetSelection,
    DefaultScheduleStatus,
    DefaultSensorStatus,
    RunFailureSensorContext,
    ScheduleDefinition,
    build_schedule_from_partitioned_job,
    define_asset_job,
    run_failure_sensor,
)

log = logging.getLogger(__name__)

daily_digest_job = define_asset_job(
    "daily_digest_job",
    selection=AssetSelection.all(),
    description="One day from feeds to published digest, and its delivery.",
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

daily_digest_schedule = build_schedule_from_partitioned_job(
    daily_digest_job,
    hour_of_day=6,
    minute_of_hour=15,
    default_status=DefaultScheduleStatus.STOPPED,
    description="At 06:15, yesterday's partition. Turn it on in the UI, or with `dagster schedule start`.",
)


@run_failure_sensor(default_status=DefaultSensorStatus.RUNNING, description="Writes each failed run to the log.")
def failed_runs(context: RunFailureSensorContext) -> None:
    """Say which run failed and why, where the daemon's log is watched."""
    day = context.partition_key or "no partition"
    log.error("run %s of %s failed: %s", context.dagster_run.run_id, day, context.failure_event.message)
