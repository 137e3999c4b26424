"""Run days through the job that the schedule runs, in this process, and say what came of it."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from datetime import UTC, date, datetime, timedelta
from importlib.util import find_spec
from typing import TYPE_CHECKING

import duckdb
from structlog.contextvars import bound_contextvars

from digest_pipeline.day_summary import DaySummary, summarise
from digest_pipeline.errors import DigestError, SettingsError
from digest_pipeline.failures import MAKE_ROOM, REPORTED, failures_of
from digest_pipeline.home_lock import one_at_a_time
from digest_pipeline.instance import prepare_home
from digest_pipeline.settings import Settings
from digest_pipeline.sqlite import HINDERED, is_one_of
from digest_pipeline.stopping import GO_ON, stop_signals, stopped_in_words
from digest_pipeline.upkeep.logs import json_log
from digest_pipeline.upkeep.report import report
from digest_pipeline.upkeep.retention import remove_old
from digest_pipeline.warehouse.choice import warehouse_of

if TYPE_CHECKING:
    from dagster import HookDefinition

log = logging.getLogger(__name__)


def latest_day(settings: Settings) -> date:
    """The last complete day in the digest's time zone: yesterday."""
    return datetime.now(settings.zone).date() - timedelta(days=1)


def days_between(first: date, last: date, settings: Settings) -> list[date]:
    """Every day from ``first`` to ``last``.

    Raises:
        SettingsError: the range is empty, or reaches before the first partition or past the last complete day.
    """
    if first > last:
        raise SettingsError(f"{first} is after {last}", remedy="name the earlier day first")
    if first < settings.first_day:
        raise SettingsError(f"{first} is before the first day, {settings.first_day}", remedy="set DIGEST_FIRST_DAY")
    if last > (latest := latest_day(settings)):
        raise SettingsError(f"{last} is not over yet", remedy=f"the last complete day is {latest}")
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def run_days(
    days: Sequence[date],
    settings: Settings,
    *,
    only_due: bool = False,
    before: Callable[[date], None] = lambda _: None,
) -> Iterator[DaySummary]:
    """Materialize one daily partition after the other, oldest first, and yield a summary of each.

    A day that fails is reported and the next one runs: it takes over what the failed one left.

    Args:
        days: ascending.
        settings: of the home folder.
        only_due: ask only feeds whose next check is due, as the schedule does; else all that did not ask for peace.
        before: called with each day before its run.

    Raises:
        DigestError: another run is going on in this home folder, the run was told to stop (SIGINT, SIGTERM), or Dagster
            cannot write down what it does.
    """
    prepare_home(settings)
    warehouse, began = warehouse_of(settings), datetime.now(UTC).isoformat(timespec="seconds")
    with (
        one_at_a_time(settings.home),
        (settings.home / "run.log").open("a", encoding="utf-8") as output,
        stop_signals() as told_to_stop,
        stopped_in_words("the run"),  # also before the steps of a day, or after them
    ):
        from dagster import DagsterInstance

        from digest_pipeline.definitions import build_defs

        job = build_defs().resolve_job_def("daily_digest_job").with_hooks({stop_between_steps(told_to_stop)})
        with DagsterInstance.get() as instance, json_log(settings.home / "log.jsonl"):
            for day in days:
                if told_to_stop():
                    raise DigestError(f"the run was stopped before {day}", remedy=GO_ON)
                before(day)
                # dbt and Dagster write to standard output, which is the caller's
                try:
                    with redirect_stdout(output), bound_contextvars(day=day.isoformat(), run=began):
                        result = job.execute_in_process(
                            partition_key=day.isoformat(),
                            instance=instance,
                            raise_on_error=False,
                            tags={REPORTED: "yes"},
                            run_config={
                                "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
                                "ops": {"episodes": {"config": {"only_due": only_due}}},
                            },
                        )
                except _record_errors() as error:  # what steps raise is in the result
                    raise _unrecorded(day, error) from error
                except KeyboardInterrupt:  # before the first step or after the last one; in steps Dagster catches it
                    result = None
                if result is None or (told_to_stop() and not result.success):
                    raise DigestError(f"the run was stopped while it did {day}", remedy=GO_ON)
                failures = failures_of(result.all_events)
                try:
                    with warehouse.read() as con:
                        summary = summarise(con, day, settings, failures)
                except (DigestError, duckdb.Error):
                    report(settings, f"Digest of {day}", failures, datetime.now(UTC))  # sends them, and raises it too
                    raise
                try:
                    report(settings, f"Digest of {day}", [*summary.attention, *summary.notices], datetime.now(UTC))
                except OSError as error:
                    raise DigestError(
                        f"what the run of {day} found cannot be written: {error}", remedy=MAKE_ROOM
                    ) from error
                yield summary
        remove_old(settings, datetime.now(UTC))


def _record_errors() -> tuple[type[Exception], ...]:
    """What Dagster raises where it cannot write down what it does."""
    from sqlalchemy.exc import OperationalError

    if not find_spec("dagster_postgres"):
        return (OperationalError,)
    from dagster_postgres.utils import DagsterPostgresException  # after some tries to connect

    return OperationalError, DagsterPostgresException


def _unrecorded(day: date, error: BaseException) -> DigestError:
    """That Dagster could not write down what a day's run did, with the innermost cause."""
    while error.__cause__ is not None:
        error = error.__cause__
    remedy = MAKE_ROOM if is_one_of(error, HINDERED) else "see that its database answers, and run the day again"
    said = str(error).partition("\n")[0]
    return DigestError(f"Dagster cannot record the run of {day}: {said}", remedy=remedy)


def stop_between_steps(told_to_stop: Callable[[], bool]) -> "HookDefinition":
    """What ends a run after the step in which a library took the exception of a signal for an error of its own."""
    from dagster import success_hook

    @success_hook
    def stop(_context: object) -> None:
        if told_to_stop():
            raise KeyboardInterrupt

    return stop
