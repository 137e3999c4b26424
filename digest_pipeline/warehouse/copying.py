"""All tables copied from one attached database to another: counted and compared before the copy counts.

Copied are the tables of ``raw`` and ``marts``. The views of ``staging`` are dbt's, which makes them anew in every run.
"""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from digest_pipeline.errors import WarehouseError

FILE = "file"  # the name of a database file while it is attached beside a lake
TABLES = """
select table_schema, table_name, list(column_name order by ordinal_position)
from information_schema.columns join information_schema.tables using (table_catalog, table_schema, table_name)
where table_catalog = ? and table_schema in ('raw', 'marts') and table_type = 'BASE TABLE'
    and table_name <> 'migrations'
group by table_schema, table_name
order by table_schema desc, table_name
"""


def holds_anything(con: duckdb.DuckDBPyConnection, catalog: str) -> bool:
    """Whether there are marts, or any row."""
    return any(
        schema == "marts" or con.execute(f'select 1 from "{catalog}".{schema}.{table} limit 1').fetchall()  # noqa: S608
        for schema, table, _ in con.execute(TABLES, [catalog]).fetchall()
    )


def copy_tables(con: duckdb.DuckDBPyConnection, source: str, target: str, *, clear: bool = False) -> dict[str, int]:
    """Copy between two attached databases in one transaction; rows by table.

    Args:
        con: both are attached to it.
        source: name of the one that is read.
        target: name of the one that is written; it has the schema of this release.
        clear: what it holds goes.

    Raises:
        WarehouseError: what was copied is not the same; nothing was kept.
    """
    con.execute("begin transaction")
    try:
        con.execute(f"create schema if not exists {target}.marts")
        if clear:
            for schema, table, _ in con.execute(TABLES, [target]).fetchall():
                remove = "drop table" if schema == "marts" else "delete from"
                con.execute(f"{remove} {target}.{schema}.{table}")
        copied = {}
        for schema, table, columns in con.execute(TABLES, [source]).fetchall():
            name = f"{schema}.{table}"
            into = f"create table {target}.{name} as" if schema == "marts" else f"insert into {target}.{name} by name"
            con.execute(f"{into} select * from {source}.{name}")  # noqa: S608
            there = _content(con, f"{target}.{name}", columns)
            if there != _content(con, f"{source}.{name}", columns):
                raise WarehouseError(f"{name} is not the same after copying", remedy="nothing was kept: try again")
            copied[name] = there[0]
    except BaseException:
        con.execute("rollback")
        raise
    con.execute("commit")
    return copied


def _content(con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]) -> tuple[int, int]:
    """Rows, and a sum over them that any other value would change."""
    named = ", ".join(f'"{name}"' for name in columns)
    rows = con.execute(f"select count(*), coalesce(sum(hash({named})::hugeint), 0) from {table}")  # noqa: S608
    count, total = rows.fetchall()[0]
    return int(count), int(total)


def quoted(path: Path) -> str:
    """A path as it stands between quotes in a statement."""
    return str(path).replace("'", "''")
