"""The channel of mails: a delivery becomes a message, and goes to the mail server."""

from collections.abc import Callable
from types import TracebackType
from typing import Self

from digest_pipeline.delivery.channels.message import digest_message
from digest_pipeline.delivery.channels.smtp import MailLine
from digest_pipeline.delivery.ledger import Delivery, Outcome
from digest_pipeline.delivery.links import SignedLinks
from digest_pipeline.settings import Settings


class MailSender:
    """Sends deliveries over one connection."""

    def __init__(self, settings: Settings, links: SignedLinks) -> None:
        self._settings, self._links, self._line = settings, links, MailLine(settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._line.__exit__(kind, error, trace)

    def send(self, delivery: Delivery, may_leave: Callable[[], bool]) -> Outcome | None:
        """What became of it; ``None`` when it was not to leave.

        Raises:
            smtplib.SMTPException, OSError: the server cannot be reached.
        """
        return self._line.send(digest_message(self._settings, delivery, self._links), may_leave)
