"""Subscriptions: lists in and out, finding feeds, what is set for one feed, and how feeds are."""

import json
import re
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from digest_pipeline.cli import app
from digest_pipeline.errors import DigestError, FeedError, FetchError
from digest_pipeline.feeds import subscriptions as store
from digest_pipeline.feeds.arrivals import save_episodes
from digest_pipeline.feeds.folder import read_folder
from digest_pipeline.feeds.health import feed_states, save_outcomes, silent_feeds
from digest_pipeline.feeds.opml import read_opml, write_opml
from digest_pipeline.feeds.redaction import is_private
from digest_pipeline.feeds.scan import FeedScan
from digest_pipeline.feeds.store import episodes_of_day
from digest_pipeline.feeds.subscriptions import Subscription
from digest_pipeline.models import Episode, Transcript
from digest_pipeline.settings import Settings
from digest_pipeline.transcripts.ahead import fetch_ahead
from digest_pipeline.transcripts.source import Audio, fetch_source
from digest_pipeline.warehouse import Warehouse
from tests.conftest import SHARED, Web
from tests.feed_items import NOW, URL, item
from tests.test_feed_days import feed_of, save
from tests.test_feed_parsing import FEED

DAY = timedelta(days=1)
SECRET = "s3cretTokenOfOneSubscriber42"
PRIVATE = f"https://user:pw@feeds.example/rss?auth={SECRET}"


def run(*words: str, status: int = 0) -> str:
    result = CliRunner().invoke(app, words, env={"COLUMNS": "400"})
    if isinstance(result.exception, DigestError):
        assert status == 1
        return str(result.exception)
    assert result.exit_code == status, result.output
    return result.output


def test_opml_round_trips_with_folders_as_tags() -> None:
    feeds = [
        Subscription("https://a.example/feed?x=1&y=2", "A & Ω", ("News", "News/Daily", "z")),
        Subscription("https://b.example/feed", "B", ("News",)),
        Subscription("https://c.example/feed", "C"),
    ]
    document = write_opml(feeds)
    assert read_opml(document, source="list") == feeds
    assert write_opml(read_opml(document, source="list")) == document
    for body in (b"", b"<html/>", b'<opml version="2.0"><body/></opml>'):
        with pytest.raises(FeedError, match="no OPML list"):
            read_opml(body, source="list")


def test_a_title_that_xml_cannot_hold_stops_no_list() -> None:
    """Feeds were read with such titles once, and each day's site lists them."""
    feeds = [Subscription("https://a.example/feed", "Late\x08Night \x1b[31mTalk\ufffe", ("Ne\x00ws", "one", "t\x1bwo"))]
    assert read_opml(write_opml(feeds), source="list") == [
        Subscription("https://a.example/feed", "LateNight [31mTalk", ("News", "one", "two"))
    ]


def test_subscribing_again_adds_tags_and_takes_back_what_was_removed(warehouse: Warehouse) -> None:
    old, moved, new = (f"https://show.example/{name}" for name in ("old", "moved", "new"))
    with warehouse.write() as con:
        assert store.add_feeds(con, [], NOW) == 0
        assert store.add_feeds(con, [Subscription(old, "Old", ("a",)), Subscription(URL, "Show")], NOW) == 2
        con.execute("update raw.feeds set moved_to = ? where feed_url = ?", [moved, old])
        store.remove_feed(con, URL)
        again = [
            Subscription(moved, "Another title", ("b",)),  # is the old one
            Subscription(URL, tags=("c",)),
            Subscription(new, "New", ("d",)),
            Subscription(new, "New in another folder", ("e", "d")),
        ]
        assert store.add_feeds(con, again, NOW + DAY) == 2
        feeds = con.execute("select feed_url, title, tags, disabled_reason from raw.feeds order by 1").fetchall()
    assert sorted(feeds) == sorted(
        [(old, "Old", ["a", "b"], None), (URL, "Show", ["c"], None), (new, "New", ["d", "e"], None)]
    )


