"""The site as a reader's browser shows it, opened from disk: accessible, quiet, whole at every width, searchable."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from importlib.resources import files
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from bench.published import made_up_archive, publish
from digest_pipeline.models import Digest
from digest_pipeline.publishing.pages import Site, search_page, search_part
from digest_pipeline.publishing.site import write_site
from digest_pipeline.warehouse import Warehouse
from tests.browser import chromium, find_chromium
from tests.hostile_text import HOSTILE, hostile_digest

pytestmark = pytest.mark.skipif(
    find_chromium() is None, reason="there is no Chromium: `python -m tests.browser` says how to get one"
)
FIRST = date(2026, 1, 1)
QUIET_AXE = {"resultTypes": ["violations"], "preload": False}  # else it requests the style sheet itself
SIZES = {"phone": {"width": 360, "height": 740}, "desktop": {"width": 1280, "height": 900}}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Digest]:
    """Eight days, the one before the last hostile; and the last day's digest."""
    home = tmp_path_factory.mktemp("chromium")
    warehouse = Warehouse(home / "digest.duckdb")
    digests = [*made_up_archive(FIRST, 8)]
    digests[6] = hostile_digest(FIRST + timedelta(days=6))
    chance = np.random.default_rng(7)
    with warehouse.write() as con:
        for digest in digests:
            publish(con, digest, chance)
        write_site(home / "site", con, [], Site("Five from the feeds"))
    return home / "site", digests[-1]


def pages_of(digest: Digest) -> dict[str, str]:
    item = digest.items[0]
    return {
        "home": "index.html",
        "archive": "archive.html",
        "insight": f"insights/{item.claim_id}.html",
        "theme": f"themes/{item.theme_id}.html",
        "themes": "themes.html",
        "search": "search.html#percent",
        "hostile day": f"days/{FIRST + timedelta(days=6)}.html",
        **{f"hostile {n}": f"insights/cl_hostile{n}.html" for n in range(1, 6)},
        "hostile theme": "themes/th_hostile4.html",
    }


