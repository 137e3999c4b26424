"""One transaction for what several threads ask of the database at the same moment.

To open the file, commit and close it takes a hundred times as long as what is done in between. Transactions that
follow each other closely leave the file alone for a third of the time: other processes, which find it held and try
again, get their turn.
"""

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock
from typing import Any, TypeVar

import duckdb

from digest_pipeline.warehouse.connection import Warehouse

T = TypeVar("T")
Action = Callable[[duckdb.DuckDBPyConnection], T]
CLOSE_SECONDS = 0.25  # so long the file may be held without a pause


class Together:
    """Does what threads ask for, one transaction after the other: each takes all that came while the last one ran."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._turn = Lock()
        self._line: deque[tuple[Action[Any], Future[Any]]] = deque()
        self._owed, self._ended = 0.0, 0.0  # seconds of pause, and when the file was last closed

    def do(self, action: Action[T]) -> T:
        """What an action gives, once all that it wrote is committed.

        It must not raise, or it takes with it what others asked for.
        """
        done: Future[T] = Future()
        self._line.append((action, done))
        with self._turn:
            if not done.done():  # else it was in the transaction of whoever had the turn before
                self._commit()
        return done.result()

    def _commit(self) -> None:
        self._pause()
        actions = [self._line.popleft() for _ in range(len(self._line))]
        began = None  # not before the file is open: while others hold it, it is theirs already
        try:
            with self._warehouse.write() as con:
                began = time.monotonic()
                results = [action(con) for action, _ in actions]
        except BaseException as error:
            for _, done in actions:
                done.set_exception(error)
            raise
        finally:
            self._ended = time.monotonic()
            self._owed += (self._ended - began) / 2 if began is not None else 0.0
        for (_, done), result in zip(actions, results, strict=True):
            done.set_result(result)

    def _pause(self) -> None:
        self._owed = max(0.0, self._owed - (time.monotonic() - self._ended))
        pause = max(0.0, self._owed - CLOSE_SECONDS / 2)
        time.sleep(pause)
        self._owed -= pause
