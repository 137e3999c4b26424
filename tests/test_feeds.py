"""Feeds: parsing, identity, subscriptions, and which day takes which episode."""

from datetime import date, datetime, timedelta
from pathlib import Path

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest_pipeline.errors import FeedError
from digest_pipeline.feeds import store
from digest_pipeline.feeds.identity import EpisodeIndex, KnownEpisode, audio_key, title_key
from digest_pipeline.feeds.opml import read_opml, write_opml
from digest_pipeline.feeds.parse import parse_duration, parse_feed
from digest_pipeline.feeds.scan import scan_feeds
from digest_pipeline.models import FeedItem, ParsedFeed
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse import Warehouse
from tests.conftest import SHARED, Web

FEED = """<?xml version="1.0"?>
<rss version="2.0" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"
     xmlns:podcast="https://podcastindex.org/namespace/1.0"><channel>
<title>A &amp; B</title><link>https://show.example/</link><language>en-GB</language>
<item><title>One</title><guid>g1</guid><pubDate>Mon, 14 Sep 2026 05:00:00 +0200</pubDate>
 <enclosure url="/a/one.mp3" type="audio/mpeg"/><itunes:duration>1:02:03</itunes:duration>
 <description>&lt;p&gt;Notes&lt;/p&gt;</description>
 <podcast:transcript url="one.vtt" type="text/vtt"/>
 <podcast:transcript url="https://t.example/one.json" type="application/json" language="en"/>
 <podcast:chapters url="one-chapters.json" type="application/json+chapters"/></item>
<item><title>No guid, no audio</title><pubDate>next Tuesday-ish</pubDate></item>
<item><title>Odd</title><guid>g3</guid><link>javascript:alert(1)</link><enclosure url="javascript:x" type="audio/mpeg"/></item>
</channel></rss>"""
NOW = datetime(2026, 9, 14, 12)
URL = "https://show.example/feed.xml"
NOTES = "A long description of what is said in this very episode, with names and places."


def item(
    title: str = "One", guid: str | None = "g1", audio: str | None = "https://x.example/1.mp3", **more: object
) -> FeedItem:
    values: dict[str, object] = {
        "guid": guid, "title": title, "published_at": NOW, "link": None, "audio_url": audio, "audio_type": "audio/mpeg",
        "duration_seconds": None, "transcripts": (), "chapters_url": None, "description": NOTES, "language": "en",
    }  # fmt: skip
    return FeedItem(**{**values, **more})  # type: ignore[arg-type]


def known(episode_id: str = "ep_1", **more: object) -> KnownEpisode:
    values: dict[str, object] = {
        "episode_id": episode_id, "feed_url": URL, "guid": "g1", "title": "One", "audio_url": "https://x.example/1.mp3",
        "description": NOTES, "duration_seconds": None,
    }  # fmt: skip
    return KnownEpisode(**{**values, **more})  # type: ignore[arg-type]


def test_a_feed_is_read_with_all_its_transcripts() -> None:
    feed = parse_feed(FEED.encode(), url="https://show.example/rss/feed.xml")
    assert (feed.title, feed.link, feed.language, len(feed.items)) == ("A & B", "https://show.example/", "en", 3)
    one = feed.items[0]
    assert one.audio_url == "https://show.example/a/one.mp3"
    assert one.published_at == datetime(2026, 9, 14, 3)
    assert one.duration_seconds == 3723
    assert [(t.url, t.type, t.language) for t in one.transcripts] == [
        ("https://show.example/rss/one.vtt", "text/vtt", None),
        ("https://t.example/one.json", "application/json", "en"),
    ]
    assert one.chapters_url == "https://show.example/rss/one-chapters.json"


def test_bad_items_are_read_as_far_as_they_go() -> None:
    _, bare, odd = parse_feed(FEED.encode(), url=URL).items
    assert (bare.guid, bare.audio_url, bare.published_at) == (None, None, None)
    assert (odd.audio_url, odd.link) == (None, None)


@pytest.mark.parametrize("body", [b"", b"<html><body>Not a feed</body></html>", b"\x00\x01binary", b"{}"])
def test_what_is_no_feed_is_refused_by_name(body: bytes) -> None:
    with pytest.raises(FeedError, match="no RSS or Atom"):
        parse_feed(body, url=URL)


