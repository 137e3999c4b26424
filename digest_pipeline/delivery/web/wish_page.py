"""The page on which readers change what they get, by the link of their mails.

Each insight of a mail leads here with its show and theme, so that one more click follows or mutes them.
"""

import re
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from digest_pipeline.dates import WEEKDAYS
from digest_pipeline.delivery.database import open_delivery, secret_of
from digest_pipeline.delivery.hours import WEEKLY_HOUR
from digest_pipeline.delivery.links import SignedLinks
from digest_pipeline.delivery.subscribers import MOST_INTERESTS, SubscriberBook
from digest_pipeline.delivery.web.pages import ServicePages, heading_of, sentence
from digest_pipeline.delivery.web.safety import form_fields
from digest_pipeline.delivery.web.wish_form import KINDS, MOST_SHOWN, Subject, subjects_of, timezones, with_wishes
from digest_pipeline.errors import SubscriberError
from digest_pipeline.models import Subscriber
from digest_pipeline.settings import Settings

MOST_FIELDS = MOST_SHOWN + 10
MOST_BYTES = 64 * 1024  # names in any script, percent-encoded
THEME_ID = re.compile(r"th_[0-9a-f]+")


class WishPage:
    """The page over one home folder."""

    def __init__(self, settings: Settings, pages: ServicePages) -> None:
        self._settings, self._pages = settings, pages

    async def answer(self, request: Request) -> Response:
        """The form, filled with the reader's wishes; posted, it changes them. Opening it changes nothing."""
        token, fault, is_saved = request.query_params.get("token", ""), "", False
        try:
            reader, unsubscribe_url = await run_in_threadpool(self._read, token)
        except SubscriberError as error:
            return self._pages.not_done(request, error)
        if request.method == "POST":
            fields = await form_fields(request, MOST_FIELDS, MOST_BYTES)
            try:
                reader, is_saved = await run_in_threadpool(self._change, reader.subscriber_id, fields), True
            except SubscriberError as error:
                fault = sentence(error)
        asked = [Subject(kind, said) for kind in KINDS if (said := request.query_params.get(kind, "").strip())]
        shown = subjects_of(reader, asked)
        named = await run_in_threadpool(lambda: [(one, _name_of(one, self._settings.site)) for one in shown])
        return self._pages.show(
            request, "wishes", status=422 if fault else 200, reader=reader, subjects=named, fault=fault,
            is_saved=is_saved, unsubscribe_url=unsubscribe_url, most_interests=MOST_INTERESTS, weekdays=WEEKDAYS,
            weekday="" if reader.weekday is None else WEEKDAYS[reader.weekday].lower(), weekly_hour=WEEKLY_HOUR,
            timezones=sorted({*timezones(), *filter(None, [reader.timezone])}), own_zone=self._settings.timezone,
        )  # fmt: skip

    def _read(self, token: str) -> tuple[Subscriber, str | None]:
        with open_delivery(self._settings.subscribers) as con:
            links = SignedLinks(secret_of(con, "links"), self._settings.site_url)
            subscriber_id, book = links.read_wishes(token), SubscriberBook(con)
            if not book.has(subscriber_id):
                raise SubscriberError("you are not subscribed any more", remedy="subscribe again to get the digest")
            return book.get(subscriber_id), links.unsubscribe_url(subscriber_id)

    def _change(self, subscriber_id: str, fields: dict[str, str]) -> Subscriber:
        with open_delivery(self._settings.subscribers) as con:
            return SubscriberBook(con).change(subscriber_id, lambda reader: with_wishes(reader, fields))


def _name_of(one: Subject, site: Path) -> str:
    """How a reader knows a show or theme: of a theme that is kept by its id, the name on its page."""
    if one.kind == "theme" and THEME_ID.fullmatch(one.subject):
        return heading_of(site / "themes" / f"{one.subject}.html") or one.subject
    return one.subject