def overflow(page: Page) -> int:
    """Pixels by which the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", list(SIZES))
def test_pages_are_accessible_quiet_and_fit(
    browser: Browser, site: tuple[Path, Digest], size: str, scheme: str
) -> None:
    folder, digest = site
    context = browser.new_context(viewport=SIZES[size], color_scheme=scheme)  # type: ignore[arg-type]
    said: list[str] = []
    requests: list[str] = []
    for name, path in pages_of(digest).items():
        page = context.new_page()
        page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.on("dialog", lambda dialog: said.append(f"dialog: {dialog.message}"))
        page.goto(f"{folder.as_uri()}/{path}")
        for details in page.locator("details").all():
            details.evaluate("d => d.open = true")
        assert overflow(page) <= 0, (name, size)
        results = Axe().run(page, options=QUIET_AXE)
        assert results.violations_count == 0, f"{name}: {results.generate_report()}"
        page.close()
    assert context.cookies() == []
    context.close()
    assert said == []
    assert [url for url in requests if not url.startswith(folder.as_uri())] == []
    assert requests


def test_the_checker_does_find_faults(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content('<html><body><img src="data:,"><a href="#"></a><p style="color:#eee">pale</p></body></html>')
    assert Axe().run(page).violations_count >= 3
    page.close()


def test_search_finds_words_wherever_they_stand(browser: Browser, site: tuple[Path, Digest]) -> None:
    folder, digest = site
    item = digest.items[2]
    page = browser.new_page()
    page.goto(f"{folder.as_uri()}/search.html")
    page.get_by_role("searchbox").fill(f"{item.headline.split()[0].upper()} {item.show}")
    found = page.locator("#found a")
    assert item.headline in found.all_inner_texts()
    page.get_by_text(item.headline, exact=True).first.click()
    assert page.locator("h1").inner_text() == item.headline
    page.go_back()
    assert item.headline in page.locator("#found a").all_inner_texts(), "the words are gone on the way back"
    page.get_by_role("searchbox").fill("zzz nothing says this")
    assert page.get_by_role("status").inner_text() == "0 of 40 insights"
    page.get_by_role("searchbox").fill("<script>")
    assert page.locator("#found a").all_inner_texts()[0].startswith("<script>")
    page.close()


def test_hostile_text_stays_text_and_in_its_place(browser: Browser, site: tuple[Path, Digest]) -> None:
    folder, _ = site
    page = browser.new_page(viewport=SIZES["phone"])  # type: ignore[arg-type]
    page.goto(f"{folder.as_uri()}/days/{FIRST + timedelta(days=6)}.html")
    assert page.locator(".five h2").all_text_contents() == list(HOSTILE)
    assert "taken" not in page.title()
    directions = page.locator(".five h2").evaluate_all("all => all.map(h2 => getComputedStyle(h2).direction)")
    assert directions[0] == "ltr"
    assert directions[4] == "rtl"
    page.set_viewport_size(SIZES["desktop"])  # type: ignore[arg-type]
    page.emulate_media(media="print")
    edges = "all => all.map(one => one.getBoundingClientRect().right)"
    assert page.locator(".five h2").evaluate_all(edges) == page.locator(".five .explanation").evaluate_all(edges)
    page.emulate_media(media="screen")
    page.set_viewport_size(SIZES["phone"])  # type: ignore[arg-type]
    # an override or isolate left open in a headline turns nothing around beside it
    assert page.locator(".five .rank").all_inner_texts() == ["1", "2", "3", "4", "5"]
    assert page.locator(".five .listen").all_inner_texts() == ["at 1:01"] * len(HOSTILE)
    page.close()


def test_the_keyboard_reaches_content_and_words(browser: Browser, site: tuple[Path, Digest]) -> None:
    folder, _ = site
    page = browser.new_page()
    page.goto(f"{folder.as_uri()}/index.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").bounding_box()["x"] >= 0  # type: ignore[index]
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('h2') !== null")
    page.locator("summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("details").first.get_attribute("open") is not None
    page.close()


def test_print_shows_what_was_folded(browser: Browser, site: tuple[Path, Digest]) -> None:
    folder, digest = site
    page = browser.new_page()
    page.goto(f"{folder.as_uri()}/insights/{digest.items[0].claim_id}.html")
    assert not page.locator("mark").is_visible()
    page.emulate_media(media="print")
    assert page.locator("mark").is_visible()
    assert not page.locator(".masthead nav").is_visible()
    assert page.pdf().startswith(b"%PDF")
    page.close()


def test_the_bar_of_a_component_is_filled_in_its_whole_height(browser: Browser, site: tuple[Path, Digest]) -> None:
    folder, digest = site
    page = browser.new_page()
    page.goto(f"{folder.as_uri()}/insights/{digest.items[0].claim_id}.html")
    with av.open(BytesIO(page.locator(".total meter").screenshot())) as picture:
        pixels = next(picture.decode(video=0)).to_ndarray(format="rgb24")
    filled = pixels[1:-1, pixels.shape[1] // 4]  # between its edges, which are blurred
    assert (filled == filled[0]).all()
    page.close()


def test_search_takes_words_as_they_are_typed(browser: Browser, tmp_path: Path) -> None:
    said = [
        "They don’t need “human-readable” code", "They don't need grid storage", "Straße und Köln, naïve café",
        "GPT\u20114 and wi\u2010fi cost 1,000 dollars", "Who needs C++?", "storage of a grid",
    ]  # fmt: skip
    entries = [(f"cl_{n}", f"2026-01-0{n + 1}", text, "", "", "", "Show", "", "", "") for n, text in enumerate(said)]
    search_site(tmp_path, entries)
    page = browser.new_page()
    page.goto(f"{tmp_path.as_uri()}/search.html")
    for typed, wanted in {
        "don't": {0, 1}, "don’t": {0, 1}, "“human-readable”": {0}, "human\u2010readable": {0}, "Human\u2011Readable,": {0},
        '"human-readable" code.': {0}, "grid storage": {1, 5}, '"grid storage"': {1}, "“grid storage": {1}, "(storage)": {1, 5},
        "strasse": {2}, "STRASSE": {2}, "Straße": {2}, "koln": {2}, "gpt-4": {3}, "gpt\u20134": {3}, "wi-fi?": {3},
        "1,000": {3}, "c++": {4}, "'need'": {0, 1, 4}, '"': set(), "?": set(), '""': set(),
    }.items():  # fmt: skip
        page.get_by_role("searchbox").fill(typed)
        assert set(page.locator("#found a").all_inner_texts()) == {said[n] for n in wanted}, typed
    page.close()


def test_search_shows_more_and_a_theme_all_of_its_own(browser: Browser, tmp_path: Path) -> None:
    def entry(n: int, theme_id: str) -> tuple[str, ...]:
        day = f"{FIRST + timedelta(days=n)}"
        name = "Grid, price" if n % 2 else "Grid, storage"  # a theme's name changes
        return (f"cl_{n}", day, f"Headline {n}", "", "", "", "Show", name, theme_id, "de" if n == 0 else "")

    search_site(tmp_path, [*(entry(n, "th_1") for n in range(120)), entry(120, "th_2")])
    page = browser.new_page()
    page.goto(f"{tmp_path.as_uri()}/search.html#th_1")
    more, links, status = page.get_by_role("button", name="more"), page.locator("#found a"), page.get_by_role("status")
    assert status.inner_text() == "120 of 121 insights, the first 50 are shown"
    assert Axe().run(page, options=QUIET_AXE).violations_count == 0
    more.focus()
    page.keyboard.press("Enter")
    assert (links.count(), status.inner_text()) == (100, "120 of 121 insights, the first 100 are shown")
    assert page.evaluate("document.activeElement.textContent") == links.nth(50).inner_text()
    assert more.inner_text() == "Show 20 more"
    more.click()
    assert (links.count(), status.inner_text()) == (120, "120 of 121 insights")
    assert not more.is_visible()
    assert len(set(links.all_inner_texts())) == 120
    assert [links.nth(n).get_attribute("lang") for n in (118, 119)] == [None, "de"]
    page.get_by_role("searchbox").fill("grid")
    assert (links.count(), more.is_visible()) == (50, True)
    page.get_by_role("searchbox").fill("")
    assert (links.count(), more.is_visible(), status.inner_text()) == (0, False, "121 insights")
    page.close()


def test_search_lists_the_newest_day_first_and_a_day_in_its_order(browser: Browser, tmp_path: Path) -> None:
    search_site(
        tmp_path,
        [
            (f"cl_{n}", f"2026-01-0{1 + n // 3}", f"Grid {n}" if n != 1 else "Else", "of the grid", *[""] * 6)
            for n in range(6)
        ],
    )
    page = browser.new_page()
    page.goto(f"{tmp_path.as_uri()}/search.html#grid")
    wanted = ["Grid 3", "Grid 4", "Grid 5", "Grid 0", "Grid 2", "Else"]
    assert page.locator("#found a").all_inner_texts() == wanted
    page.close()


def search_site(folder: Path, entries: Sequence[Sequence[str]]) -> None:
    """The page that searches, over these entries."""
    (folder / "search").mkdir()
    (folder / "search" / "2026-01.js").write_text(search_part(entries), encoding="utf-8")
    (folder / "search.html").write_text(search_page(Site("Five"), ["2026-01"]), encoding="utf-8")
    for name in ("style.css", "search.js", "icon.svg"):
        (folder / name).write_bytes((files("digest_pipeline.publishing") / "static" / name).read_bytes())
