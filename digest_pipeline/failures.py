"""Why a run failed, in words for people; and which runs say it themselves."""

import errno
import os
from collections.abc import Iterable
from itertools import dropwhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagster import DagsterEvent

REPORTED = "digest/reported"  # tag of runs that their command reports: no sensor makes another report
FULL = (os.strerror(errno.ENOSPC), "disk is full")  # as the system says it, and as SQLite does
DBT_ERRORS = "Errors parsed from dbt logs:"  # dagster-dbt's words, after the command line
MAKE_ROOM = "make room and run the day again; what is done is kept"


def failures_of(events: Iterable["DagsterEvent"]) -> list[str]:
    """Each step that failed, with its reason."""
    return [f"{event.step_key}: {_reason(event.event_specific_data)}" for event in events if event.is_step_failure]


def _reason(failure: object) -> str:
    """The innermost message of a step's failure, of dbt's the first: Dagster wraps what an asset raised."""
    error = getattr(failure, "error", None)
    while error is not None and error.cause is not None:
        error = error.cause
    message = str(error.message) if error is not None else ""
    _, of_dbt, by_dbt = message.partition(DBT_ERRORS)
    lines = [line.strip() for line in (by_dbt or message).splitlines() if line.strip()]
    if of_dbt:  # a list of nodes, then "Failure in ..." and its cause, once more under a line that names the node
        told = dropwhile(lambda line: not line.startswith("Failure in"), lines)
        lines = [line for line in told if not line.startswith("Runtime Error in")] or lines
    said = ": ".join(line.rstrip(":") for line in lines[: 2 if of_dbt else 1])
    if any(words in message for words in FULL):
        return f"the disk is full: {said} ({MAKE_ROOM})"
    return said or "failed; the Dagster UI has the trace"
