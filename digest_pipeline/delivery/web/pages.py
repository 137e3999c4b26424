"""How the web service answers: pages in the frame and the look of the site, which no cache keeps."""

import html
import re
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from digest_pipeline.errors import SubscriberError
from digest_pipeline.publishing.publish import site_of
from digest_pipeline.publishing.render import templates
from digest_pipeline.settings import Settings

HEADING = re.compile(r"<h1\b[^>]*>(.*)</h1>")  # as the templates of the site write it, in a line of its own


class ServicePages:
    """Answers with a page of one of our templates."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def show(
        self, request: Request, name: str, *, status: int = 200, task: BackgroundTask | None = None, **values: Any
    ) -> Response:
        """The template ``name`` with these values; ``task`` begins when the answer is out."""
        site = replace(site_of(self._settings), url="")  # no canonical address: these pages are not for finding
        root = "../" * (request.url.path.count("/") - 1)
        page = _templates().get_template(f"{name}.html.j2").render(site=site, path="", root=root, **values)
        return HTMLResponse(page, status_code=status, headers={"Cache-Control": "no-store"}, background=task)

    def say(
        self, request: Request, heading: str, text: str, *, status: int = 200, task: BackgroundTask | None = None
    ) -> Response:
        """A heading and a sentence or two."""
        return self.show(request, "message", status=status, task=task, heading=heading, text=text)

    def button(self, request: Request, heading: str, text: str, button: str) -> Response:
        """The same, and a button that posts to the page's own address."""
        return self.show(request, "button", heading=heading, text=text, button=button)

    def not_done(self, request: Request, error: SubscriberError) -> Response:
        """What stops a link from doing what it is for."""
        return self.say(request, "That did not work", sentence(error), status=400)


def heading_of(page: Path) -> str:
    """The heading of a page of the site, as plain text; empty where there is no such page."""
    found = HEADING.search(page.read_text(encoding="utf-8")) if page.is_file() else None
    return html.unescape(found[1]) if found else ""


def sentence(error: SubscriberError) -> str:
    """An error as a reader is told of it."""
    return f"{error.said[0].upper()}{error.said[1:]}: {error.remedy}."


@lru_cache(maxsize=1)
def _templates() -> Environment:
    """Our templates over those of the site, which give the frame and the look."""
    loaders = [PackageLoader("digest_pipeline.delivery"), PackageLoader("digest_pipeline.publishing")]
    return templates().overlay(loader=ChoiceLoader(loaders))
