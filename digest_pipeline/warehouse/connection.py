"""One way to the database: open late, close early, one transaction a write, wait when another process holds the file.

DuckDB lets one process write, and while it does no other process may open the file at all. Therefore no connection is
ever kept: a stage opens one to read what it needs, closes it, computes, and opens one to write.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
from tenacity import retry, retry_if_exception, stop_after_delay, wait_exponential_jitter

from digest_pipeline.errors import WarehouseError, WarehouseLocked, WarehouseTooNew

LOCK_WAIT_SECONDS = 30.0


def _is_lock(error: BaseException) -> bool:
    return isinstance(error, duckdb.IOException) and "lock" in str(error).lower()


class Warehouse:
    """The store of one digest, a DuckDB file.

    Args:
        path: the database file; its folder is made when missing.
        config: DuckDB configuration, equal for every connection of a process.
        lock_wait_seconds: how long to wait for another process to let go of the file.

    Example:
        >>> from pathlib import Path; from tempfile import mkdtemp
        >>> warehouse = Warehouse(Path(mkdtemp()) / "digest.duckdb")
        >>> with warehouse.read() as con:
        ...     con.execute("select count(*) from raw.episodes").fetchall()
        [(0,)]
    """

    def __init__(
        self, path: Path, *, config: dict[str, Any] | None = None, lock_wait_seconds: float = LOCK_WAIT_SECONDS
    ) -> None:
        self.path = path
        self._config = dict(config or {})
        self._lock_wait_seconds = lock_wait_seconds
        self._migrated = False

    @contextmanager
    def read(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection for queries, closed at the end of the block."""
        con = self._open()
        try:
            yield con
        finally:
            con.close()

    @contextmanager
    def write(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection in one transaction: committed at the end of the block, rolled back when it raises."""
        with self.read() as con:
            con.execute("begin transaction")
            try:
                yield con
            except BaseException:
                con.execute("rollback")
                raise
            con.execute("commit")

    def snapshot_to(self, target: Path) -> None:
        """Copy the database, as one consistent file, to where notebooks and BI tools read it."""
        with self.read() as con:  # while it is open here, no other process can write
            con.execute("checkpoint")
            draft = target.with_suffix(".part")
            shutil.copyfile(self.path, draft)
            draft.replace(target)

    def _open(self) -> duckdb.DuckDBPyConnection:
        con = self._connect()
        if not self._migrated:
            try:
                self._keep_before_migration(con)
                migrate(con)
            except BaseException:
                con.close()
                raise
            self._migrated = True
        return con

    def _keep_before_migration(self, con: duckdb.DuckDBPyConnection) -> None:
        """Copy a database of an earlier release before its schema changes; the copy before that goes."""
        known = con.execute(
            "select 1 from information_schema.tables where table_schema = 'raw' and table_name = 'migrations'"
        ).fetchall()
        done = con.execute("select max(number) from raw.migrations").fetchall()[0][0] if known else None
        if done is None or done >= migrations()[-1][0]:
            return
        con.execute("checkpoint")
        copy = self.path.with_name(f"{self.path.stem}.before-{done + 1:03d}.duckdb")
        draft = copy.with_suffix(".part")
        shutil.copyfile(self.path, draft)
        draft.replace(copy)
        for old in self.path.parent.glob(f"{self.path.stem}.before-*.duckdb"):
            if old != copy:
                old.unlink()

    def _connect(self) -> duckdb.DuckDBPyConnection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        attempt = retry(
            retry=retry_if_exception(_is_lock),
            stop=stop_after_delay(self._lock_wait_seconds),
            wait=wait_exponential_jitter(multiplier=0.05, max=1.0),
            reraise=True,
        )
        try:
            return attempt(duckdb.connect)(str(self.path), config=self._config)
        except duckdb.IOException as error:
            if _is_lock(error):
                raise WarehouseLocked(
                    f"{self.path} is held by another process",
                    remedy="wait for that run to end, or close the program that has the file open",
                ) from error
            raise WarehouseError(
                f"cannot open {self.path}: {error}", remedy="check the disk, or restore a backup of the file"
            ) from error
        except duckdb.Error as error:
            raise WarehouseError(f"cannot open {self.path}: {error}", remedy="restore a backup of the file") from error


@contextmanager
def open_for_reading(database: Path, snapshot: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The database, or its latest snapshot while a run holds it: what commands that only look use.

    A database that an earlier release wrote is brought up to this one first.

    Raises:
        WarehouseError: there is neither; nothing was run yet in this home folder.
    """
    con: duckdb.DuckDBPyConnection | None = None
    for path in (database, snapshot):
        if con is None and path.exists():
            try:
                con = duckdb.connect(str(path), read_only=True)
            except duckdb.IOException as error:
                if not _is_lock(error):
                    raise WarehouseError(f"cannot open {path}: {error}", remedy="restore a backup of it") from error
            else:
                if path == database and _is_behind(con):
                    con.close()
                    con = _upgraded(database)
    if con is None:
        if database.exists():
            raise WarehouseLocked(f"{database} is held by a run", remedy="wait for the run to end")
        raise WarehouseError(f"there is no database at {database} yet", remedy="run `digest init`, then `digest run`")
    try:
        yield con
    finally:
        con.close()


def _is_behind(con: duckdb.DuckDBPyConnection) -> bool:
    try:
        done = con.execute("select max(number) from raw.migrations").fetchall()[0][0]
    except duckdb.CatalogException:
        return True
    return bool(done != migrations()[-1][0])


def _upgraded(database: Path) -> duckdb.DuckDBPyConnection | None:
    """The database of an earlier release, brought up to this one; ``None`` while a run of that release holds it."""
    with suppress(WarehouseLocked), Warehouse(database, lock_wait_seconds=0).read():
        pass
    try:
        return duckdb.connect(str(database), read_only=True)
    except duckdb.IOException:
        return None


def migrations() -> list[tuple[int, str, str]]:
    """The schema's history as (number, name, sql), in order. Read from the numbered files in ``migrations/``."""
    folder = files("digest_pipeline.warehouse") / "migrations"
    found = sorted((f.name, f.read_text(encoding="utf-8")) for f in folder.iterdir() if f.name.endswith(".sql"))
    return [(int(name.split("_")[0]), name, sql) for name, sql in found]


def migrate(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Bring the schema up to this release, each migration in its own transaction; returns the names applied.

    Raises:
        WarehouseTooNew: the file was written by a later release.
    """
    con.execute("create schema if not exists raw")
    con.execute(
        "create table if not exists raw.migrations (number integer primary key, name varchar, applied_at timestamp)"
    )
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
            con.execute(sql)
            con.execute("insert into raw.migrations values (?, ?, now() at time zone 'UTC')", [number, name])
        except BaseException:
            con.execute("rollback")
            raise
        con.execute("commit")
        applied.append(name)
    return applied
