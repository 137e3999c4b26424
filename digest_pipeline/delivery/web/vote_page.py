"""The page on which readers say whether an insight was worth their time, by its link in their mail."""

from datetime import UTC, datetime
from typing import NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from digest_pipeline.delivery.database import open_delivery, secret_of
from digest_pipeline.delivery.links import SignedLinks
from digest_pipeline.delivery.subscribers import SubscriberBook
from digest_pipeline.delivery.votes import cast_vote, vote_of
from digest_pipeline.delivery.web.pages import ServicePages, heading_of
from digest_pipeline.delivery.web.safety import form_fields
from digest_pipeline.errors import SubscriberError
from digest_pipeline.settings import Settings

CHOICES = {"worth": True, "not worth": False}  # the values of the buttons


class Asked(NamedTuple):
    """Of which claim a link asks, what its reader said so far, and where they change their wishes."""

    claim_id: str
    is_worth: bool | None
    wishes_url: str | None


class VotePage:
    """The page over one home folder."""

    def __init__(self, settings: Settings, pages: ServicePages) -> None:
        self._settings, self._pages = settings, pages

    async def answer(self, request: Request) -> Response:
        """The insight and two buttons; posted, the reader's vote is kept. Opening it changes nothing."""
        token, is_saved = request.query_params.get("token", ""), request.method == "POST"
        choice = CHOICES.get((await form_fields(request)).get("vote", "")) if is_saved else None
        try:
            if is_saved and choice is None:
                raise SubscriberError("that is none of the two", remedy="use one of the buttons on the page")
            asked = await run_in_threadpool(self._ask, token, choice)
        except SubscriberError as error:
            return self._pages.not_done(request, error)
        page = self._settings.site / "insights" / f"{asked.claim_id}.html"
        headline = await run_in_threadpool(heading_of, page)
        return self._pages.show(request, "vote", asked=asked, headline=headline, is_saved=is_saved)

    def _ask(self, token: str, choice: bool | None) -> Asked:
        with open_delivery(self._settings.subscribers) as con:
            links = SignedLinks(secret_of(con, "links"), self._settings.site_url)
            subscriber_id, claim_id = links.read_vote(token)
            if not SubscriberBook(con).has(subscriber_id):
                raise SubscriberError("you are not subscribed any more", remedy="subscribe again to get the digest")
            if choice is not None:
                cast_vote(con, subscriber_id, claim_id, is_worth=choice, now=datetime.now(UTC))
            return Asked(claim_id, vote_of(con, subscriber_id, claim_id), links.wishes_url(subscriber_id))
