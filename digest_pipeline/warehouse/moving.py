"""A store moved from a database file into a DuckLake, or back."""

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from digest_pipeline.errors import WarehouseError
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse.choice import warehouse_of
from digest_pipeline.warehouse.connection import Warehouse, connect_to
from digest_pipeline.warehouse.copying import FILE, copy_tables, holds_anything, quoted
from digest_pipeline.warehouse.lake import CATALOG, LakeWarehouse, attached
from digest_pipeline.warehouse.schema import migrations, newest_applied


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
        con.execute(f"attach '{quoted(file)}' as {FILE} (read_only)")
        if not replace and holds_anything(con, CATALOG):
            raise WarehouseError(f"the {lake} is not empty", remedy="name another catalog and folder")
        return copy_tables(con, FILE, CATALOG, clear=replace)


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
    return lake.copy_to(file)


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