# Lists that name no feed, and why; every other file of the collection gives its feeds.
LISTS_WITHOUT_FEEDS = {
    **{f"badsample{n:02}.opml": "links, no feeds" for n in (1, 2, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17)},
    "digitalPodcast.opml": "links, no feeds",
    "doubleTagInHead.opml": "links, no feeds",
    "emptyHeadNumber.opml": "links, no feeds",
    "placesLived.opml": "an outline of places",
    "scriptingNewsDirectory.opml": "links, no feeds",
    "states.opml": "an outline of states",
    "userlandsamples.opml": "links, no feeds",
}


@pytest.mark.skipif(not (SHARED / "data" / "opml").is_dir(), reason="the collection of lists is not on this machine")
def test_every_list_of_the_collection_is_read_or_has_its_reason() -> None:
    files = sorted((SHARED / "data" / "opml").glob("*.opml"))
    without = set()
    for path in files:
        body = path.read_bytes()
        try:
            feeds = read_opml(body, source=path.name)
        except FeedError:
            without.add(path.name)
            assert b"xmlurl" not in body.lower(), "it has the addresses of feeds"
        else:
            assert len(feeds) == len(set(re.findall(rb'xmlUrl="([^"]+)"', body, re.IGNORECASE)))
    assert without == set(LISTS_WITHOUT_FEEDS)
    assert len(files) > 20


def test_a_list_from_elsewhere_names_no_folder_of_this_machine(web: Web, settings: Settings, tmp_path: Path) -> None:
    body = write_opml([Subscription(URL), Subscription(tmp_path.as_uri())])
    said = run("feeds", "import", web.put("/list.opml", body, "text/x-opml"), status=1)
    assert f"names a folder of this machine, {tmp_path.as_uri()}" in said
    with Warehouse(settings.database).read() as con:
        assert store.subscriptions(con, private=True) == []
    own = tmp_path / "own.opml"
    own.write_bytes(body)
    assert "2 new" in run("feeds", "import", str(own))  # what `digest feeds export` wrote comes back


def test_a_feed_is_found_by_its_page_and_by_its_address(web: Web, settings: Settings) -> None:
    web.put("/rss.xml", FEED.encode(), "application/rss+xml")
    web.put("/comments.xml", FEED.encode(), "application/rss+xml")
    page = (
        '<html><head><link rel="alternate" type="application/rss+xml" title="Comments" href="/comments.xml">'
        '<link rel="alternate" type="text/html" hreflang="de" href="/de">'
        '<link rel="alternate" type="application/rss+xml" title="Of a template" href="http://[site]/feed">'
        '<link rel="alternate" type="application/rss+xml" title="Episodes" href="rss.xml"></head></html>'
    )
    web.put("/show", page.encode(), "text/html")
    assert "A & B: 5 episodes" in run("feeds", "add", f"{web.url}/show", "--tag", "work")
    assert "0 new, 1 known" in run("feeds", "add", f"{web.url}/rss.xml")
    with Warehouse(settings.database).read() as con:
        assert store.subscriptions(con, private=True) == [Subscription(f"{web.url}/rss.xml", "A & B", ("work",))]
    web.put("/nothing", b"<html><body>Hello</body></html>", "text/html")
    assert "neither a feed nor a page that names one" in run("feeds", "add", f"{web.url}/nothing", status=1)


