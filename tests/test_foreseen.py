"""What a failure of the disk is called, and what it is said to ask for."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool

from digest_pipeline.cli import _foreseen
from digest_pipeline.errors import SearchError
from digest_pipeline.search.index import open_index


def damage(file: Path) -> str:
    file.write_bytes(b"no database" * 999)
    return "create table more (n integer)"


def leave_no_room(file: Path) -> str:
    with closing(sqlite3.connect(file)) as con:
        con.execute("create table runs (words blob)")
    return "insert into runs select randomblob(9999999)"


@pytest.mark.parametrize(("spoil", "may_go"), [(damage, True), (leave_no_room, False)])
def test_only_a_damaged_file_of_dagsters_records_is_said_to_be_one_that_can_go(
    tmp_path: Path, spoil: Callable[[Path], str], *, may_go: bool
) -> None:
    statement = spoil(tmp_path / "runs.db")
    engine = create_engine(f"sqlite:///{tmp_path / 'runs.db'}", poolclass=NullPool)
    with pytest.raises(DatabaseError) as caught, engine.begin() as con:
        con.execute(text("pragma max_page_count = 4"))
        con.execute(text(statement))
    said = _foreseen(caught.value)
    assert ("can go" in said) is may_go
    assert ("make room" in said) is not may_go


def test_a_full_disk_costs_no_search_index(tmp_path: Path) -> None:
    with pytest.raises(SearchError, match="make room"), open_index(tmp_path / "search.sqlite") as con:
        con.execute("pragma max_page_count = 4")
        con.execute("insert into speakers values (1, hex(randomblob(99999)))")
