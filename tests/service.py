"""The web service, running on a port of this machine, as its tests ask it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import httpx
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, Page

from digest_pipeline.delivery.database import open_delivery
from digest_pipeline.delivery.subscribers import SubscriberBook
from digest_pipeline.delivery.web.serve import listen, server_of
from digest_pipeline.delivery.web.service import WebService
from digest_pipeline.models import Subscriber
from digest_pipeline.settings import Settings

PATIENCE_SECONDS = 60
QUIET_AXE = {"resultTypes": ["violations"], "preload": False}  # else it requests the style sheet itself


@contextmanager
def running(service: WebService) -> Iterator[httpx.Client]:
    """The service on a free port, and a client of it."""
    with listen("127.0.0.1", 0) as listener:
        server = server_of(service)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            with httpx.Client(base_url=base, timeout=PATIENCE_SECONDS, trust_env=False) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join()


def book_of(settings: Settings) -> list[Subscriber]:
    with open_delivery(settings.subscribers) as con:
        return SubscriberBook(con).all()


def text_of(answer: httpx.Response) -> str:
    return BeautifulSoup(answer.text, "html.parser").get_text(" ", strip=True)


def phones(browser: Browser) -> Iterator[Page]:
    """A page on a phone, in light and then in dark."""
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        # the checker is a script of its own, which the service's policy rightly refuses
        context = browser.new_context(viewport={"width": 360, "height": 740}, color_scheme=scheme, bypass_csp=True)
        yield context.new_page()
        context.close()


def check(page: Page) -> None:
    """What a page shows is accessible, and no wider than the page."""
    results = Axe().run(page, options=QUIET_AXE)
    assert results.violations_count == 0, results.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