def test_entities_do_not_expand_into_memory() -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    body = f'<!DOCTYPE r [<!ENTITY l0 "lol">{laughs}]><rss version="2.0"><channel><title>&l9;</title></channel></rss>'
    feed = parse_feed(body.encode(), url=URL)
    assert len(feed.title) < 100_000


@pytest.mark.parametrize(
    ("text", "seconds"), [("3723", 3723), ("62:03", 3723), ("1:02:03", 3723), ("", None), ("soon", None), ("0", None)]
)
def test_durations(text: str, seconds: float | None) -> None:
    assert parse_duration(text) == seconds


def test_opml_round_trips() -> None:
    feeds = [("https://a.example/feed?x=1&y=2", "A & Ω"), ("https://b.example/feed", "B")]
    assert read_opml(write_opml(feeds), source="list") == feeds
    for body in (b"", b"<html/>", b'<opml version="2.0"><body/></opml>'):
        with pytest.raises(FeedError, match="no OPML list"):
            read_opml(body, source="list")


SAME = "same"
OTHER = None


@pytest.mark.parametrize(
    ("stored", "seen", "outcome"),
    [
        (known(), item(), SAME),
        (known(), item(title="Retitled", audio="https://moved.example/z.mp3"), SAME),
        (known(), item(guid="new", audio="https://x.example/1.mp3?token=abc"), "same audio file"),
        (known(), item(guid="new", audio="https://www.podtrac.com/pts/redirect.mp3/x.example/1.mp3"), "same audio file"),
        (known(), item(guid="new", audio="https://chtbl.com/track/AB12/pdst.fm/e/x.example/1.mp3"), "same audio file"),
        (known(), item("One (Re-release)", "new", "https://x.example/2.mp3"), "same title and description"),
        (known(), item("ONE – Encore!", "new", "https://x.example/2.mp3"), "same title and description"),
        (known(duration_seconds=900.0), item("One", "new", "https://y.example/2.mp3", duration_seconds=901.0), "same title"),
        (known(title="News", description="Daily news."), item("News", "new", "https://x.example/2.mp3", description="Daily news."), OTHER),
        (known(title="The Story, Part 1"), item("The Story, Part 2", "new", "https://x.example/2.mp3"), OTHER),
        (known(title="Trailer"), item("Trailer", "new", "https://x.example/2.mp3", description="Another season begins here today with us."), OTHER),
        (known(duration_seconds=900.0), item("One", "new", "https://x.example/2.mp3", duration_seconds=1800.0), OTHER),
    ],
)  # fmt: skip
def test_identity(stored: KnownEpisode, seen: FeedItem, outcome: str | None) -> None:
    match = EpisodeIndex([stored]).find(URL, seen)
    if outcome is None:
        assert match is None
    elif outcome == SAME:
        assert match is not None
        assert match.is_same_row
    else:
        assert match is not None
        assert match.reason.startswith(outcome)
        assert not match.is_same_row


def test_evidence_is_normalised() -> None:
    assert audio_key("https://op3.dev/e/https://x.example/1.mp3?a=1") == "x.example/1.mp3"
    assert title_key("Re-release: The  Queue!") == ("the queue", True)
    assert title_key("The Queue") == ("the queue", False)


def save(warehouse: Warehouse, items: list[FeedItem], now: datetime = NOW) -> dict[str, int]:
    with warehouse.write() as con:
        store.add_feeds(con, [(URL, "Show")], now)
        return store.save_items(con, URL, items, store.known_episodes(con), now)


def take(warehouse: Warehouse, day: date, lookback: int = 3) -> list[str]:
    until = datetime(day.year, day.month, day.day) + timedelta(days=1)
    with warehouse.write() as con:
        store.claim_day(con, day, since=until - timedelta(days=lookback), until=until, max_attempts=3)
        return [e.title for e in store.episodes_of_day(con, day, ("due", "failed"))]


