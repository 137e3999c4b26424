"""Threads that share transactions, on a real database file."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import duckdb
import pytest

from digest_pipeline.warehouse import Warehouse
from digest_pipeline.warehouse.together import CLOSE_SECONDS, Together


class Watched(Warehouse):
    """When the file was open."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.open: list[tuple[float, float]] = []
        self.wait_seconds = 0.0

    @contextmanager
    def write(self) -> Iterator[duckdb.DuckDBPyConnection]:
        time.sleep(self.wait_seconds)  # as for another process that holds the file
        with super().write() as con:
            began = time.monotonic()
            yield con
        self.open.append((began, time.monotonic()))


@pytest.fixture(name="watched")
def make_watched(tmp_path: Path) -> Watched:
    with (watched := Watched(tmp_path / "digest.duckdb")).read():
        return watched


def keep(con: duckdb.DuckDBPyConnection, key: str) -> str:
    con.execute("insert into raw.llm_replies values (?, 'said')", [key])
    return key


def kept(warehouse: Warehouse) -> int:
    with warehouse.read() as con:
        return int(con.execute("select count(*) from raw.llm_replies").fetchall()[0][0])


def test_what_gathers_while_a_transaction_runs_is_one_transaction(watched: Watched) -> None:
    together, begun, may_end = Together(watched), Event(), Event()

    def slow(con: duckdb.DuckDBPyConnection) -> str:
        begun.set()
        may_end.wait(30)
        return keep(con, "first")

    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(together.do, slow)
        begun.wait(30)
        others = [pool.submit(together.do, lambda con, key=f"{i}": keep(con, key)) for i in range(8)]
        while len(together._line) < len(others):
            time.sleep(0.01)
        may_end.set()
        assert [first.result(), *(other.result() for other in others)] == ["first", *map(str, range(8))]
    assert (len(watched.open), kept(watched)) == (2, 9)


def test_transactions_that_follow_each_other_closely_leave_the_file_alone_a_third_of_the_time(watched: Watched) -> None:
    together = Together(watched)

    def slow(con: duckdb.DuckDBPyConnection) -> str:
        time.sleep(0.2)
        return keep(con, str(time.monotonic()))

    for _ in range(6):
        together.do(slow)
    (first, _), (last_began, _) = watched.open[0], watched.open[-1]
    held = sum(ended - began for began, ended in watched.open[:-1])
    assert last_began - first > held * 1.5 - CLOSE_SECONDS


def test_who_waited_for_others_does_not_pause_for_them_too(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    together, pauses = Together(watched), list[float]()
    watched.wait_seconds = 1.0
    together.do(lambda con: keep(con, "first"))
    monkeypatch.setattr(time, "sleep", pauses.append)
    together.do(lambda con: keep(con, "second"))
    assert pauses[0] == 0


def test_a_transaction_that_fails_fails_for_all_in_it_and_the_next_goes_on(watched: Watched) -> None:
    together = Together(watched)
    together.do(lambda con: keep(con, "there"))
    with pytest.raises(duckdb.ConstraintException):
        together.do(lambda con: keep(con, "there"))
    assert together.do(lambda con: keep(con, "another")) == "another"
    assert kept(watched) == 2
