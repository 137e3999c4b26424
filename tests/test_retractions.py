"""What was taken back loses its words everywhere, tells why, does not come again, and can stand again."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Event
from zoneinfo import ZoneInfo

import feedparser
import numpy as np
import pytest
from typer.testing import CliRunner

from bench.published import made_up_archive, publish
from digest_pipeline.cli import app
from digest_pipeline.errors import DigestError
from digest_pipeline.feeds.subscriptions import Subscription, add_feeds, remove_feed
from digest_pipeline.models import Digest, DigestItem
from digest_pipeline.publishing import site, store
from digest_pipeline.publishing.publish import build, build_again, judge
from digest_pipeline.publishing.render import retraction_line
from digest_pipeline.publishing.retract import MOST_REASON, reinstate, retract, retract_day
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse import Warehouse
from tests.test_house_rules import BEFORE, DAY, chosen, publish_day  # noqa: F401 - a fixture
from tests.test_site import FIRST, contents, soup

AT = datetime(2027, 3, 1, 9, tzinfo=UTC)
THEN = AT.replace(tzinfo=None)  # as the tables have it
REASON = "The speaker <em>corrected</em> the figure."
run = CliRunner()


@pytest.fixture
def published(warehouse: Warehouse, settings: Settings) -> list[Digest]:
    """Five days on the site, and then one without an insight."""
    chance = np.random.default_rng(7)
    digests = made_up_archive(FIRST, 5)
    with warehouse.write() as con:
        for digest in (*digests, Digest(date(2026, 1, 20), ())):
            publish(con, digest, chance)
    build_again(warehouse, settings)
    return digests


def words_of(item: DigestItem) -> list[str]:
    return [item.headline, item.quote]


def holding(site: Path, words: str) -> set[str]:
    escaped = json.dumps(words)[1:-1]
    return {name for name, body in contents(site).items() if words in body.decode() or escaped in body.decode()}


def test_no_file_of_the_site_keeps_its_words_and_its_page_says_why(published: list[Digest], settings: Settings) -> None:
    item = published[2].items[1]
    for words in words_of(item):
        assert {f"insights/{item.claim_id}.html", f"days/{published[2].digest_date}.json"} <= holding(
            settings.site, words
        )
    done = run.invoke(app, ["retract", item.claim_id, "--reason", REASON])
    assert done.exit_code == 0, done.output
    assert "Number 2" in done.output
    for words in words_of(item):
        assert holding(settings.site, words) == set()
    page = soup(settings.site / "insights" / f"{item.claim_id}.html")
    assert [tag.get_text() for tag in page.find_all("h1")] == ["Retracted"]
    assert REASON in page.get_text()
    assert not page.find("em")
    day = soup(settings.site / "days" / f"{published[2].digest_date}.html")
    assert REASON in day.get_text()
    assert [tag.get_text() for tag in day.select(".rank")] == ["1", "3", "4", "5"]
    for page_path in settings.site.rglob("*.html"):
        if page_path.name != f"{item.claim_id}.html":
            assert not soup(page_path).find("a", href=lambda to: to and item.claim_id in to), page_path
    document = json.loads((settings.site / "days" / f"{published[2].digest_date}.json").read_text())
    assert [one["id"] for one in document["retracted"]] == [item.claim_id]
    assert len(document["items"]) == 4


def test_what_was_said_around_another_insight_of_its_episode_is_told_no_more(
    published: list[Digest], warehouse: Warehouse, settings: Settings
) -> None:
    item, other, third = published[2].items[:3]
    with warehouse.write() as con:
        con.execute(
            "update raw.digest_items set show_title = $show, episode_title = $episode, said_after = $quote"
            " where claim_id = $id",
            {"show": item.show, "episode": item.episode, "quote": f"And {item.quote}", "id": other.claim_id},
        )
    assert run.invoke(app, ["retract", item.claim_id, "--reason", "Wrong."]).exit_code == 0
    assert holding(settings.site, item.quote) == set()
    assert holding(settings.site, other.quote)
    assert "said around" not in (settings.site / "insights" / f"{other.claim_id}.html").read_text()
    assert "said around" in (settings.site / "insights" / f"{third.claim_id}.html").read_text()


def test_no_theme_is_called_by_its_words_and_none_that_analysts_praised_are_quoted(
    published: list[Digest], warehouse: Warehouse, settings: Settings
) -> None:
    item, praised, in_theme = published[2].items[0], published[3].items[0], published[3].items[1]
    title = item.headline.rstrip(".")[:90].rpartition(" ")[0]
    item = replace(item, headline=f"{title}.")
    with warehouse.write() as con:
        con.execute("update raw.digest_items set headline = ? where claim_id = ?", [item.headline, item.claim_id])
        con.execute("update raw.digest_items set theme = ? where theme_id = ?", [title, in_theme.theme_id])
        con.execute(
            "insert into raw.embedding_clusters by name select $theme as cluster_id, $day as digest_date, $title as title,"
            " 'claim' as title_by, $id as central_claim_id, 'Soil, yield' as label, ['soil', 'yield'] as keywords,"
            " 1 as size, 1 as n_shows, $day as first_seen_on, $day as last_seen_on, [1.0] as centroid",
            {"theme": in_theme.theme_id, "day": FIRST, "title": title, "id": item.claim_id},
        )
        said = f"A fair claim; analysts judged a claim like it worth sending: “{item.headline}”; its theme is growing."
        con.execute("update raw.digest_items set why = ?, theme = null where claim_id = ?", [said, praised.claim_id])
    build_again(warehouse, settings)
    assert f"themes/{in_theme.theme_id}.html" in holding(settings.site, title)
    assert f"insights/{praised.claim_id}.html" in holding(settings.site, item.headline)
    assert run.invoke(app, ["retract", item.claim_id, "--reason", "Wrong."]).exit_code == 0
    assert holding(settings.site, title) == set()
    theme = soup(settings.site / "themes" / f"{in_theme.theme_id}.html")
    assert [tag.get_text() for tag in theme.find_all("h1")] == ["Soil, yield"]
    page = (settings.site / "insights" / f"{praised.claim_id}.html").read_text()
    assert "analysts judged a claim like it worth sending; its theme is growing." in page
    with warehouse.read() as con:
        assert con.execute("select title, title_by from raw.embedding_clusters").fetchall() == [(None, None)]
        shown = store.published_digest(con, published[3].digest_date)
    assert shown
    assert [one.theme for one in shown.items[:2]] == [None, "Soil, yield"]


def test_feeds_give_the_entry_new_words_under_its_old_id(published: list[Digest], settings: Settings) -> None:
    item = published[4].items[0]

    def entries(kind: str) -> dict[str, feedparser.FeedParserDict]:
        return {one.id: one for one in feedparser.parse(settings.site / "feeds" / f"{kind}.atom").entries}

    before = entries("insights")
    (own,) = [number for number in before if number.endswith(item.claim_id)]
    assert run.invoke(app, ["retract", item.claim_id, "--reason", "It was wrong."]).exit_code == 0
    after = entries("insights")
    assert list(after) == list(before)
    assert after[own].title.startswith("Retracted: number 1 of ")
    assert "It was wrong." in after[own].content[0].value
    assert after[own].updated > before[own].updated
    assert after[own].published == before[own].published
    day = entries("digests")[next(number for number in entries("digests") if str(published[4].digest_date) in number)]
    assert "It was wrong." in day.content[0].value
    assert day.updated == after[own].updated
    documents = json.loads((settings.site / "feeds" / "insights.json").read_text())["items"]
    (told,) = [one for one in documents if one["id"] == own]
    assert told["date_modified"] == after[own].updated
    assert "authors" not in told


def test_a_retraction_that_died_before_the_site_was_written_is_made_up_for_by_the_next_day(
    published: list[Digest], warehouse: Warehouse, settings: Settings
) -> None:
    item = published[0].items[0]
    with warehouse.write() as con:
        retract(con, item.claim_id, "It was wrong.", AT)
    assert holding(settings.site, item.quote)
    build(warehouse, published[4].digest_date, settings)
    assert holding(settings.site, item.quote) == set()


def test_a_run_that_read_the_tables_before_it_does_not_put_its_words_back(
    published: list[Digest], warehouse: Warehouse, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a DuckLake, which a retraction writes while a run reads."""
    item, has_read, may_write = published[2].items[1], Event(), Event()
    shutil.rmtree(settings.site)
    write = site._write

    def slowly(path: Path, content: str) -> bool:
        has_read.set()
        assert may_write.wait(60)
        return write(path, content)

    monkeypatch.setattr(site, "_write", slowly)
    with ThreadPoolExecutor(2) as threads:
        of_run = threads.submit(build_again, warehouse, settings)
        assert has_read.wait(60)
        with warehouse.write() as con:
            retract(con, item.claim_id, REASON, AT)
        of_retraction = threads.submit(build_again, warehouse, settings)
        wait([of_retraction], timeout=1)
        may_write.set()
        assert of_run.result()
        assert of_retraction.result()
    assert holding(settings.site, item.headline) == set()