@pytest.fixture
def directories(web: Web, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Web:
    """Stand-ins for both podcast directories: the real ones cannot be reached from a test."""
    rss = web.put("/rss.xml", FEED.encode(), "application/rss+xml")
    apple = {"results": [
        {"collectionName": "A & B", "artistName": "Ann", "feedUrl": rss, "trackCount": 5},
        {"collectionName": "Exclusive", "artistName": "Apple"},
    ]}  # fmt: skip
    index = {"feeds": [
        {"title": "A and B", "author": "Ann", "url": rss, "episodeCount": 5},
        {"title": "Only here", "author": "Bo", "url": "https://bo.example/rss", "episodeCount": 7},
    ]}  # fmt: skip
    web.put("/itunes/search", json.dumps(apple).encode(), "text/javascript")
    web.put("/itunes/lookup", json.dumps(apple).encode(), "text/javascript")
    web.put("/index/search/byterm", json.dumps(index).encode(), "application/json")
    monkeypatch.setenv("DIGEST_ITUNES_API", f"{web.url}/itunes")
    monkeypatch.setenv("DIGEST_PODCAST_INDEX_API", f"{web.url}/index")
    return web


def test_directories_are_searched(directories: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    found = run("feeds", "search", "floors", "and", "queues")
    assert "A & B" in found
    assert "Exclusive" not in found  # it has no public feed
    assert "Only here" not in found  # no key is set
    assert directories.requests[-1][0] == "/itunes/search?media=podcast&term=floors+and+queues&limit=20"
    monkeypatch.setenv("DIGEST_PODCAST_INDEX_KEY", "KEY")
    monkeypatch.setenv("DIGEST_PODCAST_INDEX_SECRET", "SECRET")
    found = run("feeds", "search", "floors")
    assert "Only here" in found
    assert found.count("/rss.xml") == 1
    headers = {name.lower(): value for name, value in directories.requests[-1][1].items()}
    assert headers["x-auth-key"] == "KEY"
    assert len(headers["authorization"]) == 40
    assert "SECRET" not in str(directories.requests)


def test_an_apple_link_leads_to_the_feed(directories: Web) -> None:
    assert "A & B: 5 episodes" in run("feeds", "add", "https://podcasts.apple.com/gb/podcast/a-b/id123456789?i=1")
    assert "/itunes/lookup?id=123456789" in [path for path, _ in directories.requests]


def _source_of(episode: Episode, settings: Settings) -> Transcript | Audio:
    ((_, source),) = fetch_ahead([episode], partial(fetch_source, settings=settings), settings)
    return source.result()


def test_a_folder_of_audio_is_a_feed(
    warehouse: Warehouse, settings: Settings, tmp_path: Path, demo_audio: Path
) -> None:
    folder = tmp_path / "My talks"
    folder.mkdir()
    (folder / "first_talk.mp3").write_bytes(demo_audio.read_bytes())
    words = "Batteries keep the grid steady when nobody looks at them."
    cues = (f"{n // 60:02}:{n % 60:02}.000 --> {n // 60:02}:{n % 60 + 4:02}.000\n{words} {n}" for n in range(0, 220, 5))
    (folder / "first_talk.vtt").write_text("\n\n".join(["WEBVTT", *cues]), encoding="utf-8")
    (folder / "notes.docx").write_bytes(b"x")
    assert "My talks: 1 episode" in run("feeds", "add", str(folder))
    (talk,) = read_folder(folder.as_uri()).items
    assert talk.audio_url == (folder / "first_talk.mp3").as_uri()
    assert talk.duration_seconds is not None
    assert talk.duration_seconds > 10
    assert [t.type for t in talk.transcripts] == ["text/vtt"]
    with warehouse.write() as con:
        scans = [FeedScan(folder.as_uri(), read_folder(folder.as_uri()))]
        save_episodes(con, scans, now=NOW, as_of=NOW, lookback_days=3)
        con.execute("update raw.episodes set status = 'due', digest_date = ?", [NOW.date()])
        (episode,) = episodes_of_day(con, NOW.date(), ("due",))
    transcript = _source_of(episode, settings)
    assert isinstance(transcript, Transcript)
    assert transcript.segments[0].text.startswith(words)
    audio = _source_of(replace(episode, transcripts=()), settings)
    assert isinstance(audio, Audio)
    assert audio.path.read_bytes() == demo_audio.read_bytes()
    (folder / "first_talk.mp3").unlink()
    audio.path.unlink()
    with pytest.raises(FetchError, match="not there any more"):
        _source_of(replace(episode, transcripts=()), settings)
    assert read_folder(folder.as_uri()).items == ()
    with pytest.raises(FeedError, match="is no folder"):
        read_folder((tmp_path / "gone").as_uri())
    (tmp_path / "list.opml").write_text("<opml/>", encoding="utf-8")
    assert "feeds import" in " ".join(run("feeds", "add", str(tmp_path / "list.opml"), status=1).split())


def test_what_is_special_about_a_feed_is_set_listed_and_reset(warehouse: Warehouse) -> None:
    save(warehouse, feed_of([item()]), feed_of([], url="https://other.example/", title="Other show"))
    assert "means 2 feeds" in run("feeds", "set", "sho", "--language", "de", status=1)
    run("feeds", "set", URL, "--language", "de", "--weight", "1.5", "--max-per-day", "2", "--tag", "a", "--tag", "b")
    listed = run("feeds", "list")
    assert "a, b" in listed
    assert "language de, weight 1.5, at most 2 a day" in listed
    run("feeds", "set", URL, "--pause", "--reset", "language", "--reset", "weight")
    assert "paused, at most 2 a day" in run("feeds", "list")
    with warehouse.read() as con:
        assert [r.feed_url for r in store.feeds_to_ask(con, NOW, only_due=False)] == ["https://other.example/"]
    run("feeds", "remove", "other show")
    assert "Other show" not in run("feeds", "list")
    assert "is no subscription" in run("feeds", "remove", "other show", status=1)
    run("feeds", "set", URL, status=2)
    assert "no language" in run("feeds", "set", URL, "--language", "Klingon", status=2)
    run("feeds", "set", URL, "--language", "German")
    assert "language de" in run("feeds", "list")
    run("feeds", "set", URL, "--reset", "nonsense", status=2)


@pytest.mark.parametrize(("checked", "asked"), [(-1, []), (400, [URL])])
def test_a_check_put_off_by_a_clock_that_was_ahead_keeps_nobody_away(
    checked: int, asked: list[str], warehouse: Warehouse
) -> None:
    save(warehouse, feed_of([item()]))
    with warehouse.write() as con:
        con.execute(
            "update raw.feeds set last_checked_at = $now::timestamp + to_days($checked),"
            " next_check_at = $now::timestamp + to_days(401), retry_after_at = $now::timestamp + to_days(401)",
            {"now": NOW, "checked": checked},
        )
        assert [request.feed_url for request in store.feeds_to_ask(con, NOW, only_due=True)] == asked


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://subscribers.transistor.fm/1a2b3c4d5e6f70", "https://subscribers.transistor.fm/…#"),
        ("https://private.buzzsprout.com/abc123def456.rss", "https://private.buzzsprout.com/…#"),
        ("https://private-feeds.acast.com/abc123def456", "https://private-feeds.acast.com/…#"),
        ("https://private-practice.libsyn.com/rss1", "https://private-practice.libsyn.com/rss1"),
        ("https://subscribers.fm/rss1", "https://subscribers.fm/rss1"),
    ],
)
def test_a_host_of_subscribers_own_feeds_makes_a_feed_private(url: str, shown: str) -> None:
    assert store.shown_url(url).startswith(shown)
    assert is_private(url) == shown.endswith("#")


