"""One episode stays one, and two stay two: scenario by scenario."""

import hashlib
import time
from datetime import timedelta

import pytest

from digest_pipeline.feeds.evidence import (
    KnownEpisode,
    audio_key,
    file_name,
    have_equal_descriptions,
    title_key,
    title_numbers,
)
from digest_pipeline.feeds.identity import EpisodeIndex
from digest_pipeline.models import FeedItem
from tests.feed_items import NOTES, NOW, URL, item, known

SAME = "same guid"
APART = None
DAY = timedelta(days=1)
OTHER_FEED = "https://patron.example/feed.xml"
TITLE = "Why the fourth floor never gets built"
LONG_NOTES = f"{NOTES} {NOTES} It took eleven years, two mayors and a court before anybody asked who would pay for it."
NEWS = {
    "title": "The morning news today",
    "description": "Five minutes of news, every morning, from our newsroom to you.",
}


def new(title: str = TITLE, host: str = "y.example", **more: object) -> FeedItem:
    """An item that shares nothing with the stored one but what is given."""
    return item(title, "g2", f"https://{host}/b/other-file.mp3", **more)


STORED = known(
    title=TITLE, audio_url="https://x.example/a/the-fourth-floor.mp3", duration_seconds=2711.0, audio_bytes=43_400_111,
    link="https://show.example/42",
)  # fmt: skip
FLOOR = STORED.audio_url or ""
COUNTER = "http://www.podtrac.com/pts/redirect.mp3"
NEWSCAST = "https://x.example/news/newscast.mp3"

