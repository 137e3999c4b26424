"""What scanning costs: 1,000 feeds on a local server, against a plain loop with requests and feedparser.

    python -m bench.feeds [FEEDS]

The server runs in its own process on 50 loopback addresses and answers after 50 ms; one feed in a hundred fails. The
scan is the real one, into a DuckDB file: feeds are asked, their episodes and outcomes stored, a day claims its own. The
plain loop does less (nothing is stored) over a sample of the same feeds, so times are compared per feed. It reads the
sample twice as such loops do, and once more with the entity tags that it could have kept.
"""

import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import feedparser
import requests

from bench.feed_server import HOSTS, NEWEST, fails, number_of_items
from bench.measure import amounts, processor_seconds, watch_memory
from digest_pipeline.feeds import store
from digest_pipeline.feeds.arrivals import save_episodes
from digest_pipeline.feeds.health import save_outcomes
from digest_pipeline.feeds.scan import FeedScan, scan_feeds
from digest_pipeline.feeds.subscriptions import Subscription, add_feeds, feeds_to_ask
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse import Warehouse
from digest_pipeline.warehouse.choice import warehouse_of

FEEDS, SAMPLE = 1_000, 60
NOW = (NEWEST + timedelta(hours=6)).replace(tzinfo=None)
LOOKBACK_DAYS = 3


def main(feeds: int = FEEDS) -> None:
    """Measure both, and print seconds, ratios and memory."""
    with tempfile.TemporaryDirectory() as folder, serve(feeds) as port, watch_memory() as memory:
        urls = [f"http://{HOSTS[n % len(HOSTS)]}:{port}/feed/{n}" for n in range(feeds)]
        settings = Settings(home=Path(folder), allowed_networks=("127.0.1.0/24",))
        warehouse = warehouse_of(settings)
        with warehouse.write() as con:
            add_feeds(con, [Subscription(url) for url in urls], NOW)
        scans = []
        for title, now in (("first scan", NOW), ("unchanged rescan", NOW + timedelta(hours=1))):
            cpu = processor_seconds()
            seconds, database_seconds, counts = scan(warehouse, settings, now)
            cpu = processor_seconds() - cpu
            scans.append(seconds / feeds)
            new = counts["listed"]
            each = 1000 * seconds / feeds
            print(f"{title}: {feeds} feeds in {seconds:.2f} s ({cpu:.2f} s CPU), {each:.2f} ms a feed; {dict(counts)}")
            if new:
                milliseconds = 1000 * database_seconds / new
                print(f"database: {milliseconds:.3f} ms per new episode ({new} in {database_seconds:.2f} s)")
        print(f"peak memory of all processes of the scan together: {max(memory):.0f} MB")
        check(warehouse, feeds)
        compare(scans, urls)


def scan(warehouse: Warehouse, settings: Settings, now: datetime) -> tuple[float, float, Counter[str]]:
    """(seconds, seconds of them in the database, counts) of one scan as the pipeline does it."""
    counts: Counter[str] = Counter()
    database_seconds = 0.0

    def save(batch: Sequence[FeedScan]) -> None:
        nonlocal database_seconds
        began = time.monotonic()
        with warehouse.write() as con:
            counts.update(save_episodes(con, batch, now=now, as_of=now, lookback_days=LOOKBACK_DAYS))
            save_outcomes(con, batch, now, now)
        counts["unchanged"] += sum(scan.parsed is None and scan.error is None for scan in batch)
        counts["failed"] += sum(scan.error is not None for scan in batch)
        database_seconds += time.monotonic() - began

    began = time.monotonic()
    with warehouse.write() as con:
        feeds = feeds_to_ask(con, now, only_due=False)
    scan_feeds(feeds, settings, save)
    mark = time.monotonic()
    until = store.end_of_day(now.date(), settings.zone)
    with warehouse.write() as con:
        store.claim_day(con, now.date(), until=until, lookback_days=LOOKBACK_DAYS, max_attempts=3)
    ended = time.monotonic()
    return ended - began, database_seconds + ended - mark, +counts


def check(warehouse: Warehouse, feeds: int) -> None:
    """A fast scan that loses episodes is worth nothing."""
    served = sum(number_of_items(n) for n in range(feeds) if not fails(n))
    with warehouse.read() as con:
        ((stored, taken),) = con.execute(
            "select count(*) filter (status in ('listed', 'due')), count(digest_date) from raw.episodes"
        ).fetchall()
    print(f"episodes: {stored} stored of {served} served, {taken} taken by the day")
    if stored != served:
        raise SystemExit("episodes are missing")


def compare(scans: Sequence[float], urls: Sequence[str]) -> None:
    """The plain loop over every so many-th feed, and the ratios."""
    sample = urls[:: max(1, len(urls) // SAMPLE)]
    first, tags = plain_loop(sample, {})
    again, _ = plain_loop(sample, {})
    tagged, _ = plain_loop(sample, tags)
    for title, ours, plain in (
        ("first scan", scans[0], first),
        ("unchanged rescan", scans[1], again),
        ("unchanged rescan, with entity tags in the loop too", scans[1], tagged),
    ):
        print(
            f"plain loop over {len(sample)} feeds: {1000 * plain:.1f} ms a feed, {plain / ours:.1f} times ours; {title}"
        )


def plain_loop(urls: Sequence[str], tags: dict[str, str]) -> tuple[float, dict[str, str]]:
    """Seconds a feed, and the entity tags, of the loop that everybody writes first."""
    kept = {}
    began = time.monotonic()
    for url in urls:
        answer = requests.get(url, headers={"If-None-Match": tags[url]} if url in tags else {}, timeout=30)
        if answer.status_code == requests.codes.ok:
            feedparser.parse(answer.content)
            kept[url] = answer.headers["ETag"]
    return (time.monotonic() - began) / len(urls), kept


@contextmanager
def serve(feeds: int) -> Iterator[int]:
    """The feed server in a process of its own; gives its port."""
    command = [sys.executable, "-m", "bench.feed_server", str(feeds)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        yield int(process.stdout.readline())
        process.stdin.close()


if __name__ == "__main__":
    main(**amounts(__doc__, feeds=FEEDS))
