"""From what feeds list to which day takes what: nothing lost, nothing twice, in any order of runs and failures."""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest_pipeline.feeds import evidence, identity, store
from digest_pipeline.feeds.arrivals import save_episodes
from digest_pipeline.feeds.evidence import KnownEpisode
from digest_pipeline.feeds.health import save_outcomes
from digest_pipeline.feeds.parsing.parse import parse_feed
from digest_pipeline.feeds.scan import FeedScan
from digest_pipeline.feeds.subscriptions import Subscription, add_feeds, set_feed
from digest_pipeline.models import FeedItem, ParsedFeed, Soundbite, TranscriptLink
from digest_pipeline.warehouse import Warehouse
from tests.conftest import SHARED
from tests.feed_items import NOW, URL, item

DAY = timedelta(days=1)
LOOKBACK = 3
ZONE = ZoneInfo("UTC")


def feed_of(items: Sequence[FeedItem], url: str = URL, title: str = "Show") -> FeedScan:
    return FeedScan(url, ParsedFeed(title, None, "en", tuple(items)))


def save(warehouse: Warehouse, *scans: FeedScan, now: datetime = NOW) -> Counter[str]:
    with warehouse.write() as con:
        add_feeds(con, [Subscription(scan.feed_url) for scan in scans], now)
        counts = save_episodes(con, scans, now=now, as_of=now, lookback_days=LOOKBACK)
        save_outcomes(con, scans, now, now)
    return counts


def take(warehouse: Warehouse, day: date) -> list[str]:
    with warehouse.write() as con:
        store.claim_day(con, day, until=store.end_of_day(day, ZONE), lookback_days=LOOKBACK, max_attempts=3)
        return [e.title for e in store.episodes_of_day(con, day, ("due", "failed"))]


def rows(warehouse: Warehouse, columns: str) -> list[tuple[object, ...]]:
    with warehouse.read() as con:
        return con.execute(f"select {columns} from raw.episodes order by title").fetchall()


def test_items_are_stored_once_and_copies_keep_their_reason(warehouse: Warehouse) -> None:
    items = [
        item(),
        item("One (Encore)", "g2", "https://x.example/2.mp3", published_at=NOW + DAY),
        item("Bare", None, None),
    ]
    assert save(warehouse, feed_of(items)) == {"listed": 1, "duplicate": 1, "unusable": 1, "mended": 0}
    assert not +save(warehouse, feed_of(items), now=NOW + DAY)
    (_, unusable, why_not, _), (original, listed, _, _), (_, duplicate, why, of) = rows(
        warehouse, "episode_id, status, status_reason, duplicate_of"
    )
    assert (unusable, listed, duplicate) == ("unusable", "listed", "duplicate")
    assert "neither audio nor a transcript" in str(why_not)
    assert why == f"same title and description as {original}"
    assert of == original


def test_a_copy_in_another_feed_is_found_among_all_stored_ones(warehouse: Warehouse) -> None:
    save(warehouse, feed_of([item("The floor that nobody built", "a", "https://x.example/a/floor.mp3")]))
    save(
        warehouse,
        feed_of([item("Something else of that day", "b", "https://x.example/b.mp3")], url="https://b.example/"),
    )
    copy = item("The floor that nobody built", "c", "https://cdn.example/9f.mp3", published_at=NOW + DAY)
    counts = save(warehouse, feed_of([copy], url="https://patron.example/"), now=NOW + DAY)
    assert counts["duplicate"] == 1
    assert "in another feed" in str(rows(warehouse, "status_reason")[-1][0])


