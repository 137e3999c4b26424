"""The mail as a mail program shows it, with and without its styles: readable, whole, quiet, never wider than its window."""

import re
from collections.abc import Iterator
from datetime import date

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from bench.published import made_up_archive
from digest_pipeline.delivery.channels.message import digest_message
from digest_pipeline.delivery.ledger import Delivery
from digest_pipeline.delivery.links import SignedLinks
from digest_pipeline.models import Subscriber
from digest_pipeline.settings import Settings
from tests.browser import chromium, find_chromium
from tests.hostile_text import hostile_digest

pytestmark = pytest.mark.skipif(
    find_chromium() is None, reason="there is no Chromium: `python -m tests.browser` says how to get one"
)
DAYS = tuple(reversed(made_up_archive(date(2026, 9, 14), 3)))
READER = Subscriber("su_1", "mail", "ann@example.org")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def html_of(settings: Settings, delivery: Delivery) -> str:
    public = settings.model_copy(
        update={"mail_from": "Five <digest@digest.example>", "site_url": "https://digest.example/"}
    )
    body = digest_message(public, delivery, SignedLinks(b"s", public.site_url)).get_body(("html",))
    assert body
    return str(body.get_content())


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 700])
@pytest.mark.parametrize("styled", [True, False], ids=["styled", "stripped"])
def test_a_mail_is_accessible_quiet_and_fits(
    browser: Browser, settings: Settings, styled: bool, width: int, scheme: str
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    requests: list[str] = []
    said: list[str] = []
    for digests in (DAYS[:1], DAYS, (hostile_digest(date(2026, 9, 14)),)):
        html = html_of(settings, Delivery(READER, digests))
        page = context.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("dialog", lambda dialog: said.append(dialog.message))
        page.set_content(html if styled else re.sub(r' style="[^"]*"', "", html))
        assert page.locator("h2").all_text_contents() == [
            f"{item.rank}. {item.headline}" for digest in digests for item in digest.items
        ]
        if styled:  # what a program that strips styles does to an unbroken word is its own
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        rules = {"color-contrast": {"enabled": scheme == "light"}}  # in the dark axe takes the canvas for white
        results = Axe().run(page, options={"resultTypes": ["violations"], "preload": False, "rules": rules})
        assert results.violations_count == 0, results.generate_report()
        page.close()
    context.close()
    assert requests == []
    assert said == []
