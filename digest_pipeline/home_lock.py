"""Who may work in a home folder: one ``digest run`` at a time, and nobody else while the folder is put back or swept.

``run.lock`` is held by a run of this command line, a restore and a sweep. ``use.lock`` is shared by whoever changes
what the folder holds, Dagster's steps in their own processes, deliveries and backups included, and a restore or a sweep
has it alone. Both are let go when their process dies.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, ReadWriteLock, Timeout

from digest_pipeline.errors import DigestError


@contextmanager
def one_at_a_time(home: Path) -> Iterator[None]:
    """Hold the home folder against runs of other processes.

    Raises:
        DigestError: another run is going on.
    """
    try:
        with FileLock(home / "run.lock", timeout=0):
            yield
    except Timeout as error:
        raise DigestError(f"another run is going on in {home}", remedy="wait for it to end") from error


@contextmanager
def in_use(home: Path) -> Iterator[None]:
    """Share the home folder, made where it is missing, with others; waits for the end of a restore or a sweep."""
    home.mkdir(parents=True, exist_ok=True)
    with ReadWriteLock(home / "use.lock").read_lock():
        yield


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Have the home folder alone.

    Raises:
        DigestError: a run, a step of one of Dagster's runs, a delivery or a backup is going on.
    """
    with one_at_a_time(home):
        try:
            with ReadWriteLock(home / "use.lock").write_lock(timeout=0):
                yield
        except Timeout as error:
            raise DigestError(
                f"a step of a Dagster run, a delivery or a backup is going on in {home}",
                remedy="stop Dagster's daemon, or wait for the end of it",
            ) from error
