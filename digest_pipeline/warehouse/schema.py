"""How the schema grows: numbered files, each applied once.

A DuckLake runs the same files, but it knows no keys. There, a key's columns are only required; nothing refuses a
double, so that ``digest doctor`` looks for them (``keys`` says what would have been unique).
"""

import re
from functools import cache
from importlib.resources import files

import duckdb

from digest_pipeline.errors import WarehouseTooNew

APPLIED = "create table if not exists raw.migrations (number integer primary key, name varchar, applied_at timestamp)"
# A key of a table, at its end and after a comment on the column before it; and a key of a single column.
TABLE_KEY = re.compile(r",(\s*(?:--[^\n]*\n\s*)?)primary key \([^)]*\)")
COLUMN_KEY = re.compile(r"\bprimary key\b")


def migrations() -> list[tuple[int, str, str]]:
    """The schema's history as (number, name, sql), in order. Read from the numbered files in ``migrations/``."""
    folder = files("digest_pipeline.warehouse") / "migrations"
    found = sorted((f.name, f.read_text(encoding="utf-8")) for f in folder.iterdir() if f.name.endswith(".sql"))
    return [(int(name.split("_")[0]), name, sql) for name, sql in found]


def without_keys(sql: str) -> str:
    """Statements that make the same tables where keys are unknown."""
    return COLUMN_KEY.sub("not null", TABLE_KEY.sub(r"\1", sql))


@cache
def keys() -> dict[str, tuple[str, ...]]:
    """The key of each table of schema ``raw``, as a database file has it."""
    with duckdb.connect() as con:
        migrate(con)
        found = con.execute(
            "select table_name, constraint_column_names from duckdb_constraints()"
            " where schema_name = 'raw' and constraint_type = 'PRIMARY KEY' order by 1"
        ).fetchall()
    return {table: tuple(columns) for table, columns in found}


def newest_applied(con: duckdb.DuckDBPyConnection) -> int | None:
    """The last migration of a database; ``None`` where there is none yet."""
    known = con.execute(
        "select 1 from information_schema.tables"
        " where table_catalog = current_database() and table_schema = 'raw' and table_name = 'migrations'"
    ).fetchall()
    newest: int | None = con.execute("select max(number) from raw.migrations").fetchall()[0][0] if known else None
    return newest


def migrate(con: duckdb.DuckDBPyConnection, *, has_keys: bool = True) -> list[str]:
    """Bring the schema up to this release, each migration in its own transaction; returns the names applied.

    Args:
        con: its default database is the one to migrate.
        has_keys: whether that database knows keys.

    Raises:
        WarehouseTooNew: the database was written by a later release.
    """
    as_here = str if has_keys else without_keys
    con.execute("create schema if not exists raw")
    con.execute(as_here(APPLIED))
    done = {number for (number,) in con.execute("select number from raw.migrations").fetchall()}
    steps = migrations()
    if unknown := done - {number for number, _, _ in steps}:
        raise WarehouseTooNew(
            f"the database has migration {max(unknown)}, this release knows up to {steps[-1][0]}",
            remedy="install the release that wrote it, or a later one",
        )
    applied = []
    for number, name, sql in steps:
        if number in done:
            continue
        con.execute("begin transaction")
        try:
            con.execute(as_here(sql))
            con.execute("insert into raw.migrations values (?, ?, now() at time zone 'UTC')", [number, name])
        except BaseException:
            con.execute("rollback")
            raise
        con.execute("commit")
        applied.append(name)
    return applied
