"""Progress as log records: the library says how far it is, whoever runs it decides how to show that.

A record made by ``step`` carries ``stage``, ``done`` and ``total``; the command line draws a bar from them, and the
Dagster UI lists the same records in the run's log.
"""

import logging


def step(stage: str, done: int, total: int, what: str) -> None:
    """Say that ``done`` of ``total`` pieces of ``stage`` are finished, the last of them being ``what``."""
    record = {"stage": stage, "done": done, "total": total}
    logging.getLogger("digest_pipeline.progress").info("%s %d/%d: %s", stage, done, total, what, extra=record)
