"""The web service: the static site, its health, and what a subscriber does: ask, confirm, vote, change wishes, leave.

It holds no session and sets no cookie, so a page elsewhere that posts here has no one's authority to borrow: a signed
link is the only authority, and it stands in the address that only its owner got. A forged request to subscribe makes
at most a mail that asks, within the limits of ``safety``. Opening a link changes nothing, since mail scanners open
links; the button on its page, or the one-click request of RFC 8058, does. Neither addresses nor links are logged.
"""

import logging
import mimetypes
import re
import sqlite3
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

from limits import RateLimitItem, RateLimitItemPerHour
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from digest_pipeline.dates import WEEKDAYS
from digest_pipeline.delivery.addresses import MAIL, normal_address
from digest_pipeline.delivery.database import open_delivery, secret_of
from digest_pipeline.delivery.hours import read_weekday
from digest_pipeline.delivery.links import SignedLinks
from digest_pipeline.delivery.subscribers import MOST_INTERESTS, SubscriberBook
from digest_pipeline.delivery.web.optin import Asker, request_subscription
from digest_pipeline.delivery.web.pages import ServicePages, sentence
from digest_pipeline.delivery.web.safety import RequestLimiter, SafeHeaders, bounded_body, form_fields
from digest_pipeline.delivery.web.vote_page import VotePage
from digest_pipeline.delivery.web.wish_page import WishPage
from digest_pipeline.errors import SubscriberError, SubscribersDamaged
from digest_pipeline.settings import Settings

logger = logging.getLogger(__name__)
FIELDS = ("address", "weekday", "interests")  # of the form
STALE_DAYS = 2  # yesterday's digest comes this morning: when the last is older than that, a day is missing
REQUESTS_OF_ONE = RateLimitItemPerHour(5)  # to subscribe
TYPES = {".atom": "application/atom+xml", ".opml": "text/x-opml", ".md": "text/markdown"}
DAY_OF_PAGE = re.compile(r'<h1><time datetime="(\d{4}-\d\d-\d\d)">')  # as digest.html.j2 writes it
BEFORE_THE_FIRST = frozenset({"/", "/index.html", "/archive.html", "/themes.html", "/search.html"})  # digest
# The subscribers' file is damaged, on a full disk, or held by another process for long.
HINDRANCES = (SubscribersDamaged, sqlite3.OperationalError, OSError)
SUBSCRIBED = "The next digest comes by mail. Each mail has a link to change what you get."
HEADINGS = {404: "Not found", 405: "Not like this", 429: "Too many requests"}


