"""The read-only snapshot for notebooks: ask it in SQL, get a polars table. It waits for no run, and hinders none."""

from typing import Any

import duckdb
import polars as pl

from digest_pipeline.errors import WarehouseError
from digest_pipeline.settings import load_settings


def query(sql: str, **values: Any) -> pl.DataFrame:
    """What a statement gives over the snapshot of the home folder that ``DIGEST_HOME`` names.

    Args:
        sql: one statement; ``$name`` stands for a value.
        values: by name.

    Raises:
        WarehouseError: there is no snapshot yet, or it lacks a table of this release.

    Example:
        >>> query("select show_title, ad_share from marts.show_scoreboard")  # doctest: +SKIP
    """
    file = load_settings().snapshot
    if not file.exists():
        raise WarehouseError(f"there is no snapshot at {file} yet", remedy="each `digest run` leaves one")
    with duckdb.connect(str(file), read_only=True) as con:
        try:
            return con.execute(sql, values or None).pl()
        except duckdb.CatalogException as error:
            raise WarehouseError(
                f"the snapshot lacks a table: {error}", remedy="`digest run` builds the tables of this release"
            ) from error
