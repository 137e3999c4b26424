"""Deliveries leave: over a few connections at once, in rounds, each claimed in the ledger before its content leaves."""

import smtplib
import ssl
from collections import Counter, deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from typing import Protocol

from tenacity import Retrying, retry_if_result, stop_after_attempt, wait_exponential

from digest_pipeline.delivery import ledger
from digest_pipeline.delivery.channels.smtp import PERMANENT
from digest_pipeline.delivery.database import open_delivery
from digest_pipeline.delivery.ledger import Delivery, Outcome
from digest_pipeline.errors import DigestError
from digest_pipeline.progress import step
from digest_pipeline.settings import Settings

# What no second attempt mends, but for a login that is put off.
HOPELESS = (smtplib.SMTPAuthenticationError, smtplib.SMTPNotSupportedError, ssl.SSLCertVerificationError)
UNREACHED = Outcome("waiting", "the server was not reached, or did not let us in")


class Sender(Protocol):
    """Sends deliveries of one channel."""

    def send(self, delivery: Delivery, may_leave: Callable[[], bool]) -> Outcome | None:
        """What became of it; ``may_leave`` is asked just before its content leaves, ``None`` when it said no.

        Raises:
            OSError: the server cannot be reached.
        """


OpenSender = Callable[[], AbstractContextManager[Sender]]


def dispatch(settings: Settings, deliveries: Iterable[Delivery], open_sender: OpenSender) -> Counter[str]:
    """Send deliveries of one channel; what was put off is tried again after a pause.

    Args:
        settings: the subscribers' file, connections, rounds and pauses.
        deliveries: the due ones.
        open_sender: makes what sends; each connection has its own.

    Returns:
        how many were ``sent``, ``refused``, ``unknown``, are still ``waiting``, or ``done`` by another process.

    Raises:
        DigestError: the server refuses us, or none of them reached it.
    """
    counts: Counter[str] = Counter()
    queue = deque(deliveries)
    total, put_off = len(queue), dict[Delivery, Outcome]()

    def one_round() -> bool:
        put_off.clear()
        connections = min(settings.smtp_connections, len(queue))
        with ThreadPoolExecutor(max(1, connections), thread_name_prefix="deliver") as threads:
            workers = [threads.submit(_work, settings, queue, open_sender, total) for _ in range(connections)]
            try:
                wait(workers)
            except BaseException:  # told to stop: what is on its way arrives, nothing leaves after it
                queue.clear()
                raise
        for worker in workers:
            for delivery, outcome in worker.result():
                if outcome and outcome.status == "waiting":
                    put_off[delivery] = outcome
                else:
                    counts[outcome.status if outcome else "done"] += 1
        put_off.update(dict.fromkeys(queue, UNREACHED))  # every worker gave up
        queue.clear()
        queue.extend(put_off)
        return bool(queue)

    try:
        Retrying(
            stop=stop_after_attempt(settings.mail_rounds),
            wait=wait_exponential(multiplier=settings.mail_retry_seconds, max=300),
            retry=retry_if_result(bool),
            retry_error_callback=lambda state: state.outcome and state.outcome.result(),
        )(one_round)
    finally:  # the ledger knows of everybody who waits: who waits for too long is given up, and told of
        unreached = [delivery for delivery in queue if put_off.get(delivery, UNREACHED) is UNREACHED]
        with open_delivery(settings.subscribers) as con:
            for delivery in unreached:
                ledger.note(con, delivery, UNREACHED)
    if unreached and len(unreached) == len(put_off) and not counts:
        raise DigestError(
            "the mail server cannot be reached", remedy="`digest doctor` says why; then run `digest deliver` again"
        )
    counts["waiting"] += len(put_off)
    return +counts


def _work(
    settings: Settings, queue: deque[Delivery], open_sender: OpenSender, total: int
) -> list[tuple[Delivery, Outcome | None]]:
    """Take deliveries from the queue until it is empty or the server cannot be reached."""
    done: list[tuple[Delivery, Outcome | None]] = []
    with open_delivery(settings.subscribers) as con, open_sender() as sender:
        while queue:
            try:
                delivery = queue.popleft()
            except IndexError:  # another worker took the last one
                break
            is_ours = False

            def may_leave(delivery: Delivery = delivery) -> bool:
                nonlocal is_ours
                is_ours = ledger.claim(con, delivery)
                return is_ours

            try:
                outcome = sender.send(delivery, may_leave)
            except (smtplib.SMTPException, OSError) as error:
                queue.append(delivery)
                if not _is_hopeless(error):
                    break
                raise DigestError(
                    f"the mail server cannot be used: {type(error).__name__}",
                    remedy="check smtp_security, http_ca_file and the login, then run `digest deliver` again",
                ) from None
            if outcome and is_ours:
                ledger.finish(con, delivery, outcome)
            elif outcome:
                ledger.note(con, delivery, outcome)
            done.append((delivery, outcome))
            step("deliver", total - len(queue), total, outcome.status if outcome else "done by another process")
    return done


def _is_hopeless(error: Exception) -> bool:
    """Whether no second attempt mends it. A login is put off where there are too many at once (RFC 4954: 454)."""
    is_put_off = isinstance(error, smtplib.SMTPAuthenticationError) and error.smtp_code < PERMANENT
    return isinstance(error, HOPELESS) and not is_put_off