def test_an_insight_that_stands_again_leaves_the_site_as_it_was(published: list[Digest], settings: Settings) -> None:
    before = contents(settings.site)
    item = published[1].items[0]
    assert run.invoke(app, ["retract", item.claim_id, "--reason", "Wrong."]).exit_code == 0
    assert contents(settings.site) != before
    done = run.invoke(app, ["retract", item.claim_id, "--undo"])
    assert "stands again" in done.output
    assert contents(settings.site) == before


def test_a_day_is_taken_back_whole_and_one_without_insights_goes(
    published: list[Digest], warehouse: Warehouse, settings: Settings
) -> None:
    day, empty = published[3].digest_date, date(2026, 1, 20)
    assert f"days/{empty}.html" in contents(settings.site)
    done = run.invoke(app, ["retract", "--date", str(empty), "--reason", "The clock was ahead."])
    assert "is gone" in done.output
    assert not any(str(empty) in name for name in contents(settings.site))
    with warehouse.write() as con:  # its day may come
        assert store.record_digest(con, Digest(empty, (), episodes=2)).episodes == 2
    assert run.invoke(app, ["retract", "--date", str(day), "--reason", "Another episode's transcript."]).exit_code == 0
    for item in published[3].items:
        assert holding(settings.site, item.quote) == set()
    assert "deserves your time" not in (settings.site / "days" / f"{day}.html").read_text()
    shown = " ".join(run.invoke(app, ["show", "--date", str(day)]).output.split())
    assert shown.count("Another episode's transcript.") == 5
    again = run.invoke(app, ["retract", "--date", str(day), "--reason", "Again."])
    assert "nothing of the digest" in str(again.exception)