def test_a_copy_of_what_another_release_stored_is_found_too(warehouse: Warehouse) -> None:
    other = "https://b.example/"
    save(warehouse, feed_of([item("The floor", "a", "https://x.example/get.mp3?id=7", description="Of a house.")]))
    save(warehouse, feed_of([item("Something else", "b", "https://b.example/b.mp3")], url=other))
    with warehouse.write() as con:  # its rules left the query of a file out, and kept what is said of a repeat
        con.execute("update raw.episodes set audio_key = split_part(audio_key, '?', 1), title_key = title || ' encore'")
    copy = item("Another name of it", "c", "https://x.example/get.mp3?id=7&token=9", description="For patrons.")
    scans = [  # the feed of the original has not changed
        feed_of([item("Something else", "b", "https://b.example/b.mp3")], url=other),
        feed_of([copy], url="https://patron.example/"),
    ]
    assert save(warehouse, *scans, now=NOW + DAY) == {"duplicate": 1, "mended": 0}
    (reason, _), *_ = rows(warehouse, "status_reason, title")
    assert "same audio file" in str(reason)
    assert rows(warehouse, "audio_key, title_key") == [
        ("x.example/get.mp3?id=7", "another name of it"),
        ("b.example/b.mp3", "something else"),
        ("x.example/get.mp3?id=7", "the floor"),
    ]


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often two episodes are compared by what is costly in it."""
    counts: Counter[str] = Counter()

    def counted(test: Callable[[KnownEpisode, FeedItem], bool]) -> Callable[[KnownEpisode, FeedItem], bool]:
        def count(known: KnownEpisode, other: FeedItem) -> bool:
            counts["pairs"] += 1
            return test(known, other)

        return count

    for test in (evidence.is_reused, evidence.are_apart):
        monkeypatch.setattr(identity, test.__name__, counted(test))
    return counts


def test_thousands_of_episodes_of_one_title_are_each_compared_with_few(
    warehouse: Warehouse, compared: Counter[str]
) -> None:
    daily = [
        item("News at noon", f"g{n}", f"https://x.example/{n}.mp3", description=f"Day {n}.", published_at=NOW - n * DAY)
        for n in range(2_000)
    ]
    assert save(warehouse, feed_of(daily))["listed"] == len(daily)
    assert compared["pairs"] < 200 * len(daily)  # all with all are a thousand for each
    assert not +save(warehouse, feed_of(daily), now=NOW + DAY)


def test_thousands_of_episodes_of_one_guid_are_each_compared_with_few(
    warehouse: Warehouse, compared: Counter[str]
) -> None:
    names = [hashlib.blake2b(bytes(n)).hexdigest() for n in range(2_000)]
    editions = [
        item(name, "g", f"https://x.example/{name}.mp3", description=name, published_at=NOW - n * DAY)
        for n, name in enumerate(names)
    ]
    assert save(warehouse, feed_of(editions))["listed"] == len(editions)
    assert not +save(warehouse, feed_of(editions), now=NOW + DAY)
    assert compared["pairs"] < 200 * len(editions)


def test_a_guid_that_is_given_to_every_episode_hides_none(warehouse: Warehouse) -> None:
    editions = [
        item(
            f"{name} happened",
            "latest",
            f"https://x.example/{n}.mp3",
            description=f"{name}.",
            published_at=NOW + n * DAY,
        )
        for n, name in enumerate(("Rain", "A strike", "Nothing at all"))
    ]
    for n, edition in enumerate(editions):
        assert save(warehouse, feed_of([edition]), now=NOW + n * DAY)["listed"] == 1
    assert not +save(warehouse, feed_of(editions), now=NOW + 3 * DAY)


def test_what_a_publisher_mends_is_taken_over_until_it_is_transcribed(warehouse: Warehouse) -> None:
    save(warehouse, feed_of([item("Bare", "g0", None), item()]))
    assert [status for (status,) in rows(warehouse, "status")] == ["unusable", "listed"]
    mended = [
        item("Bare", "g0", "https://x.example/0.mp3"),
        item(audio="https://new.example/1.mp3", transcripts=(TranscriptLink("https://x.example/1.vtt", "text/vtt"),),
             soundbites=(Soundbite(1.0, 2.0, "Hear"),)),
    ]  # fmt: skip
    assert +save(warehouse, feed_of(mended), now=NOW + DAY) == {"mended": 2}
    assert sorted(take(warehouse, NOW.date() + DAY)) == ["Bare", "One"]
    with warehouse.write() as con:
        day = store.episodes_of_day(con, NOW.date() + DAY, ("due",))
        assert {(e.audio_url, len(e.transcripts), len(e.soundbites)) for e in day} == {
            ("https://x.example/0.mp3", 0, 0), ("https://new.example/1.mp3", 1, 1),
        }  # fmt: skip
        con.execute("update raw.episodes set status = 'transcribed'")
    assert not +save(warehouse, feed_of([item("Other", audio="https://third.example/1.mp3")]), now=NOW + 2 * DAY)


def test_a_late_episode_goes_to_the_next_day_and_to_one_day_only(warehouse: Warehouse) -> None:
    save(warehouse, feed_of([item()]))
    assert take(warehouse, NOW.date()) == ["One"]
    save(warehouse, feed_of([item(), item("Late", "g9", "https://x.example/9.mp3")]))
    assert take(warehouse, NOW.date() + DAY) == ["Late"]
    assert take(warehouse, NOW.date() + 2 * DAY) == []
    assert take(warehouse, NOW.date()) == ["One"]


def test_a_published_day_takes_nothing_more(warehouse: Warehouse) -> None:
    save(warehouse, feed_of([item()]))
    take(warehouse, NOW.date())
    with warehouse.write() as con:
        con.execute("insert into raw.digests values (?, 5, 1, 1, 9, 'hash', now())", [NOW.date()])
    save(warehouse, feed_of([item("Late", "g9", "https://x.example/9.mp3")]))
    assert take(warehouse, NOW.date()) == ["One"]
    assert take(warehouse, NOW.date() + DAY) == ["Late"]


@pytest.mark.parametrize("published", [None, NOW + 900 * DAY])
def test_a_missing_or_future_date_is_the_day_it_was_first_seen(
    warehouse: Warehouse, published: datetime | None
) -> None:
    save(warehouse, feed_of([item(published_at=published)]))
    assert take(warehouse, NOW.date() - DAY) == []
    assert take(warehouse, NOW.date()) == ["One"]


def test_of_a_new_feed_without_dates_only_the_first_are_new(warehouse: Warehouse) -> None:
    titles = ["Zinc", "Yeast", "Xenon", "Wool", "Veins"]
    undated = [
        item(title, title, f"https://x.example/{title}.mp3", description="", published_at=None) for title in titles
    ]
    save(warehouse, feed_of(undated[1:]))
    assert sorted(take(warehouse, NOW.date())) == ["Wool", "Xenon", "Yeast"]
    save(warehouse, feed_of(undated), now=NOW + DAY)
    assert take(warehouse, NOW.date() + DAY) == ["Zinc"]


def test_an_outage_of_weeks_loses_nothing(warehouse: Warehouse) -> None:
    save(warehouse, feed_of([]))
    failed = FeedScan(URL, error="answered 500")
    for n in range(1, 20):
        save(warehouse, failed, now=NOW + n * DAY)
        assert take(warehouse, NOW.date() + n * DAY) == []
    missed = [
        item(f"No {n}", f"g{n}", f"https://x.example/{n}.mp3", description="", published_at=NOW + n * DAY)
        for n in range(2, 20)
    ]
    old = item("Before", "g0", "https://x.example/0.mp3", description="", published_at=NOW - 30 * DAY)
    end = NOW + 20 * DAY
    save(warehouse, feed_of([*missed, old]), now=end)
    assert len(take(warehouse, end.date())) == len(missed)
    assert take(warehouse, end.date() + DAY) == []


def test_a_feed_has_its_own_lookback_limit_and_pause(warehouse: Warehouse) -> None:
    items = [
        item(f"No {n}", f"g{n}", f"https://x.example/{n}.mp3", description="", published_at=NOW - n * DAY)
        for n in range(9)
    ]
    save(warehouse, feed_of(items))

    def own(**values: object) -> None:
        with warehouse.write() as con:
            set_feed(con, URL, values)

    own(is_paused=True)
    assert take(warehouse, NOW.date()) == []
    own(is_paused=False, max_per_day=2)
    assert take(warehouse, NOW.date()) == ["No 1", "No 0"]
    assert take(warehouse, NOW.date()) == ["No 1", "No 0"]
    own(max_per_day=None, lookback_days=6)
    assert take(warehouse, NOW.date() + DAY) == ["No 4", "No 3", "No 2"]


class Crash(Exception):
    """The process ends here."""


EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), st.integers(0, 2)),  # on this day, so many days late in the feed
        st.tuples(st.just("edit"), st.integers(0, 20)),  # title and host of an episode
        st.tuples(st.just("run"), st.integers(0, 2)),  # the day so many days ago
        st.tuples(st.just("crash"), st.integers(0, 2)),  # while saving, before claiming, or while claiming
        st.tuples(st.just("outage"), st.integers(1, 6)),  # days
        st.tuples(st.just("move"), st.just(0)),  # the feed's address changes for good
        st.tuples(st.just("night"), st.just(0)),
    ),
    max_size=30,
)


class World:
    """A publisher, a host that may be down, an operator who runs days, and a process that may crash."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self.clock = self.back_on = datetime(2026, 9, 1, 12)
        self.published: list[tuple[str, datetime, datetime]] = []  # guid, published at, listed from
        self.edits: Counter[str] = Counter()
        self.moved_to: str | None = None
        self.taken: dict[str, set[date]] = {}
        with warehouse.write() as con:
            add_feeds(con, [Subscription(URL)], self.clock)

    def happen(self, kind: str, number: int) -> None:
        """One event; its number means what ``EVENTS`` says."""
        if kind == "publish":
            guid = f"episode-{len(self.published)}"
            self.published.append((guid, self.clock, self.clock + number * DAY))
        elif kind == "edit" and self.published:
            self.edits[self.published[number % len(self.published)][0]] += 1
        elif kind == "outage":
            self.back_on = self.clock + number * DAY
        elif kind == "move":
            self.moved_to = "https://new.example/feed.xml"
        elif kind in {"run", "crash", "night"}:
            back = number if kind == "run" else 0
            with suppress(Crash):
                self.run(self.clock.date() - back * DAY, crash=number if kind == "crash" else None)
            self.clock += DAY if kind == "night" else timedelta()

    def scan(self) -> FeedScan:
        """The feed as it is served now."""
        if self.clock < self.back_on:
            return FeedScan(URL, error="answered 503")
        items = tuple(
            item(f"Story {guid}{', mended' * self.edits[guid]}", guid, f"https://x{self.edits[guid]}.example/{guid}.mp3",
                 description="", published_at=published_at)
            for guid, published_at, listed_from in self.published
            if listed_from <= self.clock
        )  # fmt: skip
        return FeedScan(URL, ParsedFeed("Show", None, "en", items), moved_to=self.moved_to)

    def run(self, day: date, crash: int | None) -> None:
        """A day's scan and claim, as the asset does them."""
        until = store.end_of_day(day, ZONE)
        as_of = min(self.clock, until)
        with self.warehouse.write() as con:
            save_episodes(con, [self.scan()], now=self.clock, as_of=as_of, lookback_days=LOOKBACK)
            _crash_when(crash == 0)
            save_outcomes(con, [self.scan()], self.clock, as_of)
        _crash_when(crash == 1)
        with self.warehouse.write() as con:
            store.claim_day(con, day, until=until, lookback_days=LOOKBACK, max_attempts=3)
            _crash_when(crash == 2)
            rows = con.execute("select guid, digest_date from raw.episodes where digest_date is not null").fetchall()
        for guid, digest_date in rows:
            self.taken.setdefault(guid, set()).add(digest_date)


