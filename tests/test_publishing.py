"""Publishing: untrusted text stays text, a digest is published once, pages are equal for equal input."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from bs4 import BeautifulSoup
from markdown_it import MarkdownIt

from digest_pipeline.dates import long_date
from digest_pipeline.models import Digest, DigestItem
from digest_pipeline.previews import markdown_table
from digest_pipeline.publishing import store
from digest_pipeline.publishing.catalogue import InsightPage, ThemeLine, ThemePage
from digest_pipeline.publishing.feeds import atom_feed, json_feed
from digest_pipeline.publishing.newest import Published
from digest_pipeline.publishing.pages import (
    MOST_THEMES,
    Site,
    day_page,
    insight_page,
    search_part,
    theme_page,
    themes_page,
)
from digest_pipeline.publishing.plot import timeline
from digest_pipeline.publishing.render import (
    beyond_quote,
    clock,
    content_hash,
    to_json,
    to_markdown,
    to_text,
)
from digest_pipeline.warehouse import Warehouse
from digest_pipeline.words import readable

DAY = date(2026, 9, 14)
HOSTILE = '<script>alert(1)</script> "quoted" & \u202eevil [link](javascript:x) | 😀'


def item(rank: int = 1, headline: str = "A deposit cleared 40 percent of the queue.") -> DigestItem:
    return DigestItem(
        rank, f"cl_{rank}", headline, "Nobody expected it.", "the deposit cleared forty percent", "Ann Lee", "The Show",
        "Queues", 3723.4, 3740.0, "https://x.example/1.mp3?a=1&b=2", "https://x.example/1", "Queue, deposit", 0.71,
        {"worthiness": 0.8, "novelty": 1.0}, "A strong claim.",
    )  # fmt: skip


def digest(*items: DigestItem, day: date = DAY) -> Digest:
    return Digest(day, items, episodes=3, shows=2, candidates=40)


def test_hostile_text_stays_text() -> None:
    hostile = DigestItem(
        *(1, "cl_1", HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE),
        1.0,
        2.0,
        None,
        None,
        HOSTILE,
        0.5,
        {},
        HOSTILE,
    )
    page = BeautifulSoup(day_page(Site(HOSTILE), digest(hostile), older=None, newer=None), "html.parser")
    assert page.find("script") is None
    heading = page.find("h2")
    assert heading is not None
    assert heading.get_text() == HOSTILE
    markdown = to_markdown(digest(hostile))
    assert "<script>" not in markdown
    assert "\\[link\\](javascript" in markdown


def test_an_address_ends_no_link_of_its_own() -> None:
    strange = replace(item(), audio_url="https://x.example/1.mp3>)\n![t](https://other.example/p.png) <")
    markdown = to_markdown(digest(strange))
    assert "(<https://x.example/1.mp3%3E)%0A![t](https://other.example/p.png)%20%3C#t=3723>)" in markdown


def test_control_characters_that_are_stored_reach_no_page() -> None:
    bad = "Prices \x1b]0;x\x07 fell\x00\x08\x9b \ufffe\ufdd0\U0001ffff\ud800 by half"
    names = ("headline", "explanation", "quote", "speaker", "show", "episode", "theme", "why", "said_before")
    one = replace(item(), theme_id="th_1", **dict.fromkeys(names, bad))  # type: ignore[arg-type]
    site, published = Site("Five"), [Published(DAY, datetime(2026, 9, 15), (one,))]
    for page in (
        day_page(site, digest(one), older=None, newer=None),
        insight_page(site, InsightPage(one, DAY, (), ())),
        search_part([[bad, bad]]),
        to_markdown(digest(one)),
        to_text(digest(one)),
        *(write(site, "insights", published) for write in (atom_feed, json_feed)),
    ):
        assert readable(page) == page
        assert "fell" in page
    assert "u001b" not in search_part([[bad, bad]])
    assert readable("tab\tline\nreturn\r é 中 😀 \u202e") == "tab\tline\nreturn\r é 中 😀 \u202e"
    assert readable("a\x0bb\x85c") == "a b c"


@pytest.mark.parametrize(
    "text",
    [
        "2008. That was the year in which nobody lent anything.", "1) is the first reason", "- 40 degrees is cold.",
        "+ 3 percent a year is a lot.", "---", "The tag &lt;b&gt; and AT&amp;T cost ~~much~~ ~less~.", "3.5 percent of it.",
        "-40 degrees and 2008. Both", "-", "# one > two | three",
    ],
)  # fmt: skip
def test_markdown_says_what_was_said(text: str) -> None:
    whole = to_markdown(digest(replace(item(), explanation=text, quote=text)))
    rendered = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(whole)
    page = BeautifulSoup(rendered, "html.parser")
    assert [tag.name for tag in page.find_all(True, recursive=False)] == ["h1", "p", "h2", "p", "blockquote", "p"]
    assert page.find_all(["s", "del", "ol", "ul", "hr"]) == []
    assert page.find_all("p")[1].get_text() == text
    assert f"“{text}”" in page.find_all("p")[2].get_text()
    assert "— Ann Lee, The Show, “Queues”, 1:02:03" in whole.replace("[", "")


@pytest.mark.parametrize("text", [r"C:\|D:", "~~much~~", "AT&amp;T", "a|b *c* <i>_d_</i> `e` [f](g)"])
def test_a_table_of_the_ui_shows_each_cell_as_it_is(text: str) -> None:
    rendered = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(markdown_table(["said"], [[text]]))
    page = BeautifulSoup(rendered, "html.parser")
    assert [cell.get_text() for cell in page.find_all("td")] == [text]
    assert page.find_all(["s", "em", "i", "code", "a"]) == []


def test_an_explanation_that_begins_with_its_quote_and_goes_on_is_told() -> None:
    quote = "Storage pays for itself within two winters."
    longer = f"“{quote}” The utility of Malmö compared its bills of 2021 to 2024, and saved 12 million."
    said_again = "Storage pays for itself, within two winters."
    for explanation, told in ((longer, longer), (said_again, ""), (quote[:30], ""), ("", "")):
        assert beyond_quote(replace(item(), quote=quote, explanation=explanation)) == told


def test_the_page_has_what_a_reader_needs() -> None:
    page = BeautifulSoup(day_page(Site("T"), digest(item()), older=DAY - timedelta(days=1), newer=None), "html.parser")
    links = {str(link["href"]) for link in page.find_all("a")}
    assert {"https://x.example/1.mp3?a=1&b=2#t=3723", "https://x.example/1", "../days/2026-09-13.html"} <= links
    assert "the deposit cleared forty percent" in page.get_text()
    assert not [
        tag
        for tag in page.find_all(["link", "img", "script"])
        if str(tag.get("href", tag.get("src", ""))).startswith("http")
    ]


def test_forms_agree_and_an_empty_day_says_so() -> None:
    assert '"start_seconds": 3723.4' in to_json(digest(item()))
    for render in (to_markdown, to_text):
        text = render(digest(item()))
        assert "A deposit cleared 40 percent of the queue." in text
        assert "1:02:03" in text
        assert "No insight today" in render(digest())
    assert "nothing in them" in day_page(Site("T"), digest(), older=None, newer=None)
    assert (clock(59.9), clock(61), clock(3661)) == ("0:59", "1:01", "1:01:01")
    assert long_date(DAY) == "Monday, 14 September 2026"


def test_a_list_of_themes_says_how_many_it_leaves_out() -> None:
    lines = [ThemeLine(f"th_{n}", f"Theme {n}", 1, DAY) for n in range(MOST_THEMES + 3)]
    page = BeautifulSoup(themes_page(Site("T"), lines), "html.parser")
    assert len(page.select(".mentions li")) == MOST_THEMES
    assert "and 3 older themes: search for a word of its name" in page.get_text()
    assert "older" not in themes_page(Site("T"), lines[:MOST_THEMES])


def test_the_plot_of_a_theme_that_lives_for_years_is_captioned() -> None:
    plot = timeline({DAY + timedelta(days=n): 2 for n in range(0, 500, 20)})
    page = BeautifulSoup(theme_page(Site("T"), ThemePage("th_1", "Heat", 0, (), plot)), "html.parser")
    assert [span.get_text() for span in page.select("figcaption span")] == ["14 Sep 2026", "4 at most", "3 Jan 2028"]


def test_what_was_published_stays(warehouse: Warehouse) -> None:
    with warehouse.write() as con:
        assert store.record_digest(con, digest()) == digest()
        first = store.record_digest(con, digest(item()))
        second = store.record_digest(con, digest(item(headline="Another headline altogether, later.")))
    assert first == second == digest(item())
    with warehouse.read() as con:
        assert store.published_digest(con, DAY) == digest(item())
        assert store.published_days(con) == [DAY]


def test_a_delivery_is_noted_before_and_made_once(warehouse: Warehouse) -> None:
    published = digest(item())
    with warehouse.write() as con:
        assert store.start_delivery(con, published, "site", "folder")
        rows = con.execute("select status, content_hash from raw.deliveries").fetchall()
        assert rows == [("started", content_hash(published))]
        assert store.undelivered_days(con, "site", "folder") == []
        store.finish_delivery(con, DAY, "site", "folder")
        assert not store.start_delivery(con, published, "site", "folder")
