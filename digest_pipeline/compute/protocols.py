"""What a pool is to the stages."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, TypeVar

from digest_pipeline.settings import Settings

T = TypeVar("T")
R = TypeVar("R")


class SharedFile(Protocol):
    """A file of the run's machine that a task can read wherever it runs."""

    def here(self) -> AbstractContextManager[Path]:
        """The file as a path on the machine of the caller, while the block lasts."""


class ComputePool(Protocol):
    """Runs tasks: functions at the top of a module, that take settings first and arguments that can be pickled.

    ``workers`` is how many compute beside this process at the same time. 0: this process computes, when its results are
    asked for, and nothing is gained by asking for more than one.
    """

    workers: int

    def stream(self, task: Callable[..., Iterator[R]], settings: Settings, *args: object) -> Iterator[R]:
        """The results of a task, each as soon as it is there.

        Raises:
            WorkerLost: in the middle; the caller knows what is left to do.
            ComputeError: there is no worker.
        """

    def map(self, task: Callable[[Settings, T], R], settings: Settings, items: Iterable[T]) -> Iterator[R]:
        """The result of the task for each item, in their order; begun again elsewhere when a worker is lost.

        Raises:
            ComputeError: there is no worker, or an item lost several.
        """

    def call(self, task: Callable[..., R], settings: Settings, *args: object) -> R:
        """The result of a task that waits for a server instead of computing: many at a time on a worker.

        Raises:
            WorkerLost: it is unknown whether the server was asked.
            ComputeError: there is no worker.
        """

    def share(self, path: Path) -> SharedFile:
        """The file, readable by tasks until the result is dropped."""