SCENARIOS: dict[str, tuple[KnownEpisode, str, FeedItem, str | None]] = {
    # one episode
    "nothing changed": (STORED, URL, item(TITLE, audio=FLOOR), SAME),
    "title, host, date and length changed": (
        STORED, URL,
        item("The floor that was never built", audio="https://moved.example/the-fourth-floor.mp3", published_at=NOW + DAY),
        SAME,
    ),
    "guid changed": (STORED, URL, item(TITLE, "g2", FLOOR), "same audio file"),
    "guid changed, access token added": (STORED, URL, item(TITLE, "g2", f"{FLOOR}?token=abc"), "same audio file"),
    "guid changed, http instead of https and www": (
        STORED, URL, item(TITLE, "g2", FLOOR.replace("https://", "http://www.")), "same audio file",
    ),
    "guid changed, one tracking prefix": (
        STORED, URL, item(TITLE, "g2", FLOOR.replace("https://", "https://www.podtrac.com/pts/redirect.mp3/")),
        "same audio file",
    ),
    "guid changed, three tracking prefixes": (
        STORED, URL, item(TITLE, "g2", FLOOR.replace("https://", "https://chtbl.com/track/A1/pdst.fm/e/op3.dev/e/")),
        "same audio file",
    ),
    "guid, title and date changed": (
        STORED, URL, item("Floors", "g2", FLOOR, published_at=NOW + 30 * DAY), "same audio file",
    ),
    "guid changed, a counter that has the address as its query": (
        STORED, URL, item(TITLE, "g2", f"{COUNTER}?{FLOOR}"), "same audio file",
    ),
    "re-run with a marker, same file size": (
        STORED, URL, new(f"{TITLE} (Encore)", description="", audio_bytes=43_400_111, published_at=NOW + 300 * DAY),
        "same title and file size",
    ),
    "the same size in another feed a day later": (
        STORED, OTHER_FEED, new(description="", audio_bytes=43_400_111, published_at=NOW + DAY),
        "same title and file size in another feed",
    ),
    "guid and host changed": (
        STORED, URL, item(TITLE, "g2", "https://new-host.example/x/the-fourth-floor.mp3"), "same file name and title",
    ),
    "guid and audio changed, same page": (
        STORED, URL, new(link="https://show.example/42", description=""), "same page and title",
    ),
    "guid and audio changed, title spelt otherwise": (
        STORED, URL, new("WHY the Fourth Floor never gets built!", duration_seconds=2711.0),
        "same title and description",
    ),
    "guid and audio changed, no notes": (STORED, URL, new(description="", duration_seconds=2712.0), "same title and length"),
    "re-run with a marker": (STORED, URL, new(f"{TITLE} (Re-release)", published_at=NOW + 300 * DAY), "same title and description"),
    "re-run with a marker and a new introduction": (
        STORED, URL, new(f"Encore: {TITLE}", published_at=NOW + 300 * DAY, duration_seconds=2790.0),
        "same title and description",
    ),
    "re-run without a marker": (
        known(title=TITLE, description=LONG_NOTES, duration_seconds=2711.0), URL,
        new(description=LONG_NOTES, duration_seconds=2711.0, published_at=NOW + 300 * DAY),
        "same title, long description and length",
    ),
    "early copy in the patrons' feed": (
        known(feed_url=OTHER_FEED, title=f"{TITLE} (ad-free)", audio_url="https://p.example/u/1.mp3", duration_seconds=2600.0,
              published_at=NOW - 2 * DAY),
        URL, new(duration_seconds=2711.0, description=NOTES, title=TITLE), "same title and description in another feed",
    ),
    "early copy, same length, other notes": (
        known(feed_url=OTHER_FEED, title=TITLE, audio_url="https://p.example/u/1.mp3", duration_seconds=2711.0,
              description="Thank you for your support.", published_at=NOW - 2 * DAY),
        URL, new(duration_seconds=2711.0), "same title and length in another feed",
    ),
    "the feed moved, global guid": (
        known(guid="https://show.example/?p=42"), OTHER_FEED,
        item("One", "https://show.example/?p=42", "https://new.example/z.mp3"), "same globally unique guid",
    ),
    "the feed moved, local guid, same file": (STORED, OTHER_FEED, item(TITLE, audio=FLOOR), "same audio file"),
    "no guid, same audio": (known(guid=None), URL, item(guid=None), SAME),
    "a copy of a copy": (
        known("ep_2", guid="g0", title=TITLE, audio_url=FLOOR, duplicate_of="ep_1"), URL, item(TITLE, "g2", FLOOR),
        "same audio file as ep_1",
    ),
    # two episodes
    "two talks of a fixed length at a constant bit rate": (
        STORED, URL, new("Bridges", audio_bytes=43_400_111, duration_seconds=2711.0, description=""), APART,
    ),
    "two parts, digits": (known(title="The Story, Part 1"), URL, new("The Story, Part 2"), APART),
    "two parts, words": (known(title="The Story: Part One"), URL, new("The Story: Part Two"), APART),
    "two parts, Roman numerals": (known(title="The long story of a floor III"), URL, new("The long story of a floor II"), APART),
    "two parts, same size by chance": (
        known(title="The Story, Part 1", audio_bytes=43_400_111, duration_seconds=1800.0), URL,
        new("The Story, Part 2", audio_bytes=43_400_111, duration_seconds=1800.0), APART,
    ),
    "equal titles, other episode numbers": (
        known(title=TITLE, episode_number=4.0), URL, new(episode_number=5.0, duration_seconds=None), APART,
    ),
    "daily news, equal titles, notes and lengths": (
        known(**NEWS, duration_seconds=300.0), URL,
        item("The morning news today", "g2", "https://x.example/2.mp3", description=NEWS["description"], duration_seconds=300.0,
             published_at=NOW + DAY), APART,
    ),
    "daily news under one address": (
        known(**NEWS, audio_url="https://x.example/latest.mp3"), URL,
        item("The morning news today", "g2", "https://x.example/latest.mp3", description=NEWS["description"],
             published_at=NOW + DAY), APART,
    ),
    "daily news, other titles, one guid": (
        known(guid="latest", title="Monday: rain", description="Rain."), URL,
        item("Tuesday: sun and a strike", "latest", "https://x.example/2.mp3", description="Sun.", published_at=NOW + DAY), APART,
    ),
    "daily news in two feeds": (
        known(feed_url=OTHER_FEED, **NEWS, duration_seconds=300.0), URL,
        item("The morning news today", "g2", "https://x.example/2.mp3", description="Other words.", duration_seconds=420.0,
             published_at=NOW + DAY), APART,
    ),
    "a trailer and its episode": (
        known(title=TITLE, episode_type="trailer"), URL, new(description=NOTES), APART,
    ),
    "two trailers": (
        known(title="Trailer"), URL, new("Trailer", description="Another season begins here today with us all."), APART,
    ),
    "equal titles, one twice as long": (
        known(title=TITLE, duration_seconds=900.0), URL, new(duration_seconds=1800.0), APART,
    ),
    "one script for all files": (
        known(audio_url="https://x.example/download.php?id=7"), URL,
        item("Two", "g2", "https://x.example/download.php?id=8"), APART,
    ),
    "one script that is named as a file": (
        known(audio_url="https://x.example/getfile.mp3?id=41"), URL,
        item("Two", "g2", "https://x.example/getfile.mp3?id=42", description="", published_at=NOW + DAY), APART,
    ),
    "a counter that has the address as its query": (
        known(audio_url=f"{COUNTER}?http://x.example/ep41.mp3"), URL,
        item("Two", "g2", f"{COUNTER}?http://x.example/ep42.mp3", description="", published_at=NOW + DAY), APART,
    ),
    "a daily file of one name, other titles and notes": (
        known(title="Monday: rain", audio_url=NEWSCAST), URL,
        item("Tuesday: a strike", "g2", NEWSCAST, description="Trains stand still.", published_at=NOW + DAY), APART,
    ),
    "a daily file of one name, its date in the title": (
        known(title="News: 09-14-2026 1PM", audio_url=NEWSCAST), URL,
        item("News: 09-15-2026 1PM", "g2", NEWSCAST, published_at=NOW + DAY), APART,
    ),
    "a daily show of equal titles and sizes": (
        known(title="The Breakfast Show", description="", audio_bytes=57_600_000, duration_seconds=3600.0), URL,
        new("The Breakfast Show", description="", audio_bytes=57_600_000, duration_seconds=3600.0, published_at=NOW + DAY),
        APART,
    ),
    "short titles in two feeds": (
        known(feed_url=OTHER_FEED, title="Interview", duration_seconds=1800.0), URL, new("Interview", duration_seconds=1800.0), APART,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SCENARIOS)
def test_identity(name: str) -> None:
    stored, feed_url, seen, outcome = SCENARIOS[name]
    match = EpisodeIndex([stored]).find(feed_url, seen)
    if outcome is None:
        assert match is None
    else:
        assert match is not None
        assert match.reason.startswith(outcome)
        assert match.is_same_row == (outcome == SAME)


def test_long_show_notes_are_compared_in_bounded_time() -> None:
    """Of a feed in which all titles are equal and no item has a date, each is compared with a hundred others."""
    notes = [" ".join(hashlib.blake2b(bytes((n, m))).hexdigest() for m in range(150)) for n in range(2)]
    began = time.monotonic()
    assert not any(have_equal_descriptions(known(description=notes[0]), item(description=notes[1])) for _ in range(500))
    assert time.monotonic() - began < 1


def test_a_title_that_comes_again_and_again_is_no_evidence() -> None:
    editions = [
        known(f"ep_{n}", guid=f"d{n}", audio_url=f"https://x.example/{n}.mp3", published_at=NOW + n * DAY, **NEWS,
              duration_seconds=300.0)
        for n in range(2)
    ]  # fmt: skip
    seen = item(NEWS["title"], "d9", "https://x.example/9.mp3", description=NEWS["description"], duration_seconds=300.0,
                published_at=NOW + 9 * DAY)  # fmt: skip
    assert EpisodeIndex(editions).find(URL, seen) is None


def test_evidence_is_normalised() -> None:
    assert audio_key("https://op3.dev/e/https://x.example/1.mp3?a=1") == "x.example/1.mp3"
    assert audio_key("https://x.example/play?id=7&token=9") == "x.example/play?id=7"
    assert audio_key("http://[broken") == "http://[broken"
    assert title_key("Re-release: The  Queue!") == ("the queue", True)
    assert title_key("The Queue") == ("the queue", False)
    assert title_numbers("Part Two of 12: The 007 years") == ("12", "7", "2")
    assert title_numbers("You and I") == ()
    assert file_name("https://x.example/a/The-Floor.mp3?x=1") == "the-floor.mp3"
    assert file_name("https://x.example/latest.mp3") is None
