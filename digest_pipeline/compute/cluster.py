"""The pool that is a Ray cluster: as many workers as it has room for, each lost one replaced.

A worker is handed to one task at a time. Ray itself repeats nothing here: what a lost worker had left to do is known
by whoever gave it the task, who has the results that came before.
"""

import logging
import os
import queue
import socket
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # read when Ray is imported
import ray
from ray.exceptions import RayError, RayTaskError

import digest_pipeline
from digest_pipeline.compute.files import StoredFile
from digest_pipeline.compute.protocols import SharedFile
from digest_pipeline.compute.worker import Worker, for_workers
from digest_pipeline.errors import ComputeError, WorkerLost
from digest_pipeline.settings import Settings

T = TypeVar("T")
R = TypeVar("R")
log = logging.getLogger(__name__)

CONNECT_SECONDS = 10.0
START_SECONDS = 900.0  # until the first worker is there: a cluster that grows on demand starts machines for it
ATTEMPTS = 3  # workers that one item may lose
WAITING = "waiting"  # the threads of a worker that do not compute; beside them it has one that does
WAITING_THREADS = 64
REMEDY = "start the cluster and check ray_address, or set it to nothing to compute here"


@dataclass(frozen=True, slots=True)
class NotStarted:
    """In the place of a worker: why it is none."""

    reason: str


class RayPool:
    """Workers on the cluster at ``address``.

    Args:
        address: ``host:port`` of its head, or ``auto`` on one of its machines. This machine must be a part of it.
        workers: how many; 0: as many as the machines that are there now have room for.
        cpus: cores of a worker.
        gpus: of it, too; may be a share of one.

    Raises:
        ComputeError: the cluster is not there, is of another release, or has no room for a worker.
    """

    def __init__(self, address: str, workers: int, cpus: float, gpus: float) -> None:
        _connect(address)
        self._actor = ray.remote(
            num_cpus=cpus, num_gpus=gpus, concurrency_groups={WAITING: WAITING_THREADS}, scheduling_strategy="SPREAD"
        )(Worker)
        self.workers = workers or _room(cpus, gpus)
        if not self.workers:
            raise ComputeError(
                f"no machine of the cluster at {address} has {cpus:g} cores and {gpus:g} GPUs for a worker",
                remedy="set ray_cpus_per_worker and ray_gpus_per_worker to what they have, or ray_workers to wait",
            )
        self._lock = Lock()
        self._failed_starts = 0  # in a row
        self._alive: set[Any] = set()
        self._idle: queue.Queue[Any] = queue.Queue()  # of workers, and of ``NotStarted``
        for _ in range(self.workers):
            self._hire()

    def stream(self, task: Callable[..., Iterator[R]], settings: Settings, *args: object) -> Iterator[R]:
        """See ``ComputePool``."""
        with self._worker() as worker, _plain_errors():
            for result in worker.stream.options(num_returns="streaming").remote(task, for_workers(settings), *args):
                yield ray.get(result)

    def map(self, task: Callable[[Settings, T], R], settings: Settings, items: Iterable[T]) -> Iterator[R]:
        """See ``ComputePool``."""
        under_way: deque[Future[R]] = deque()
        with ThreadPoolExecutor(self.workers) as threads:
            try:
                for item in items:
                    under_way.append(threads.submit(self._compute, task, settings, item))
                    if len(under_way) > 2 * self.workers:
                        yield under_way.popleft().result()
                while under_way:
                    yield under_way.popleft().result()
            finally:
                for future in under_way:
                    future.cancel()

    def call(self, task: Callable[..., R], settings: Settings, *args: object) -> R:
        """See ``ComputePool``."""
        worker = self._take()
        self._idle.put(worker)  # whatever it computes, it can wait for a server as well
        try:
            with _plain_errors():
                result: R = ray.get(_beside(worker.run).remote(task, for_workers(settings), *args))
                return result
        except WorkerLost:
            self._replace(worker)
            raise

    def share(self, path: Path) -> SharedFile:
        """See ``ComputePool``."""
        return StoredFile(path)

    def _compute(self, task: Callable[[Settings, T], R], settings: Settings, item: T) -> R:
        for _ in range(ATTEMPTS):
            try:
                with self._worker() as worker, _plain_errors():
                    result: R = ray.get(worker.run.remote(task, for_workers(settings), item))
                    return result
            except WorkerLost as lost:
                fault = lost
        raise ComputeError(
            f"one piece of work lost {ATTEMPTS} workers: {fault.said}", remedy="give a worker more memory"
        ) from fault

    @contextmanager
    def _worker(self) -> Iterator[Any]:
        """A worker for one task. When the task does not end as it should, the worker is not used again."""
        worker = self._take()
        try:
            yield worker
        except BaseException as error:
            if isinstance(error, WorkerLost) or not isinstance(error, Exception):  # nobody waits for it any more
                self._replace(worker)
            else:
                self._idle.put(worker)
            raise
        self._idle.put(worker)

    def _take(self) -> Any:
        """The next worker that has nothing to compute and answers."""
        while True:
            try:
                worker = self._idle.get(timeout=START_SECONDS)
            except queue.Empty:
                if self._alive:
                    continue
                raise ComputeError(
                    f"no worker started within {START_SECONDS / 60:.0f} minutes",
                    remedy="`ray status` says what the cluster lacks",
                ) from None
            if isinstance(worker, NotStarted):
                self._hire_again(worker)
                continue
            try:
                with _plain_errors():
                    ray.get(_beside(worker.hello).remote())
            except WorkerLost:
                self._replace(worker)
            else:
                return worker

    def _hire(self) -> None:
        worker = self._actor.remote()
        _beside(worker.hello).remote().future().add_done_callback(lambda greeting: self._welcome(worker, greeting))

    def _welcome(self, worker: Any, greeting: "Future[str]") -> None:
        """Called by a thread of Ray's, also while Ray shuts down: to ask anything of Ray here would wait for itself."""
        fault: object = greeting.exception()
        if fault is None and greeting.result() != digest_pipeline.__version__:
            fault = f"it runs release {greeting.result()}, this is {digest_pipeline.__version__}"
        if fault is not None:
            self._idle.put(NotStarted(str(fault)[:500]))
            return
        with self._lock:
            self._failed_starts = 0
            self._alive.add(worker)
        self._idle.put(worker)

    def _hire_again(self, failed: "NotStarted") -> None:
        """After a start that failed: the machine may have died meanwhile, so it is tried some more times.

        Raises:
            ComputeError: it was tried often enough, and there is no other worker.
        """
        log.warning("a worker does not start: %s", failed.reason)
        with self._lock:
            self._failed_starts += 1
            gives_up = self._failed_starts >= self.workers + ATTEMPTS
            has_others = bool(self._alive)
        if not gives_up:
            self._hire()
        elif not has_others:
            self._idle.put(failed)  # for whoever else waits
            raise ComputeError(
                f"no worker starts: {failed.reason}",
                remedy="install this release with the extra `ray` on every machine of the cluster",
            )

    def _replace(self, worker: Any) -> None:
        with self._lock:
            if worker not in self._alive:
                return  # another of its tasks noticed first
            self._alive.remove(worker)
        ray.kill(worker)
        log.warning("a worker is lost: its task goes to another one")
        self._hire()


