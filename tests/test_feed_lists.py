"""Subscription lists as other programs write them, and the file that holds private feeds."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from digest_pipeline.cli import app
from digest_pipeline.feeds.opml import read_opml
from digest_pipeline.feeds.subscriptions import Subscription, add_feeds
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse import Warehouse
from tests.conftest import Web
from tests.feed_items import NOW

OUTLINES = '<opml version="2.0"><body>{}</body></opml>'


def outline(address: str, title: str = "Show") -> str:
    return f'<outline type="rss" text="{title}" xmlUrl="{address}"/>'


@pytest.mark.parametrize(
    "written", ["feed://a.example/rss", "itpc://a.example/rss", "a.example/rss", " feed:https://a.example/rss "]
)
def test_addresses_of_old_programs_are_those_that_they_stand_for(written: str) -> None:
    body = OUTLINES.format(outline(written) + outline("https://a.example/rss")).encode()
    assert read_opml(body, source="list") == [Subscription("https://a.example/rss", "Show")]


@pytest.mark.parametrize("head", ["", "<?xml version='1.0'?>", "\n<?xml version='1.0' encoding='utf-8'?>", "\ufeff"])
def test_a_list_that_declares_no_encoding_is_utf_8(head: str) -> None:
    body = f"{head}{OUTLINES.format(outline('https://a.example/rss', 'Ä 本'))}".encode()
    assert [feed.title for feed in read_opml(body, source="list")] == ["Ä 本"]
    latin = OUTLINES.format(outline("https://a.example/rss", "Ä")).encode("latin-1")
    assert [feed.title for feed in read_opml(latin, source="list")] == ["Ä"]


def test_a_title_holds_no_command_for_a_terminal() -> None:
    (feed,) = read_opml(OUTLINES.format(outline("https://a.example/rss", "Late\x9b31m Night")).encode(), source="list")
    assert feed.title == "Late31m Night"


def test_only_its_owner_reads_a_file_of_private_feeds_that_others_could_read_before(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    with warehouse.write() as con:
        add_feeds(con, [Subscription("https://a.example/rss?token=one"), Subscription("https://b.example/rss")], NOW)
    target = tmp_path / "feeds.opml"
    target.write_text("x" * 10_000, encoding="utf-8")
    target.chmod(0o644)
    assert CliRunner().invoke(app, ["feeds", "export", "--with-private", "--output", str(target)]).exit_code == 0
    assert target.stat().st_mode & 0o777 == 0o600
    assert len(read_opml(target.read_bytes(), source="list")) == 2
    assert target.read_bytes().endswith(b"</opml>\n")


@pytest.mark.filterwarnings("error")
def test_a_list_and_a_missing_folder_are_named_as_such_where_a_feed_is_asked_for(web: Web, settings: Settings) -> None:
    body = f'<?xml version="1.0"?>{OUTLINES.format(outline("https://a.example/rss"))}'
    for place, said in (
        (web.put("/list", body.encode(), "text/xml"), "is a list of feeds (`digest feeds import` takes it)"),
        (str(settings.home / "none"), "none is no folder (check its path"),
        ("~/none at all", "none at all is no folder (check its path"),
    ):
        found = CliRunner().invoke(app, ["feeds", "add", place])
        assert said in str(found.exception)


def test_a_feed_without_any_audio_is_asked_about(web: Web, settings: Settings) -> None:
    items = "<item><title>News</title><guid>1</guid>{}</item>"
    for audio, is_asked in (("", True), ('<enclosure url="https://a.example/1.mp3" type="audio/mpeg"/>', False)):
        feed = f'<rss version="2.0"><channel><title>Blog</title>{items.format(audio)}</channel></rss>'
        found = CliRunner().invoke(app, ["feeds", "add", web.put("/rss", feed.encode(), "application/rss+xml")])
        assert found.exit_code == 0, found.output
        assert ("none of them has audio" in found.stderr) is is_asked
