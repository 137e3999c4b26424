"""All tables copied between a database file and a DuckLake: counted and compared before the copy counts.

Copied are the tables of ``raw`` and ``marts``. The views of ``staging`` are dbt's, which makes them anew in every run.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from digest_pipeline.errors import WarehouseError
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse.choice import warehouse_of
from digest_pipeline.warehouse.connection import Warehouse, connect_to
from digest_pipeline.warehouse.lake import CATALOG, LakeWarehouse, attached
from digest_pipeline.warehouse.schema import migrations, newest_applied

FILE = "file"  # the name of a database file while it is attached beside a lake
TABLES = """
select table_schema, table_name, list(column_name order by ordinal_position)
from information_schema.columns join information_schema.tables using (table_catalog, table_schema, table_name)
where table_catalog = ? and table_schema in ('raw', 'marts') and table_type = 'BASE TABLE'
    and table_name <> 'migrations'
group by table_schema, table_name
order by table_schema desc, table_name
"""


def copy_to_file(lake: LakeWarehouse, target: Path) -> dict[str, int]:
    """Copy a lake, as of one moment, into a file that takes the place of ``target``; returns rows by table.

    Raises:
        WarehouseError: the lake cannot be read, or what was copied is not the same; ``target`` is as it was.
    """
    draft = target.with_suffix(".part")
    for left in (draft, draft.with_name(f"{draft.name}.wal")):  # of a copy that died
        left.unlink(missing_ok=True)
    with lake.read(), Warehouse(draft).read():  # both have the schema of this release
        pass
    with closing(attached(lake.address, read_only=True)) as con:
        con.execute(f"attach '{_quoted(draft)}' as {FILE}")
        copied = _copy(con, CATALOG, FILE)
        con.execute(f"detach {FILE}")
    draft.replace(target)
    return copied


def copy_to_lake(source: Path, lake: LakeWarehouse, home: Path, *, replace: bool = False) -> dict[str, int]:
    """Copy a database file into a lake in one transaction; returns rows by table.

    Args:
        source: stays as it is, whatever release wrote it.
        lake: made when there is none.
        home: has room for a copy of the file of an earlier release.
        replace: what the lake holds goes; it stays readable as an earlier snapshot. Otherwise the lake has to be empty.

    Raises:
        WarehouseError: the lake is not empty, or what was copied is not the same; nothing was kept.
    """
    with lake.read():  # it has the schema of this release
        pass
    with _of_this_release(source, home) as file, closing(attached(lake.address, read_only=False)) as con:
        con.execute(f"attach '{_quoted(file)}' as {FILE} (read_only)")
        if not replace and holds_anything(con, CATALOG):
            raise WarehouseError(f"the {lake} is not empty", remedy="name another catalog and folder")
        return _copy(con, FILE, CATALOG, clear=replace)


def migrate_to_lake(settings: Settings, file: Path) -> dict[str, int]:
    """Fill the lake that the settings name from a database file; returns rows by table.

    Raises:
        WarehouseError: the settings name no lake, it is not empty, there is no file, or the copy is not the same.
    """
    lake = _lake_of(settings)
    if not file.exists():
        raise WarehouseError(f"there is no database at {file}", remedy="name one with --file")
    return copy_to_lake(file, lake, settings.home)


def migrate_to_file(settings: Settings, file: Path) -> dict[str, int]:
    """Fill a database file from the lake that the settings name; returns rows by table.

    Raises:
        WarehouseError: the settings name no lake, the file is not empty, or the copy is not the same.
    """
    lake = _lake_of(settings)
    if file.exists():
        with Warehouse(file).read() as con:
            ((name,),) = con.execute("select current_database()").fetchall()
            if holds_anything(con, name):
                raise WarehouseError(f"{file} is not empty", remedy="name another with --file, or move it away")
    return copy_to_file(lake, file)


@contextmanager
def _of_this_release(source: Path, home: Path) -> Iterator[Path]:
    """The file, or a copy of it that is brought up to this release: it may be a backup's, of which each byte counts."""
    try:
        con = connect_to(source, read_only=True)
    except duckdb.Error as error:
        raise WarehouseError(
            f"cannot open {source}: {error}", remedy="close what has it open, or restore it"
        ) from error
    home.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="digest-", suffix=".part", dir=home) as folder:
        copy = Path(folder) / source.name
        with closing(con):  # nobody writes meanwhile
            is_of_another = newest_applied(con) != migrations()[-1][0]
            for end in ("", ".wal") if is_of_another else ():
                if (part := source.with_name(source.name + end)).exists():
                    shutil.copyfile(part, copy.with_name(part.name))
        if is_of_another:
            with Warehouse(copy).read():
                pass
        yield copy if is_of_another else source


def _lake_of(settings: Settings) -> LakeWarehouse:
    warehouse = warehouse_of(settings)
    if not isinstance(warehouse, LakeWarehouse):
        raise WarehouseError("no DuckLake is named", remedy="set DIGEST_WAREHOUSE")
    return warehouse


def holds_anything(con: duckdb.DuckDBPyConnection, catalog: str) -> bool:
    """Whether there are marts, or any row."""
    return any(
        schema == "marts" or con.execute(f'select 1 from "{catalog}".{schema}.{table} limit 1').fetchall()  # noqa: S608
        for schema, table, _ in con.execute(TABLES, [catalog]).fetchall()
    )


def _copy(con: duckdb.DuckDBPyConnection, source: str, target: str, *, clear: bool = False) -> dict[str, int]:
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


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
