"""What the benchmarks share: how much to measure, as the command line says, and what processes took.

Processor time and memory are of this process and of those that it starts.
"""

import argparse
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil


def amounts(explanation: str | None, **defaults: int) -> dict[str, int]:
    """Whole numbers that follow the command, in the order of ``defaults``; ``--help`` prints the explanation."""
    parser = argparse.ArgumentParser(description=explanation, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in defaults.items():
        parser.add_argument(name, nargs="?", type=int, default=default, help="default: %(default)s")
    return vars(parser.parse_args())


def processor_seconds() -> float:
    """Of this process and those that it ended, which the server is not among."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in spent)


@contextmanager
def watch_memory() -> Iterator[list[float]]:
    """Resident megabytes of this process and those that it starts in the block, looked at ten times a second."""
    this, ended = psutil.Process(), threading.Event()
    others, memory = set(this.children()), []

    def look() -> None:
        while not ended.wait(0.1):
            used = this.memory_info().rss
            for process in set(this.children(recursive=True)) - others:
                with suppress(psutil.NoSuchProcess):  # it has just ended
                    used += process.memory_info().rss
            memory.append(used / 1e6)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield memory
    finally:
        ended.set()
        thread.join()
