"""Rows of a DuckLake that a database file would have refused: it knows no keys."""

import duckdb

from digest_pipeline.warehouse.schema import keys


def doubles(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """How many rows too many, by table: of each key one may stay."""
    found = {}
    for table, columns in keys().items():
        key = ", ".join(columns)
        rows = con.execute(f"select count(*) - count(distinct ({key})) from raw.{table}").fetchall()  # noqa: S608
        if rows[0][0]:
            found[table] = int(rows[0][0])
    return found


def remove_doubles(con: duckdb.DuckDBPyConnection) -> None:
    """Keep of each key the row that was written last."""
    for table in doubles(con):
        key = ", ".join(keys()[table])
        con.execute(f"delete from raw.{table} where rowid not in (select max(rowid) from raw.{table} group by {key})")  # noqa: S608
