"""Following feeds for long: removed and taken back, many on one host, moved more than once, folders of old files."""

import os
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from digest_pipeline.feeds import subscriptions as store
from digest_pipeline.feeds.folder import local_path
from digest_pipeline.feeds.scan import FeedScan, scan_feeds
from digest_pipeline.feeds.subscriptions import Subscription
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse import Warehouse
from tests.conftest import Web
from tests.feed_items import NOW, URL, item
from tests.test_feed_days import feed_of, save, take
from tests.test_polite_scans import BODY, Operator, answer, paths

DAY = timedelta(days=1)


@pytest.fixture
def operator(warehouse: Warehouse, settings: Settings) -> Operator:
    return Operator(warehouse, settings)


def _save(warehouse: Warehouse, scans: Sequence[FeedScan]) -> None:
    save(warehouse, *scans)


@pytest.mark.parametrize("dropped", ["removed", "paused"])
def test_what_nobody_followed_was_no_outage(warehouse: Warehouse, dropped: str) -> None:
    """A failing feed is removed; taken back half a year later, it does not bring half a year of episodes at once."""
    save(warehouse, feed_of([]))
    save(warehouse, FeedScan(URL, error="answered 500"), now=NOW + DAY)
    with warehouse.write() as con:
        if dropped == "removed":
            store.remove_feed(con, URL)
            store.add_feeds(con, [Subscription(URL)], NOW + 180 * DAY)
        else:
            store.set_feed(con, URL, {"is_paused": True})
            store.set_feed(con, URL, {"is_paused": False})
    now = NOW + 180 * DAY
    daily = [
        item(f"Day {n}", f"g{n}", f"https://x.example/{n}.mp3", description="", published_at=now - n * DAY)
        for n in range(180)
    ]
    save(warehouse, feed_of(daily), now=now)
    assert take(warehouse, now.date()) == ["Day 2", "Day 1", "Day 0"]


def test_a_host_that_rations_its_feeds_comes_to_all_of_them(web: Web, operator: Operator) -> None:
    """Three feeds at a time, then it asks for ten minutes: by their addresses alone, the same three were asked."""
    given: list[str] = []

    def ration(request: BaseHTTPRequestHandler) -> None:
        is_open = len(given) % 4 < 3
        given.append(request.path)
        (answer(200, BODY) if is_open else answer(429, Retry_After="600"))(request)

    web.routes |= {f"/{n}": ration for n in range(9)}
    operator.settings = operator.settings.model_copy(update={"http_per_host": 1})
    operator.add(*(f"{web.url}/{n}" for n in range(9)))
    read = {url for _ in range(3) for url, scan in operator.scan().items() if not scan.error}
    assert len(read) == 9


def test_a_move_that_leads_to_a_page_is_forgotten(web: Web, operator: Operator) -> None:
    """The show has moved on, and what it left behind answers every address with a page."""
    web.routes["/old"] = answer(301, Location="/new")
    web.put("/new", BODY)
    operator.add(f"{web.url}/old")
    operator.scan()
    web.put("/new", b"<html><body>This show has moved.</body></html>")
    web.routes["/old"] = answer(301, Location="/newer")
    web.put("/newer", BODY.replace(b"One", b"Two"))
    paths(web)
    assert operator.scan()[f"{web.url}/old"].error is None
    assert paths(web) == ["/new", "/old", "/newer"]
    operator.scan()
    assert paths(web) == ["/newer"]


def test_a_file_name_that_is_no_utf_8_stops_no_scan(warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
    folder, name = tmp_path / os.fsdecode(b"B\xe4nder"), os.fsdecode(b"Gespr\xe4ch_1.wav")
    folder.mkdir()
    (folder / name).write_bytes(b"RIFF")
    with warehouse.write() as con:
        store.add_feeds(con, [Subscription(folder.as_uri())], NOW)
        feeds = store.feeds_to_ask(con, NOW, only_due=False)
    scan_feeds(feeds, settings, partial(_save, warehouse))
    with warehouse.read() as con:
        found = con.execute("select f.title, e.title, audio_url from raw.feeds f join raw.episodes e using (feed_url)")
        ((show, title, address),) = found.fetchall()
    assert (show, title, local_path(address)) == ("Bänder", "Gespräch 1", folder / name)
    (folder / name).unlink()
    folder.rmdir()
    scan_feeds(feeds, settings, partial(_save, warehouse))
    with warehouse.read() as con:
        ((reason,),) = con.execute("select last_status from raw.feeds").fetchall()
    assert "is no folder" in reason
