"""Transactions of SQLite: whole or not at all, and the reason is told."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from digest_pipeline.sqlite import transaction


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