def test_a_feed_is_taken_back_by_its_name(published: list[Digest], warehouse: Warehouse, settings: Settings) -> None:
    own, others = published[1].items[2], published[1].items[3]
    with warehouse.write() as con:
        add_feeds(con, [Subscription("https://shows.example/feed", "Anvil")], THEN)
        con.execute(
            "insert into raw.episodes (episode_id, feed_url, title, first_seen_at, transcript_urls, description, status)"
            " values ('ep_1', 'https://shows.example/feed', '', ?, '[]', '', 'transcribed')",
            [THEN],
        )
        con.execute("update raw.claim_candidates set episode_id = 'ep_1' where claim_id = ?", [own.claim_id])
        remove_feed(con, "https://shows.example/feed")
    arguments = ["retract", "--feed", "anvil", "--reason", "At the publisher's wish."]
    assert run.invoke(app, arguments).exit_code == 0
    assert holding(settings.site, own.quote) == set()
    assert holding(settings.site, others.quote)
    assert "no published insight of this feed" in str(run.invoke(app, arguments).exception)


def test_neither_it_nor_another_in_its_place_is_published_when_its_day_runs_again(
    chosen: Warehouse,  # noqa: F811
    settings: Settings,
) -> None:
    publish_day(chosen, BEFORE, settings)
    with chosen.write() as con:
        taken = retract_day(con, BEFORE, "Wrong.", AT)
        assert [one.claim_id for one in taken] == ["cl_0", "cl_1"]
        verdict = judge(con, BEFORE, settings)
        assert verdict.digest.items == ()
        assert store.record_digest(con, verdict.digest).retracted == tuple(taken)
        con.execute("update raw.claim_embeddings set embedding = [1, 0, 0, 0, 0, 0, 0, 0] where claim_id = 'cl_2'")
        assert judge(con, DAY, settings).broken["nothing_was_published_before"] == ["cl_2"]
        con.execute("create table marts.fct_insights as select * from marts.daily_top_insights")
        assert store.worthy_items(con, BEFORE, score=0, clarity=0) == ()
    assert publish_day(chosen, BEFORE, settings)
    with chosen.read() as con:
        assert store.published_digest(con, BEFORE) == verdict.digest


def test_readers_are_told_the_day_on_which_it_was_taken_back_where_they_are(
    published: list[Digest], warehouse: Warehouse
) -> None:
    morning = datetime(2027, 3, 2, 9, tzinfo=ZoneInfo("Pacific/Auckland"))  # the evening before in UTC
    with warehouse.write() as con:
        taken = retract(con, published[0].items[0].claim_id, "Wrong.", morning)
    assert (taken.retracted_at, taken.retracted_on) == (datetime(2027, 3, 1, 20), date(2027, 3, 2))
    assert "was retracted on 2 Mar 2027: Wrong." in retraction_line(taken)


def test_what_cannot_be_taken_back_is_refused_by_name(published: list[Digest], warehouse: Warehouse) -> None:
    item = published[0].items[0]
    with warehouse.write() as con:
        for faulty in ("", " \n", "x" * (MOST_REASON + 1)):
            with pytest.raises(DigestError, match="a reason of"):
                retract(con, item.claim_id, faulty, AT)
        with pytest.raises(DigestError, match="no digest has published cl_none"):
            retract(con, "cl_none", "Wrong.", AT)
        with pytest.raises(DigestError, match="was not retracted"):
            reinstate(con, item.claim_id)
        with pytest.raises(DigestError, match="no digest of 2031-01-01"):
            retract_day(con, date(2031, 1, 1), "Wrong.", AT)
        first = retract(con, item.claim_id, "Wrong.", AT)
        second = retract(con, item.claim_id, "Wrong, and told\nin two lines.", AT)
    assert (first.reason, second.reason) == ("Wrong.", "Wrong, and told in two lines.")
    for arguments in (
        ["cl_1"],
        [],
        ["cl_1", "--date", "2026-01-01"],
        ["cl_1", "--undo", "--reason", "x"],
        ["--undo"],
        ["--feed", "x", "--undo"],
    ):
        assert run.invoke(app, ["retract", *arguments]).exit_code == 2
