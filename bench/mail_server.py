"""A mail server that misbehaves as real ones do, in a process of its own: ``python -m bench.mail_server LOG DELAY``.

Recipients are ``reader<n>@example.org``, and n decides what happens to them. It prints its port, writes the number of
each accepted mail's recipient to LOG before it says so, answers a text after DELAY seconds, and ends with its input.
"""

import asyncio
import sys
from asyncio import WriteTransport
from collections import Counter
from pathlib import Path
from typing import TextIO

from aiosmtpd.smtp import SMTP, Envelope, Session

TEMPORARY_TIMES = 2  # so often a recipient is put off before the mail is taken


def is_put_off(number: int) -> bool:
    """5 %: refused for now, twice."""
    return number % 20 == 3


def is_refused(number: int) -> bool:
    """2 %: refused for good."""
    return number % 50 == 7


def is_dropped_early(number: int) -> bool:
    """2 %: the first time, the connection breaks before the text."""
    return number % 50 == 21


def is_dropped_late(number: int) -> bool:
    """1 %: the mail is accepted, and the connection breaks before the server could say so."""
    return number % 100 == 35


class Misbehaving:
    """aiosmtpd's handler."""

    def __init__(self, log: TextIO, delay: float) -> None:
        self._log, self._delay = log, delay
        self._asked: Counter[int] = Counter()

    async def handle_RCPT(  # noqa: N802 - the name is aiosmtpd's
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Agree to a recipient, or not."""
        number = number_of(address)
        self._asked[number] += 1
        if is_refused(number):
            return f"550 5.1.1 <{address}> unknown"
        if is_put_off(number) and self._asked[number] <= TEMPORARY_TIMES:
            return f"451 4.7.1 <{address}> come back later"
        if is_dropped_early(number) and self._asked[number] == 1:
            _drop(server)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Accept a text."""
        await asyncio.sleep(self._delay)
        number = number_of(envelope.rcpt_tos[0])
        self._log.write(f"{number}\n")
        self._log.flush()
        if is_dropped_late(number):
            _drop(server)
        return "250 OK"


def number_of(address: str) -> int:
    """The n of ``reader<n>@example.org``."""
    return int(address.removeprefix("reader").split("@")[0])


def _drop(server: SMTP) -> None:
    assert isinstance(server.transport, WriteTransport)
    server.transport.abort()


async def main(log: Path, delay: float) -> None:
    """Serve until the input ends."""
    loop = asyncio.get_running_loop()
    with log.open("a") as file:
        handler = Misbehaving(file, delay)
        server = await loop.create_server(lambda: SMTP(handler, loop=loop, hostname="bench"), "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
        await loop.run_in_executor(None, sys.stdin.read)
        server.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), float(sys.argv[2])))