@hypothesis.settings(max_examples=12, deadline=None)  # each example writes a database dozens of times
@given(EVENTS)
def test_no_episode_is_lost_and_none_taken_twice(events: list[tuple[str, int]]) -> None:
    """Any history of a feed, any order of runs, crashes and outages; then nights, until everything was seen."""
    with TemporaryDirectory() as folder:
        world = World(Warehouse(Path(folder) / "d.duckdb"))
        for kind, number in [*events, *[("night", 0)] * (LOOKBACK + 6)]:
            world.happen(kind, number)
        assert sorted(world.taken) == sorted(guid for guid, _, _ in world.published)
        assert all(len(days) == 1 for days in world.taken.values())


def _crash_when(condition: bool) -> None:
    if condition:
        raise Crash


@pytest.mark.skipif(not (SHARED / "data").is_dir(), reason="the collection of real feeds is not on this machine")
def test_two_snapshots_of_one_feed_differ_by_their_new_episodes(warehouse: Warehouse) -> None:
    folder = SHARED / "data" / "feeds" / "gnome-podcasts"
    snapshots = [
        parse_feed((folder / name).read_bytes(), url=URL)
        for name in ("2018-01-20-Intercepted.xml", "2018-02-03-Intercepted.xml")
    ]
    guids = [{i.guid for i in snapshot.items} for snapshot in snapshots]
    new = guids[1] - guids[0]
    assert len(new) == 4
    first, second = (FeedScan(URL, snapshot) for snapshot in snapshots)
    assert save(warehouse, first)["listed"] == len(guids[0])
    counts = save(warehouse, second, now=NOW + DAY)
    assert (counts["listed"], counts["duplicate"], counts["unusable"]) == (len(new), 0, 0)
    assert not +save(warehouse, second, now=NOW + 2 * DAY)
    with warehouse.read() as con:
        stored = con.execute("select guid from raw.episodes where first_seen_at = ?", [NOW + DAY]).fetchall()
    assert {guid for (guid,) in stored} == new
