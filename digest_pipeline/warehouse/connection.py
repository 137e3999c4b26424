"""One way to the database: open late, close early, one transaction a write, wait when another process holds the file.

DuckDB lets one process write, and while it does no other process may open the file at all. Therefore no connection is
ever kept: a stage opens one to read what it needs, closes it, computes, and opens one to write. Where several machines
share the tables, ``lake`` takes the file's place.
"""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_exponential_jitter

from digest_pipeline.errors import WarehouseError, WarehouseLocked
from digest_pipeline.warehouse.schema import migrate, migrations, newest_applied

LOCK_WAIT_SECONDS = 30.0


def _is_lock(error: BaseException) -> bool:
    return isinstance(error, duckdb.IOException) and "Could not set lock on file" in str(error)


def _is_closing(error: BaseException) -> bool:
    """DuckDB refuses to open a file in the instant in which another thread of this process closes it, and to read one
    that is open for writing here, or the other way round.
    """
    return isinstance(error, duckdb.BinderException | duckdb.ConnectionException) and any(
        words in str(error) for words in ("Unique file handle conflict", "with a different configuration")
    )


def _cannot_open(path: Path, error: duckdb.Error) -> WarehouseError:
    is_forbidden = os.strerror(errno.EACCES) in str(error)  # no backup helps where another user ran it once
    remedy = "run as its owner, or let this user have it" if is_forbidden else "check the disk, or restore a backup"
    return WarehouseError(f"cannot open {path}: {error}", remedy=remedy)


def connect_to(path: Path, **options: Any) -> duckdb.DuckDBPyConnection:
    """``duckdb.connect``, also beside threads that close the same file."""
    patient = Retrying(  # one a call: tenacity's decorator lets threads clear each other's counts, and fails on that
        retry=retry_if_exception(_is_closing),
        stop=stop_after_delay(LOCK_WAIT_SECONDS),
        wait=wait_exponential_jitter(multiplier=0.001, max=0.1, jitter=0.001),
        reraise=True,
    )
    return patient(duckdb.connect, str(path), **options)


def _copy_whole(source: Path, target: Path) -> None:
    """Copy a file; ``target`` is whole or as it was, and a disk that the copy filled has its room back."""
    draft = target.with_suffix(".part")
    try:
        shutil.copyfile(source, draft)
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


class Warehouse:
    """The store of one digest: here a DuckDB file, which ``LakeWarehouse`` replaces.

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

    has_keys = True
    """Whether the store itself refuses doubles."""

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

    @contextmanager
    def look(self, snapshot: Path) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection that cannot write, to the latest snapshot while a run holds the file."""
        with open_for_reading(self.path, snapshot) as con:
            yield con

    def snapshot_to(self, target: Path) -> None:
        """Copy the database, as one consistent file."""
        with self.read() as con:  # while it is open here, no other process can write
            con.execute("checkpoint")
            _copy_whole(self.path, target)

    def leave_snapshot(self, target: Path) -> None:
        """Copy the database to where people read while a run writes."""
        self.snapshot_to(target)

    def is_there(self) -> bool:
        """Whether anything was ever written."""
        return self.path.exists()

    def size_bytes(self) -> int:
        """What it takes on the disk."""
        return self.path.stat().st_size

    def compact(self, *, keep_days: int) -> None:
        """Give back the space of what is no longer needed; a past that is kept stays ``keep_days``."""

    def __str__(self) -> str:
        return str(self.path)

    def _open(self) -> duckdb.DuckDBPyConnection:
        con = self._connect()
        if not self._migrated:
            try:
                self._migrate(con)
            except BaseException:
                con.close()
                raise
            self._migrated = True
        return con

    def _migrate(self, con: duckdb.DuckDBPyConnection) -> None:
        done = newest_applied(con)
        if done is not None and done < migrations()[-1][0]:
            self._keep(con, f"{self.path.stem}.before-{done + 1:03d}.duckdb")
        migrate(con)

    def _keep(self, con: duckdb.DuckDBPyConnection, name: str) -> None:
        """Copy a database of an earlier release before its schema changes.

        Of the copies before it the last stays: an upgrade that died between two migrations finds its own there.
        """
        con.execute("checkpoint")
        try:
            _copy_whole(self.path, self.path.with_name(name))
        except OSError as error:
            raise WarehouseError(
                f"{self.path} of an earlier release cannot be copied before it changes: {error.strerror}",
                remedy=f"make room for another {self.size_bytes() / 1e6:.0f} MB beside it",
            ) from error
        for old in sorted(self.path.parent.glob(f"{self.path.stem}.before-*.duckdb"))[:-2]:
            old.unlink()

    def _connect(self) -> duckdb.DuckDBPyConnection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        attempt = Retrying(
            retry=retry_if_exception(_is_lock),
            stop=stop_after_delay(self._lock_wait_seconds),
            wait=wait_exponential_jitter(multiplier=0.05, max=1.0),
            reraise=True,
        )
        try:
            return attempt(connect_to, self.path, config=self._config)
        except duckdb.Error as error:
            if _is_lock(error):
                raise WarehouseLocked(
                    f"{self.path} is held by another process",
                    remedy="wait for that run to end, or close the program that has the file open",
                ) from error
            raise _cannot_open(self.path, error) from error


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
                con = connect_to(path, read_only=True)
            except duckdb.IOException as error:
                if not _is_lock(error):
                    raise _cannot_open(path, error) from error
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
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        if not _is_behind(con):
            raise
        raise WarehouseLocked(
            f"{database} is held by a run, and the snapshot of an earlier release lacks what is asked for",
            remedy="wait for the run to end",
        ) from error
    finally:
        con.close()


def _is_behind(con: duckdb.DuckDBPyConnection) -> bool:
    return newest_applied(con) != migrations()[-1][0]


def _upgraded(database: Path) -> duckdb.DuckDBPyConnection | None:
    """The database of an earlier release, brought up to this one; ``None`` while a run of that release holds it."""
    with suppress(WarehouseLocked), Warehouse(database, lock_wait_seconds=0).read():
        pass
    try:
        return connect_to(database, read_only=True)
    except duckdb.IOException:
        return None
