"""Which store the settings name: the file in the home folder, or a DuckLake."""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from digest_pipeline.lake_address import LakeAddress
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse.connection import LOCK_WAIT_SECONDS, Warehouse


def warehouse_of(settings: Settings, *, lock_wait_seconds: float = LOCK_WAIT_SECONDS) -> Warehouse:
    """The store, to read and write.

    Args:
        settings: of the home folder.
        lock_wait_seconds: how long to wait for another process to let go of a file; a lake is never held.
    """
    if address := settings.warehouse.get_secret_value():
        from digest_pipeline.warehouse.lake import LakeWarehouse

        return LakeWarehouse(LakeAddress.parse(address))
    return Warehouse(settings.database, lock_wait_seconds=lock_wait_seconds)


@contextmanager
def looking(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that cannot write and waits for no run: what commands that only look use.

    Raises:
        WarehouseError: there is no store yet, or it cannot be opened.
    """
    with warehouse_of(settings).look(settings.snapshot) as con:
        yield con
