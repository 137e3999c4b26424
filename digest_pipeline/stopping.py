"""Whether this process was told to stop (SIGINT, SIGTERM), whatever became of the exception that says so."""

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from digest_pipeline.errors import DigestError

GO_ON = "the same command goes on where it stopped"
TO_STOP = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stop_signals() -> Iterator[Callable[[], bool]]:
    """Yield a function that says whether a signal to stop came since; each raises ``KeyboardInterrupt``.

    Dagster's handler raises an exception wherever the main thread is: in a callback of a library it is printed and
    lost, and a bare ``except`` takes it for an error of its own. Between runs it gives SIGTERM the handler of SIGINT,
    which a shell that starts a job in the background has set to be ignored. The interpreter also writes the number of
    each signal that has a handler into a file descriptor (``signal.set_wakeup_fd``), which nothing of this loses. In
    another thread than the main one no signal arrives, and the function says no.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    reader, writer = socket.socketpair()
    with reader, writer:
        reader.setblocking(False)
        writer.setblocking(False)
        seen: set[int] = set()

        def came() -> bool:
            with suppress(BlockingIOError):  # nothing new
                seen.update(reader.recv(4096))
            return not seen.isdisjoint(TO_STOP)

        before = signal.set_wakeup_fd(writer.fileno())
        handlers = {number: signal.signal(number, signal.default_int_handler) for number in TO_STOP}
        try:
            yield came
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(before)


@contextmanager
def stopped_in_words(what: str) -> Iterator[None]:
    """Say that a signal ended ``what`` the block does.

    Raises:
        DigestError: it did.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise DigestError(f"{what} was stopped", remedy=GO_ON) from None
