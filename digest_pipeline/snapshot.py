"""For notebooks: ask the snapshot, or the DuckLake, in SQL. It waits for no run, and hinders none."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb
import polars as pl

from digest_pipeline.errors import WarehouseError
from digest_pipeline.settings import load_settings
from digest_pipeline.warehouse.choice import warehouse_of
from digest_pipeline.warehouse.connection import connect_to


def query(sql: str, **values: Any) -> pl.DataFrame:
    """What a statement gives over the snapshot of the home folder that ``DIGEST_HOME`` names.

    Where ``DIGEST_WAREHOUSE`` names a DuckLake there is no snapshot: the lake itself is read, as it is now.

    Args:
        sql: one statement; ``$name`` stands for a value.
        values: by name.

    Raises:
        WarehouseError: there is no snapshot yet, or it lacks a table of this release.

    Example:
        >>> query("select show_title, ad_share from marts.show_scoreboard")  # doctest: +SKIP
    """
    with _snapshot() as con:
        try:
            return con.execute(sql, values or None).pl()
        except duckdb.CatalogException as error:
            raise WarehouseError(
                f"the snapshot lacks a table: {error}", remedy="`digest run` builds the tables of this release"
            ) from error


@contextmanager
def _snapshot() -> Iterator[duckdb.DuckDBPyConnection]:
    settings = load_settings()
    if settings.warehouse.get_secret_value():
        with warehouse_of(settings).look(settings.snapshot) as con:
            yield con
        return
    if not settings.snapshot.exists():
        raise WarehouseError(f"there is no snapshot at {settings.snapshot} yet", remedy="each `digest run` leaves one")
    with connect_to(settings.snapshot, read_only=True) as con:
        yield con