def test_tokens_of_private_feeds_are_shown_to_nobody(warehouse: Warehouse, tmp_path: Path) -> None:
    audio = f"https://cdn.example/{SECRET}/1.mp3?t={SECRET}"
    page = f"https://page.example/?key={SECRET}"
    save(warehouse, feed_of([item(audio=audio, link=page, description=f"See {page}")], url=PRIVATE, title="Private show"),
         feed_of([item("Two", "g2", "https://pub.example/2.mp3?x=1")], url="https://pub.example/feed?format=rss"))  # fmt: skip
    outputs = [run("feeds", "list"), run("feeds", "health"), run("feeds", "export"), run("status")]
    outputs += [run("export", table, "--format", form) for table in ("feeds", "episodes") for form in ("csv", "jsonl")]
    run("export", "episodes", "--format", "parquet", "-o", str(tmp_path / "e.parquet"))
    outputs.append((tmp_path / "e.parquet").read_bytes().decode("latin-1"))
    for output in outputs:
        assert SECRET not in output
        assert "user:pw" not in output
    assert "https://pub.example/feed?format=rss" in outputs[2]
    assert "1 private feed left out" in outputs[2]
    assert "https://pub.example/2.mp3?x=1" in outputs[-2]
    run("feeds", "export", "--with-private", status=1)
    target = tmp_path / "all.opml"
    run("feeds", "export", "--with-private", "-o", str(target))
    assert SECRET in target.read_text(encoding="utf-8")
    assert target.stat().st_mode & 0o077 == 0