class WebService:
    """The pages over one home folder.

    Args:
        settings: of the home folder; ``site_url`` is where the service is reached.
        ask: sends the mail that asks for confirmation; ``None``: nobody can subscribe here, the rest works.
        of_one: requests to subscribe that one client may make.
    """

    def __init__(self, settings: Settings, ask: Asker | None, *, of_one: RateLimitItem = REQUESTS_OF_ONE) -> None:
        self._settings, self._ask = settings, ask
        self._pages = ServicePages(settings)
        self._limiter = RequestLimiter(of_one)

    def app(self) -> Starlette:
        """The ASGI application."""
        for ending, kind in TYPES.items():
            mimetypes.add_type(kind, ending)
        self._settings.site.mkdir(parents=True, exist_ok=True)
        site = StaticFiles(
            directory=self._settings.site, packages=[("digest_pipeline.publishing", "static")], html=True
        )
        both = ["GET", "POST"]
        return Starlette(
            routes=[
                Route("/health", self.health),
                Route("/subscribe", self.subscribe, methods=both),
                Route("/confirm", self.confirm, methods=both),
                Route("/wishes", WishPage(self._settings, self._pages).answer, methods=both),
                Route("/vote", VotePage(self._settings, self._pages).answer, methods=both),
                Route("/unsubscribe", self.unsubscribe, methods=both),
                Mount("/", site),
            ],
            middleware=[Middleware(SafeHeaders)],
            exception_handlers={HTTPException: self._failed} | dict.fromkeys(HINDRANCES, self._out_of_order),
        )

    async def health(self, _: Request) -> Response:
        """The last day on the site and its age; status 503 when a day is missing."""
        last = await run_in_threadpool(_last_day, self._settings.site)
        age = (datetime.now(self._settings.zone).date() - last).days if last else None
        is_ok = age is not None and age <= STALE_DAYS
        body = {"ok": is_ok, "last_digest": last.isoformat() if last else None, "age_days": age}
        return JSONResponse(body, status_code=200 if is_ok else 503, headers={"Cache-Control": "no-store"})

    async def subscribe(self, request: Request) -> Response:
        """The form, and what was typed into it. The answer is the same for every address, and as quick."""
        if self._ask is None:
            return self._pages.say(request, "Not here", "This site takes no subscriptions.", status=503)
        if request.method != "POST":
            return self._form(request, dict.fromkeys(FIELDS, ""))
        fields = await form_fields(request)
        if not self._limiter.allow(request):
            raise HTTPException(429, "Many requests came from where you are. Try again in an hour.")
        typed = {name: fields.get(name, "") for name in FIELDS}
        try:
            address, weekday = normal_address(MAIL, typed["address"]), read_weekday(typed["weekday"])
        except SubscriberError as error:
            return self._form(request, typed, fault=sentence(error))
        if len(typed["interests"]) > MOST_INTERESTS:
            return self._form(request, typed, fault=f"Please say it in {MOST_INTERESTS} characters.")
        task = BackgroundTask(self._request, self._ask, address, typed["interests"], weekday)
        text = (
            "If the address is not subscribed yet, a mail with a link is on its way. The link is good for three days."
        )
        return self._pages.say(request, "Look into your mail", text, task=task)

    async def confirm(self, request: Request) -> Response:
        """A button, and what it does."""
        if request.method != "POST":
            text = "One more click, and the next digest comes by mail."
            return self._pages.button(request, "Confirm your subscription", text, "Subscribe")
        return await self._act(request, self._confirm, "You are subscribed", SUBSCRIBED)

    async def unsubscribe(self, request: Request) -> Response:
        """A button, and what it does; a mail program posts here without showing it (RFC 8058)."""
        if request.method != "POST":
            text = "One more click, and you get no more mail; your address is erased."
            return self._pages.button(request, "Unsubscribe", text, "Unsubscribe")
        text = (
            "Your address is erased. A mail that is on its way may still arrive. If later ones come, you had subscribed"
            " again: use the link in one of those."
        )
        return await self._act(request, self._leave, "You are unsubscribed", text)

    def _request(self, ask: Asker, address: str, interests: str, weekday: int | None) -> None:
        try:
            request_subscription(self._settings, ask, address, interests, weekday)
        except HINDRANCES as error:  # the answer is out by now
            logger.error("/subscribe: %s", error)

    def _confirm(self, token: str) -> None:
        with open_delivery(self._settings.subscribers) as con:
            subscriber_id = SignedLinks(secret_of(con, "links"), "").read_confirm(token)
            book = SubscriberBook(con)
            if not book.has(subscriber_id):
                raise SubscriberError("this link is used up", remedy="subscribe again to get a new one")
            book.confirm(subscriber_id)

    def _leave(self, token: str) -> None:
        with open_delivery(self._settings.subscribers) as con:
            subscriber_id = SignedLinks(secret_of(con, "links"), "").read_unsubscribe(token)
            book = SubscriberBook(con)
            if book.has(subscriber_id):  # who left before has left all the same
                book.erase(subscriber_id, suppress=True)

    async def _act(self, request: Request, act: Callable[[str], None], heading: str, text: str) -> Response:
        await bounded_body(request)  # whatever it says: the link is enough
        try:
            await run_in_threadpool(act, request.query_params.get("token", ""))
        except SubscriberError as error:
            return self._pages.not_done(request, error)
        return self._pages.say(request, heading, text)

    async def _failed(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for nothing else
        if error.status_code == 404 and request.url.path in BEFORE_THE_FIRST:
            return self._pages.say(request, "Nothing published yet", "The first digest will stand here.")
        text = "There is no such page." if error.status_code == 404 else error.detail
        heading = HEADINGS.get(error.status_code, "That did not work")
        return self._pages.say(request, heading, text, status=error.status_code)

    async def _out_of_order(self, request: Request, error: Exception) -> Response:
        logger.error("%s: %s", request.url.path, error)
        return self._pages.say(
            request, "Out of order", "This does not work just now. Please try again later.", status=503
        )

    def _form(self, request: Request, typed: dict[str, str], *, fault: str = "") -> Response:
        return self._pages.show(
            request, "form", status=422 if fault else 200, typed=typed, fault=fault, most_interests=MOST_INTERESTS,
            weekdays=WEEKDAYS,
        )  # fmt: skip


def _last_day(site: Path) -> date | None:
    """The day of the start page, which is the newest one published: the page of a later day may be left over."""
    start = site / "index.html"
    found = DAY_OF_PAGE.search(start.read_text(encoding="utf-8")) if start.is_file() else None
    return date.fromisoformat(found[1]) if found else None
