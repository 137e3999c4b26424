"""The mail server: a connection as the settings say, and one message over it with what became of it."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email import policy
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Literal

from digest_pipeline.delivery.ledger import Outcome
from digest_pipeline.settings import Settings

SERVER_SECONDS = 30.0
OK = 250
ACCEPTED = (OK, 251)  # 251: it will forward (RFC 5321, 4.2.3)
CLOSING = 421  # the server ends the connection with this answer
PERMANENT = 500


@contextmanager
def mail_server(settings: Settings) -> Iterator[smtplib.SMTP]:
    """A connection, encrypted and logged in as the settings say; closed at the end of the block.

    Raises:
        smtplib.SMTPException, OSError: the server is not reached, or refuses the login.
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
            server.login(settings.smtp_username, settings.smtp_password.get_secret_value())
        server.ehlo_or_helo_if_needed()
        yield server
    finally:
        server.close()


def send(server: smtplib.SMTP, message: EmailMessage) -> Outcome:
    """Hand one message over. A broken connection is an outcome too."""
    sender, recipient = parseaddr(message["From"])[1], parseaddr(message["To"])[1]
    try:
        code, _ = server.mail(sender)
        if code != OK:  # whatever it has against the sender is not the recipient's fault
            server.rset()
            return Outcome("waiting", f"the server answered {code} to the sender", is_broken=code == CLOSING)
        code, _ = server.rcpt(recipient)
        if code not in ACCEPTED:
            server.rset()
            return _refusal(code)
    except (smtplib.SMTPException, OSError) as error:
        return Outcome("waiting", f"the connection broke: {type(error).__name__}", is_broken=True)
    try:
        code, _ = server.data(message.as_bytes(policy=policy.SMTP))
    except smtplib.SMTPDataError as error:  # DATA itself was refused: the text stayed here
        return _refusal(error.smtp_code)
    except (smtplib.SMTPException, OSError) as error:
        return Outcome("unknown", f"the connection broke while the text left: {type(error).__name__}", is_broken=True)
    return Outcome("sent") if code == OK else _refusal(code)


def _refusal(code: int) -> Outcome:
    status: Literal["refused", "waiting"] = "refused" if code >= PERMANENT else "waiting"
    return Outcome(status, f"the server answered {code}", is_broken=code == CLOSING)