def test_health_is_learnt_from_what_checks_bring(warehouse: Warehouse) -> None:
    weekly = [
        item(f"No {n}", f"g{n}", f"https://x.example/{n}.mp3", description="", published_at=NOW - n * 7 * DAY)
        for n in range(12)
    ]
    stopped = [
        item(f"Old {n}", f"o{n}", f"https://o.example/{n}.mp3", description="", published_at=NOW - (90 + n) * DAY)
        for n in range(12)
    ]
    save(warehouse, feed_of(weekly, title="Weekly"), feed_of(stopped, url="https://o.example/", title="Stopped"))
    with warehouse.read() as con:
        states = {state.title: state for state in feed_states(con, NOW)}
        assert states["Weekly"].cadence_days == pytest.approx(7)
        assert states["Weekly"].next_check_at == NOW + timedelta(hours=20)
        assert (states["Weekly"].state, states["Stopped"].state) == ("ok", "silent")
        assert states["Stopped"].reason == "no new episode for 90 days, usually every day"
        assert states["Stopped"].next_check_at == NOW + timedelta(hours=44)
        assert [feed.title for feed in silent_feeds(con, NOW, NOW)] == ["Stopped"]
        # a replay of old days sees the feed as it was
        assert silent_feeds(con, NOW, NOW - 80 * DAY) == []


def test_a_failing_feed_is_left_alone_for_longer_and_longer(warehouse: Warehouse) -> None:
    save(warehouse, feed_of([item()]))
    clock, waits = NOW, []
    for _ in range(9):
        save(warehouse, FeedScan(URL, error="answered 500"), now=clock)
        with warehouse.read() as con:
            (state,) = feed_states(con, clock)
        assert state.next_check_at is not None
        waits.append((state.next_check_at - clock) / timedelta(hours=1))
        with warehouse.read() as con:
            assert store.feeds_to_ask(con, clock, only_due=True) == []
            assert len(store.feeds_to_ask(con, clock, only_due=False)) == 1
        clock = state.next_check_at
    assert all(
        0.75 * due <= wait <= 1.25 * due for wait, due in zip(waits, [1, 2, 4, 8, 16, 32, 64, 72, 72], strict=True)
    )
    assert (state.state, state.failures, state.reason) == ("failing", 9, "answered 500")
    with warehouse.read() as con:
        (silent,) = silent_feeds(con, clock + 8 * DAY, clock)
    assert "not read for" in silent.reason
    save(warehouse, feed_of([item()]), now=clock)
    with warehouse.read() as con:
        (state,) = feed_states(con, clock)
    assert (state.state, state.failures) == ("ok", 0)


def test_a_host_that_asks_for_peace_gets_it_even_from_a_person(warehouse: Warehouse) -> None:
    save(warehouse, FeedScan(URL, error="answered 429", retry_after_seconds=7200))
    with warehouse.read() as con:
        assert store.feeds_to_ask(con, NOW + timedelta(hours=1), only_due=False) == []
        assert len(store.feeds_to_ask(con, NOW + timedelta(hours=3), only_due=False)) == 1


def test_a_feed_that_is_gone_is_retired_and_can_come_back(warehouse: Warehouse) -> None:
    save(warehouse, feed_of([item()]))
    with warehouse.write() as con:
        save_outcomes(con, [FeedScan(URL, error="answered 410 Gone", is_gone=True)], NOW, NOW)
        assert store.feeds_to_ask(con, NOW + 9 * DAY, only_due=False) == []
        (state,) = feed_states(con, NOW)
        assert (state.state, state.reason) == ("retired", "retired: answered 410 Gone")
        assert store.add_feeds(con, [Subscription(URL)], NOW) == 1
        assert len(store.feeds_to_ask(con, NOW, only_due=False)) == 1


def test_a_moved_feed_keeps_its_name_and_its_episodes(warehouse: Warehouse) -> None:
    save(warehouse, feed_of([item()]))
    moved = "https://new.example/feed"
    save(warehouse, FeedScan(URL, moved_to=moved), now=NOW + DAY)
    with warehouse.write() as con:
        (request,) = store.feeds_to_ask(con, datetime(2027, 1, 1), only_due=False)
        assert (request.feed_url, request.moved_to) == (URL, moved)
        assert store.subscriptions(con, private=True)[0].feed_url == moved
        assert store.add_feeds(con, [Subscription(moved)], NOW) == 0  # it is the same feed
