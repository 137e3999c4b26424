"""Transactions of SQLite, as the subscribers' file and the search index need them."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager


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
