"""A real mail server on loopback that keeps what it accepts."""

import asyncio
from asyncio import WriteTransport
from asyncio.base_events import Server
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Inbox:
    """What arrived, as messages and ``raw``, and how it misbehaves.

    ``refuses`` everybody for good, in words that hold the recipient, as real servers' do; ``answers`` some recipients
    otherwise, a list one after the other; ``drops`` the connection when it has accepted a mail to one of these, without
    saying so, and when one of ``drops_early`` is named, as often as it says; answers a text after ``text_seconds``.
    After ``mails_per_connection`` it closes a connection in silence, or where ``says_so`` answers 421 to the next one;
    of as many texts as ``drops_texts`` says it reads nothing.
    """

    messages: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    refuses: bool = False
    answers: dict[str, str | list[str]] = field(default_factory=dict)
    drops: set[str] = field(default_factory=set)
    drops_early: dict[str, int] = field(default_factory=dict)
    drops_texts: int = 0
    mails_per_connection: int | None = None
    says_so: bool = False
    text_seconds: float = 0
    connections: int = 0
    port: int = 0

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        assert isinstance(server, _Server)
        if self.says_so and server.mails == self.mails_per_connection:
            return "421 4.7.0 too many mails over this connection"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - the name is aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.refuses:
            return f"550 5.1.1 <{address}> unknown"
        if self.drops_early.get(address):
            self.drops_early[address] -= 1
            _drop(server)
            return "250 OK"
        answer = self.answers.get(address)
        if isinstance(answer, list):
            answer = answer.pop(0) if answer else None
        if answer:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.messages.append(message)
        self.raw.append(envelope.content)
        await asyncio.sleep(self.text_seconds)
        if self.drops.intersection(envelope.rcpt_tos):
            _drop(server)
        return "250 OK"

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.connections += 1
        return responses


class _Server(SMTP):
    """One connection of an inbox."""

    mails = 0

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        box = self.event_handler
        if box.drops_texts:
            box.drops_texts -= 1
            await self.push("354 go ahead")
            return _drop(self)
        await super().smtp_DATA(arg)
        self.mails += 1
        if self.mails == box.mails_per_connection and not box.says_so:
            assert isinstance(self.transport, WriteTransport)
            self.transport.close()
        return None


def _drop(server: SMTP) -> None:
    assert isinstance(server.transport, WriteTransport)
    server.transport.abort()


@contextmanager
def inbox(**options: Any) -> Iterator[Inbox]:
    """An SMTP server on a free port; ``options`` are aiosmtpd's."""
    box = Inbox()
    controller = _OnFreePort(box, hostname="127.0.0.1", port=0, **options)
    controller.start()
    box.port = controller.port
    try:
        yield box
    finally:
        controller.stop()


class _OnFreePort(Controller):
    def factory(self) -> SMTP:
        """As aiosmtpd makes it, of our class."""
        return _Server(self.handler, **self.SMTP_kwargs)

    def _trigger_server(self) -> None:
        """Greet the server once at the port that it got; aiosmtpd asks the port that was wished for."""
        assert isinstance(self.server, Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]