def test_items_are_stored_once_and_copies_keep_their_reason(warehouse: Warehouse) -> None:
    items = [
        item(),
        item("One (Encore)", "g2", "https://x.example/2.mp3", published_at=NOW + timedelta(days=1)),
        item("Bare", None, None),
    ]
    assert save(warehouse, items) == {"listed": 1, "duplicate": 1, "unusable": 1}
    assert save(warehouse, items, NOW + timedelta(days=1)) == {"listed": 0, "duplicate": 0, "unusable": 0}
    with warehouse.read() as con:
        rows = con.execute("select title, status, status_reason from raw.episodes order by title").fetchall()
    assert [row[1] for row in rows] == ["unusable", "listed", "duplicate"]
    assert "neither audio nor a transcript" in rows[0][2]
    assert "same title and description as ep_" in rows[2][2]


def test_a_late_episode_goes_to_the_next_day_and_to_one_day_only(warehouse: Warehouse) -> None:
    save(warehouse, [item()])
    assert take(warehouse, NOW.date()) == ["One"]
    save(warehouse, [item("Late", "g9", "https://x.example/9.mp3")])
    assert take(warehouse, NOW.date() + timedelta(days=1)) == ["Late"]
    assert take(warehouse, NOW.date() + timedelta(days=2)) == []
    assert take(warehouse, NOW.date()) == ["One"]


def test_a_published_day_takes_nothing_more(warehouse: Warehouse) -> None:
    save(warehouse, [item()])
    take(warehouse, NOW.date())
    with warehouse.write() as con:
        con.execute("insert into raw.digests values (?, 5, 1, 1, 9, 'hash', now())", [NOW.date()])
    save(warehouse, [item("Late", "g9", "https://x.example/9.mp3")])
    assert take(warehouse, NOW.date()) == ["One"]
    assert take(warehouse, NOW.date() + timedelta(days=1)) == ["Late"]


@hypothesis.settings(max_examples=20, deadline=None)  # each example writes a database a dozen times
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2)), min_size=1, max_size=25),
    st.lists(st.integers(0, 11), min_size=1, max_size=14),
)
def test_no_episode_is_lost_and_none_taken_twice(published: list[tuple[int, int]], extra_runs: list[int]) -> None:
    """Any feed history (publication day, days late in the feed), any re-runs in between."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        warehouse = Warehouse(Path(folder) / "d.duckdb")
        first = date(2026, 9, 1)
        taken: dict[str, set[date]] = {}
        runs = sorted([*range(12), *extra_runs])
        for offset in runs:
            day = first + timedelta(days=offset)
            visible = [
                item(f"E{n}", f"g{n}", f"https://x.example/{n}.mp3", description="",
                     published_at=datetime(2026, 9, 1, 9) + timedelta(days=when))
                for n, (when, late) in enumerate(published)
                if when + late <= offset
            ]  # fmt: skip
            save(warehouse, visible)
            for title in take(warehouse, day):
                taken.setdefault(title, set()).add(day)
        assert sorted(taken) == sorted(f"E{n}" for n in range(len(published)))
        assert all(len(days) == 1 for days in taken.values())


def test_scanning_reports_each_feed_and_asks_again_conditionally(web: Web, settings: Settings) -> None:
    good = web.put("/good.xml", FEED.encode(), ETag='"v1"')
    bad = web.put("/bad.xml", b"<html>oops</html>")
    gone = f"{web.url}/gone.xml"
    scans = scan_feeds([(good, None, None), (bad, None, None), (gone, None, None)], settings)
    assert isinstance(scans[0].parsed, ParsedFeed)
    assert "no RSS or Atom" in (scans[1].error or "")
    assert "404" in (scans[2].error or "")
    again = scan_feeds([(good, scans[0].etag, None)], settings)
    assert (again[0].parsed, again[0].error) == (None, None)


@pytest.mark.skipif(
    not (SHARED / "data" / "feeds").is_dir(), reason="the collection of real feeds is not on this machine"
)
def test_real_feeds_are_read_or_refused_by_name() -> None:
    files = [p for p in sorted((SHARED / "data" / "feeds").rglob("*")) if p.suffix in {".xml", ".rss", ".atom"}]
    read = 0
    for path in files:
        try:
            read += bool(parse_feed(path.read_bytes(), url=URL).items)
        except FeedError as error:
            assert str(error)  # noqa: PT017 - what is refused has to say why
    assert len(files) > 100
    assert read > len(files) / 2
