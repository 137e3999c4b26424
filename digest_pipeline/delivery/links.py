"""Signed links: what lets a person confirm, vote, change their wishes or leave, without account or cookie.

A link holds the random id of a subscriber and a signature, never an address. Whoever has the link may use it.
"""

from dataclasses import dataclass
from typing import Any

from itsdangerous import BadData, SignatureExpired, URLSafeSerializer, URLSafeTimedSerializer

from digest_pipeline.errors import SubscriberError

CONFIRM_DAYS = 3
DAY_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class SignedLinks:
    """Makes the links and reads them back.

    Args:
        secret: signs them; another secret makes every link invalid that was sent.
        base_url: where `digest serve` is reached from outside, or empty.

    Example:
        >>> links = SignedLinks(b"secret", "https://digest.example/")
        >>> url = links.unsubscribe_url("su_1")
        >>> url[:40], links.read_unsubscribe(url.split("=")[1])
        ('https://digest.example/unsubscribe?token', 'su_1')
    """

    secret: bytes
    base_url: str

    def confirm_url(self, subscriber_id: str) -> str | None:
        """The link of the confirmation mail, good for ``CONFIRM_DAYS``; ``None`` without a base address."""
        return self._url("confirm", str(self._confirm().dumps(subscriber_id)))

    def unsubscribe_url(self, subscriber_id: str) -> str | None:
        """The link of every mail, good as long as the subscriber is there; ``None`` without a base address."""
        return self._url("unsubscribe", str(self._unsubscribe().dumps(subscriber_id)))

    def wishes_url(self, subscriber_id: str) -> str | None:
        """The link of every mail to the page of its reader's wishes; as ``unsubscribe_url``."""
        return self._url("wishes", str(self._wishes().dumps(subscriber_id)))

    def vote_url(self, subscriber_id: str, claim_id: str) -> str | None:
        """The link of an insight in a mail to where its reader says what it was worth; as ``unsubscribe_url``."""
        return self._url("vote", str(self._vote().dumps([subscriber_id, claim_id])))

    def read_confirm(self, token: str, *, max_age_seconds: float = CONFIRM_DAYS * DAY_SECONDS) -> str:
        """The subscriber whom a confirmation link names.

        Raises:
            SubscriberError: it was not made here, or is too old.
        """
        try:
            return str(self._confirm().loads(token, max_age=int(max_age_seconds)))
        except SignatureExpired as error:
            raise SubscriberError("this link has expired", remedy="subscribe again to get a new one") from error
        except BadData as error:
            raise SubscriberError("this link is not complete", remedy="copy all of it from the mail") from error

    def read_unsubscribe(self, token: str) -> str:
        """The subscriber whom an unsubscribe link names.

        Raises:
            SubscriberError: it was not made here.
        """
        return str(_read(self._unsubscribe(), token))

    def read_wishes(self, token: str) -> str:
        """The subscriber whose wishes a link leads to.

        Raises:
            SubscriberError: it was not made here.
        """
        return str(_read(self._wishes(), token))

    def read_vote(self, token: str) -> tuple[str, str]:
        """The subscriber and the claim that a link asks about.

        Raises:
            SubscriberError: it was not made here.
        """
        subscriber_id, claim_id = _read(self._vote(), token)
        return str(subscriber_id), str(claim_id)

    def _confirm(self) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self.secret, salt="confirm")

    def _unsubscribe(self) -> URLSafeSerializer:
        return URLSafeSerializer(self.secret, salt="unsubscribe")

    def _wishes(self) -> URLSafeSerializer:
        return URLSafeSerializer(self.secret, salt="wishes")

    def _vote(self) -> URLSafeSerializer:
        return URLSafeSerializer(self.secret, salt="vote")

    def _url(self, page: str, token: str) -> str | None:
        return f"{self.base_url.rstrip('/')}/{page}?token={token}" if self.base_url else None


def _read(serializer: URLSafeSerializer, token: str) -> Any:
    try:
        return serializer.loads(token)
    except BadData as error:
        raise SubscriberError("this link is not complete", remedy="copy all of it from the mail") from error
