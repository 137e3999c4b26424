"""The pool that is this process, and which one the settings name."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from digest_pipeline.compute.protocols import ComputePool, SharedFile
from digest_pipeline.errors import ComputeError
from digest_pipeline.settings import Settings

T = TypeVar("T")
R = TypeVar("R")


class LocalFile:
    """A file where it lies."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def here(self) -> AbstractContextManager[Path]:
        """See ``SharedFile``."""
        return nullcontext(self._path)


class LocalPool:
    """This process: a task is a plain call."""

    workers = 0

    def stream(self, task: Callable[..., Iterator[R]], settings: Settings, *args: object) -> Iterator[R]:
        """See ``ComputePool``."""
        return task(settings, *args)

    def map(self, task: Callable[[Settings, T], R], settings: Settings, items: Iterable[T]) -> Iterator[R]:
        """See ``ComputePool``."""
        return (task(settings, item) for item in items)

    def call(self, task: Callable[..., R], settings: Settings, *args: object) -> R:
        """See ``ComputePool``."""
        return task(settings, *args)

    def share(self, path: Path) -> SharedFile:
        """See ``ComputePool``."""
        return LocalFile(path)


def get_pool(settings: Settings) -> ComputePool:
    """The pool that the settings name; one cluster's workers are kept, with their models, until the process ends.

    Raises:
        ComputeError: the cluster cannot be used.
    """
    if not settings.ray_address:
        return LocalPool()
    return _cluster(
        settings.ray_address, settings.ray_workers, settings.ray_cpus_per_worker, settings.ray_gpus_per_worker
    )


@lru_cache(maxsize=1)
def _cluster(address: str, workers: int, cpus: float, gpus: float) -> ComputePool:
    try:
        from digest_pipeline.compute.cluster import RayPool
    except ModuleNotFoundError as error:
        if error.name != "ray":
            raise
        raise ComputeError(
            "ray_address is set and Ray is not installed",
            remedy="install the extra `ray`, or set ray_address to nothing to compute here",
        ) from error
    return RayPool(address, workers, cpus, gpus)