def _beside(method: Any) -> Any:
    """A worker's method, to be run beside what it computes."""
    return method.options(concurrency_group=WAITING)


def _connect(address: str) -> None:
    if address != "auto":
        host, _, port = address.rpartition(":")
        try:
            socket.create_connection((host, int(port)), CONNECT_SECONDS).close()  # Ray itself would try for minutes
        except OSError as error:
            raise ComputeError(
                f"there is no Ray cluster at {address}: {error.strerror or error}", remedy=REMEDY
            ) from error
    if ray.is_initialized():
        return
    try:
        ray.init(address=address, namespace="digest", log_to_driver=False, logging_level=logging.WARNING)
    except (RayError, ConnectionError, RuntimeError, ValueError) as error:
        raise ComputeError(f"the Ray cluster at {address} cannot be used: {error}", remedy=REMEDY) from error


def _room(cpus: float, gpus: float) -> int:
    """How many workers the machines that are there can hold."""
    machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    needs = [(name, share) for name, share in (("CPU", cpus), ("GPU", gpus)) if share]
    return sum(min(int(machine.get(name, 0) / share) for name, share in needs) for machine in machines)


@contextmanager
def _plain_errors() -> Iterator[None]:
    """A task's own exception as it was raised, and ``WorkerLost`` for all that say so in Ray."""
    try:
        yield
    except RayTaskError as error:
        raise error.cause from None
    except RayError as error:
        raise WorkerLost(f"a worker is lost: {str(error)[:300]}", remedy="another one is used") from error
