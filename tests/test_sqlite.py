"""Transactions of SQLite: whole or not at all, and the reason is told."""

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from digest_pipeline.sqlite import connect, transaction


def test_a_full_disk_leaves_nothing_of_a_transaction_and_says_so(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "full.sqlite", isolation_level=None)) as con:
        con.execute("create table notes (text text)")
        con.execute("pragma max_page_count = 4")
        with pytest.raises(sqlite3.OperationalError, match="disk is full"), transaction(con):
            con.executemany("insert into notes values (?)", [("x" * 1000,)] * 100)
        assert con.execute("select count(*) from notes").fetchone() == (0,)


def test_an_error_takes_back_what_was_written_before_it(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "notes.sqlite", isolation_level=None)) as con:
        con.execute("create table notes (text text)")
        with pytest.raises(ZeroDivisionError), transaction(con):
            con.execute("insert into notes values ('x')")
            _ = 1 / 0
        assert con.execute("select count(*) from notes").fetchone() == (0,)


def test_many_may_open_a_new_file_at_the_same_moment(tmp_path: Path) -> None:
    openers = 8
    for n in range(50):
        file, together = tmp_path / f"{n}.sqlite", threading.Barrier(openers)

        def open_and_write(_: int, file: Path = file, together: threading.Barrier = together) -> str:
            together.wait()
            with closing(connect(file)) as con, transaction(con):
                con.execute("create table if not exists notes (text text)")
                con.execute("insert into notes values ('x')")
                return str(con.execute("pragma journal_mode").fetchone()[0])

        with ThreadPoolExecutor(openers) as pool:
            assert set(pool.map(open_and_write, range(openers))) == {"wal"}
        with closing(connect(file)) as con:
            assert con.execute("select count(*) from notes").fetchone() == (openers,)


def test_a_file_that_somebody_holds_is_waited_for_and_a_file_of_another_kind_is_not(tmp_path: Path) -> None:
    file, has_it = tmp_path / "held.sqlite", threading.Event()

    def hold() -> None:
        with closing(sqlite3.connect(file, isolation_level=None)) as con:
            con.execute("begin exclusive")
            has_it.set()
            time.sleep(0.3)
            con.execute("rollback")

    with ThreadPoolExecutor(1) as pool:
        holder = pool.submit(hold)
        has_it.wait()
        with closing(connect(file)) as con:
            assert con.execute("pragma journal_mode").fetchone() == ("wal",)
        holder.result()
    (tmp_path / "text.sqlite").write_text(
        "no database, but text that is long enough to be read as a header of one" * 20
    )
    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        connect(tmp_path / "text.sqlite")
