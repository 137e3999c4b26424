"""SQLite, as the subscribers' file and the search index need it: opened beside other processes, written in whole."""

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_exponential_jitter

BUSY_SECONDS = 30.0
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
HINDERED = (  # the file may be sound: no room for it, no right to it, or another process that holds it
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_BUSY,
)


def is_one_of(error: BaseException | None, codes: Collection[int]) -> bool:
    """Whether SQLite failed with one of these result codes, or with one that says more of it."""
    return getattr(error, "sqlite_errorcode", -1) & 0xFF in codes


def connect(file: Path) -> sqlite3.Connection:
    """A connection in autocommit mode (``transaction`` where several statements belong together), its folder made.

    Readers and one writer work side by side (SQLite's write-ahead log); a writer waits for another up to
    ``BUSY_SECONDS``.

    Raises:
        sqlite3.DatabaseError: it is no database, is damaged, or was held for longer.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    con = sqlite3.connect(file, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        _write_ahead(con)
    except BaseException:
        con.close()
        raise
    return con


def _is_busy(error: BaseException) -> bool:
    return is_one_of(error, (sqlite3.SQLITE_BUSY,))


def _write_ahead(con: sqlite3.Connection) -> None:
    # Two connections that turn a new file to the log at once would wait for each other for ever: SQLite refuses one
    # of them at once, without the wait that it was told (https://www.sqlite.org/c3ref/busy_handler.html).
    patient = Retrying(  # one a call: tenacity's decorator lets threads clear each other's counts, and fails on that
        retry=retry_if_exception(_is_busy),
        stop=stop_after_delay(BUSY_SECONDS),
        wait=wait_exponential_jitter(multiplier=0.001, max=0.1, jitter=0.001),
        reraise=True,
    )
    patient(con.execute, "pragma journal_mode = wal")


@contextmanager
def transaction(con: sqlite3.Connection) -> Iterator[None]:
    """All statements of the block or none, on a connection in autocommit mode.

    When the disk is full SQLite rolls back by itself, and to ask for it again would hide why.
    """
    con.execute("begin immediate")
    try:
        yield
        con.execute("commit")
    except BaseException:
        if con.in_transaction:
            con.execute("rollback")
        raise
