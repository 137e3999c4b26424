"""The mail server: connections as the settings say, each kept for many messages, and what became of each message."""

import re
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import parseaddr
from types import TracebackType
from typing import Self

from digest_pipeline.delivery.ledger import Outcome
from digest_pipeline.errors import SettingsError
from digest_pipeline.settings import Settings

SERVER_SECONDS = 60.0
TEXT_SECONDS = 600.0  # for the answer to a text, which servers filter first (RFC 5321, 4.5.3.2.6)
MOST_UNANSWERED = 2  # texts in a row over one connection: each may cost a reader the digest
OK, GO_AHEAD, CLOSING = 250, 354, 421
ACCEPTED = (OK, 251)  # 251: it will forward (RFC 5321, 4.2.3)
PERMANENT, NO_CODE = 500, 600
CLOSED = Outcome("waiting", "the server closed the connection")


class WirePolicy(EmailPolicy):
    """Leaves addresses of a list on one line: what is too long to fold the library encodes, and nobody reads that."""

    def fold_binary(self, name: str, value: str) -> bytes:
        """A header as it is sent."""
        if name.lower() in ("list-id", "list-unsubscribe"):
            return f"{name}: {value}{self.linesep}".encode("ascii")  # RFC 5322 allows 998 characters
        return super().fold_binary(name, value)


WIRE = WirePolicy(linesep="\r\n", cte_type="7bit")  # as SMTP has it, and every server takes it


@contextmanager
def mail_server(settings: Settings) -> Iterator[smtplib.SMTP]:
    """A connection, encrypted and logged in as the settings say; closed at the end of the block.

    Raises:
        smtplib.SMTPException, OSError: the server is not reached, or refuses the login.
        SettingsError: the login cannot be sent.
    """
    context = ssl.create_default_context(cafile=settings.http_ca_file or None)
    where = (settings.smtp_host, settings.smtp_port)
    server = (
        smtplib.SMTP_SSL(*where, timeout=SERVER_SECONDS, context=context)
        if settings.smtp_security == "tls"
        else smtplib.SMTP(*where, timeout=SERVER_SECONDS)
    )
    try:
        if settings.smtp_security == "starttls":
            server.starttls(context=context)
        if settings.smtp_username:
            _log_in(server, settings.smtp_username, settings.smtp_password.get_secret_value())
        server.ehlo_or_helo_if_needed()
        if server.sock:  # else the dot after a text waits 40 ms for the acknowledgement of what went before it
            server.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield server
        with suppress(smtplib.SMTPException, OSError):
            server.quit()
    finally:
        server.close()


def _log_in(server: smtplib.SMTP, username: str, password: str) -> None:
    try:
        server.login(username, password)
    except UnicodeEncodeError:  # the error holds the password
        raise SettingsError(
            "smtp_username or DIGEST_SMTP_PASSWORD has letters that a mail server does not take",
            remedy="give the account a password in ASCII",
        ) from None


class MailLine:
    """A connection for one message after the other, opened when one comes and anew when it broke."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._server: smtplib.SMTP | None = None
        self._open = ExitStack()
        self._unanswered = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def send(self, message: EmailMessage, may_leave: Callable[[], bool]) -> Outcome | None:
        """Hand one message over; see ``hand_over``. Who takes so many over a connection gets the next over a new one.

        Raises:
            smtplib.SMTPException, OSError: there is no connection, and none can be had, or it does not answer texts.
        """
        if self._unanswered == MOST_UNANSWERED:
            raise smtplib.SMTPServerDisconnected("the answers to the last texts were lost")
        was_open = self._server is not None
        outcome = self._hand_over(message, may_leave)
        if was_open and outcome is CLOSED:
            outcome = self._hand_over(message, may_leave)
        self._unanswered = self._unanswered + 1 if outcome and outcome.status == "unknown" else 0
        return outcome

    def _hand_over(self, message: EmailMessage, may_leave: Callable[[], bool]) -> Outcome | None:
        if self._server is None:
            self._server = self._open.enter_context(mail_server(self._settings))
        try:
            return hand_over(self._server, message, may_leave)
        finally:
            if self._server.sock is None:  # broken, or closed by the server
                self._open.close()
                self._server = None


def hand_over(server: smtplib.SMTP, message: EmailMessage, may_leave: Callable[[], bool]) -> Outcome | None:
    """What became of a message; a broken connection is an outcome too, and closes ``server``.

    ``may_leave`` is asked when the server has agreed to the recipient, just before the text leaves; ``None`` when it
    said no. A server may accept a message only after the dot that ends it (RFC 5321, 4.1.1.4), so that what breaks
    before is ``waiting``, and what breaks between the dot and the reply ``unknown``. ``CLOSED``: nothing was begun.
    """
    sender, recipient = parseaddr(message["From"])[1], parseaddr(message["To"])[1]
    text = message.as_bytes(policy=WIRE)
    try:
        code, _ = server.mail(sender)
    except (smtplib.SMTPException, OSError):  # it closes without saying so
        code = CLOSING
    if code == CLOSING:
        server.close()
        return CLOSED
    try:
        if code != OK:  # whatever it has against the sender is not the recipient's fault
            return _put_off(server, Outcome("waiting", f"the server answered {code} to the sender"), code)
        code, said = server.rcpt(recipient)
        if code not in ACCEPTED:
            return _put_off(server, _refusal(code, said), code)
        if not may_leave():
            server.rset()
            return None
        code, said = server.docmd("DATA")
        if code != GO_AHEAD:
            return _put_off(server, _refusal(code, said), code)
        server.send(re.sub(rb"(?m)^\.", b"..", text))
        server.send(b".\r\n")
    except (smtplib.SMTPException, OSError) as error:
        server.close()
        return Outcome("waiting", f"the connection broke: {type(error).__name__}")
    try:
        code, said = _answer_to_text(server)
    except (smtplib.SMTPException, OSError) as error:
        server.close()
        return Outcome("unknown", f"the connection broke after the text had left: {type(error).__name__}")
    if code == OK:
        return Outcome("sent")
    if not OK < code < NO_CODE:
        server.close()
        return Outcome("unknown", "the server's answer to the text cannot be read")
    return _put_off(server, _refusal(code, said), code)


def _answer_to_text(server: smtplib.SMTP) -> tuple[int, bytes]:
    assert server.sock  # noqa: S101 - the text has left over it
    server.sock.settimeout(TEXT_SECONDS)
    answer = server.getreply()
    server.sock.settimeout(SERVER_SECONDS)
    return answer


def _put_off(server: smtplib.SMTP, outcome: Outcome, code: int) -> Outcome:
    """The outcome, with the connection ready for the next message, or closed when the server closes it."""
    if code == CLOSING:
        server.close()
    else:
        with suppress(smtplib.SMTPException, OSError):  # a broken connection is closed by it
            server.rset()
    return outcome


def _refusal(code: int, said: bytes) -> Outcome:
    """For now or for good, with the codes alone: the words of a server repeat the address."""
    enhanced = re.match(rb"[245]\.\d{1,3}\.\d{1,3}\b", said)
    codes = f"{code} {enhanced[0].decode()}" if enhanced else str(code)
    return Outcome("refused" if PERMANENT <= code < NO_CODE else "waiting", f"the server answered {codes}")
