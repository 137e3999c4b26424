"""How a command writes a little into the tables while a run may hold them."""

from collections.abc import Callable

import duckdb

from digest_pipeline.cli.console import err
from digest_pipeline.errors import WarehouseError, WarehouseLocked
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse.choice import warehouse_of


def write_between_steps(settings: Settings, keep: Callable[[duckdb.DuckDBPyConnection], None]) -> None:
    """Write at once, or, with a word about it, between two steps of the run that holds the database.

    Raises:
        WarehouseError: there is no database yet.
        WarehouseLocked: the run left no gap for a while.
    """
    if not (warehouse := warehouse_of(settings)).is_there():
        raise WarehouseError(f"there is no database at {warehouse} yet", remedy="run `digest run` first")
    try:
        with warehouse_of(settings, lock_wait_seconds=0).write() as con:
            keep(con)
    except WarehouseLocked:
        err.print("A run holds the database: waiting for a gap between two of its steps …")
        with warehouse.write() as con:
            keep(con)
