"""The whole pipeline: the demo through the job that the schedule runs, its rules, re-runs, and bad input."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import duckdb
import pytest

from digest_pipeline.bundled import bundled
from digest_pipeline.cli.feeds import subscribe_to_list
from digest_pipeline.demo import DemoNetwork
from digest_pipeline.runs import run_days
from digest_pipeline.settings import Settings
from digest_pipeline.transcripts.publisher.choice import parse_transcript
from digest_pipeline.warehouse.choice import warehouse_of
from tests.conftest import Web

# When each feed was asked and is due again: what a second run does change.
CHECK_TIMES = {
    "feeds": "exclude (last_checked_at, last_success_at, next_check_at)",
    "marts_built": "exclude (built_at)",
}


def tables(database: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, but for the times of checks."""
    with duckdb.connect(str(database), read_only=True) as con:
        names = con.execute(
            "select table_name from information_schema.tables where table_schema = 'raw' order by table_name"
        ).fetchall()
        return {
            table: con.execute(f"select * {CHECK_TIMES.get(table, '')} from raw.{table} order by all").fetchall()
            for (table,) in names
        }


def query(settings: Settings, sql: str, *values: object) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(settings.database), read_only=True) as con:
        return con.execute(sql, list(values)).fetchall()


def test_a_day_has_five_or_fewer_where_the_others_are_weak_or_of_the_same_theme(demo: Settings) -> None:
    """How many depends on the themes, and these on the last digits of the embeddings, so on the processor."""
    rows = query(demo, "select digest_date, n_items from raw.digests order by digest_date")
    assert len(rows) == 4
    assert {count for _, count in rows} <= {3, 4, 5}
    deserving = query(
        demo, "select digest_date, rank, why_not from raw.scored_insights where score >= ? and clarity >= ?",
        demo.min_score, demo.min_clarity,
    )  # fmt: skip
    assert Counter(day for day, rank, _ in deserving if rank) == dict(rows), "one was published that is too weak"
    left_out = [why_not for day, rank, why_not in deserving if not rank and dict(rows)[day] < 5]
    alike = ("of the same theme", "insights in this digest", "it says much the same", "already sent it")
    assert [why_not for why_not in left_out if not any(reason in why_not for reason in alike)] == []


def test_quotes_stand_verbatim_in_their_segments_at_their_time(demo: Settings, demo_insights: int) -> None:
    items = query(
        demo, "select i.claim_id, i.quote, i.start_seconds, i.end_seconds, c.episode_id from raw.digest_items i"
        " join raw.claim_candidates c using (claim_id)"
    )  # fmt: skip
    assert len(items) == demo_insights
    for claim_id, quote, start, end, episode_id in items:
        said = query(
            demo, "select string_agg(text, ' ' order by position) from raw.transcript_segments"
            " where episode_id = ? and end_seconds > ? and start_seconds < ?", episode_id, start, end,
        )[0][0]  # fmt: skip
        assert quote in said, claim_id


def test_no_insight_overlaps_a_sponsor_read_an_intro_or_an_outro(demo: Settings, network: DemoNetwork) -> None:
    """Judged by the scripts, not by the pipeline's own flags."""
    boilerplate: set[str] = set()
    for show in network.shows.values():
        scripts = [episode for episode in show["episodes"] if not episode.get("malformed")]
        turns = [
            {
                line.split(": ", 1)[1]
                for line in (network.folder / "scripts" / e["script"]).read_text().splitlines()
                if line
            }
            for e in scripts
        ]
        boilerplate |= set.intersection(*turns)
    assert len(boilerplate) >= 12
    sponsors = {"brought to you by", ".example", "promo code", "dot example", "free trial", "sponsor"}
    for (quote,) in query(demo, "select quote from raw.digest_items"):
        assert not any(text in quote or quote in text for text in boilerplate), quote
        assert not any(sign in quote.lower() for sign in sponsors), quote


def test_the_republished_episode_appears_once(demo: Settings) -> None:
    rows = query(
        demo, "select title, status, status_reason from raw.episodes where title like 'The Queue Is the Product%'"
    )
    assert sorted(row[1] for row in rows) == ["duplicate", "transcribed"]
    assert any("same title and description" in (row[2] or "") for row in rows)
    published = query(
        demo, "select count(distinct c.episode_id) from raw.digest_items i join raw.claim_candidates c using (claim_id)"
        " where i.episode_title like 'The Queue Is the Product%'"
    )  # fmt: skip
    assert published == [(1,)]


def test_the_late_episode_goes_to_the_day_it_appeared_on(demo: Settings) -> None:
    rows = query(demo, "select published_at::date, digest_date, status from raw.episodes where title like 'The Ruler%'")
    assert rows == [(date(2026, 9, 15), date(2026, 9, 16), "transcribed")]


def test_the_malformed_item_is_kept_with_its_reason(demo: Settings) -> None:
    rows = query(demo, "select status, status_reason, digest_date from raw.episodes where title like 'DRAFT%'")
    assert rows == [("unusable", "the feed item has neither audio nor a transcript", None)]


def test_audio_is_transcribed_and_transcripts_are_taken_where_they_are(demo: Settings) -> None:
    rows = dict(query(demo, "select source, count(*) from raw.transcripts group by 1"))
    assert rows == {"asr": 4, "publisher": 11}
    assert query(demo, "select distinct model from raw.transcripts where source = 'asr'") == [("whisper-base",)]
    assert list((demo.cache / "audio").iterdir()) == []


def test_stored_words_are_the_scripts(demo: Settings, network: DemoNetwork) -> None:
    episode = network.shows["wide-error-bars"]["episodes"][0]
    wanted = parse_transcript(network.transcript(episode, "json").encode(), "json").segments
    found = query(
        demo, "select speaker, text from raw.transcript_segments join raw.episodes using (episode_id)"
        " where title = ? order by position", episode["title"],
    )  # fmt: skip
    assert found == [(s.speaker, s.text) for s in wanted]


def test_two_insights_of_a_digest_never_say_the_same(demo: Settings) -> None:
    worst = query(
        demo, "select max(list_dot_product(a.embedding, b.embedding)) from raw.digest_items i"
        " join raw.digest_items j on i.digest_date = j.digest_date and i.rank < j.rank"
        " join raw.claim_embeddings a on a.claim_id = i.claim_id join raw.claim_embeddings b on b.claim_id = j.claim_id"
    )[0][0]  # fmt: skip
    assert worst < demo.max_similarity
    assert query(
        demo, "select count(*) from (select claim_id from raw.digest_items group by 1 having count(*) > 1)"
    ) == [(0,)]


def test_every_scored_claim_is_explained(demo: Settings) -> None:
    assert query(
        demo, "select count(*) from raw.scored_insights where why = '' or (rank is null) = (why_not is null)"
    ) == [(0,)]
    assert query(demo, "select count(*) from raw.claim_candidates where is_ad and rejected_reason is null") == [(0,)]


def test_marts_agree_with_what_was_published(demo: Settings) -> None:
    published = query(demo, "select digest_date, rank, claim_id from raw.digest_items order by all")
    assert query(demo, "select digest_date, rank, claim_id from marts.daily_top_insights order by all") == published
    boards = query(demo, "select show_title, episodes, chosen_insights from marts.show_scoreboard")
    assert sum(row[1] for row in boards) == 15
    assert sum(row[2] for row in boards) == len(published)
    assert len(query(demo, "from marts.pipeline_costs")) == 4


def test_the_site_and_the_snapshot_are_written(demo: Settings) -> None:
    pages = sorted(path.name for path in (demo.site / "days").iterdir())
    assert len(pages) == 12
    document = json.loads((demo.site / "days" / "2026-09-17.json").read_text(encoding="utf-8"))
    assert [item["rank"] for item in document["items"]] == [1, 2, 3, 4, 5]
    assert tables(demo.snapshot)["digest_items"] == tables(demo.database)["digest_items"]


def test_dbt_writes_to_the_home_folder_and_does_not_grow(demo: Settings) -> None:
    assert not (bundled("dbt") / "target").exists()
    assert len(list(demo.home.rglob("run_results.json"))) <= 1


def site_hash(settings: Settings) -> str:
    files = sorted(path for path in settings.site.rglob("*") if path.is_file())
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def test_running_the_same_days_twice_changes_nothing(
    demo: Settings, network: DemoNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGEST_HOME", str(demo.home))
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    before, pages = tables(demo.database), site_hash(demo)
    days = [network.first_day + timedelta(days=n) for n in range(4)]
    for summary in run_days(days, demo, before=lambda day: setattr(network, "today", day)):
        assert summary.succeeded
    assert tables(demo.database) == before
    assert site_hash(demo) == pages


BAD_FEED = """<?xml version="1.0"?><rss version="2.0" xmlns:podcast="https://podcastindex.org/namespace/1.0"><channel>
<title>Bad Luck</title>{items}</channel></rss>"""
BAD_ITEM = """<item><title>{title}</title><guid>{title}</guid><pubDate>Mon, 14 Sep 2026 06:00:00 +0000</pubDate>
<enclosure url="{audio}" type="audio/mpeg"/>{transcript}</item>"""


def test_bad_input_is_reported_by_name_and_the_day_goes_on(web: Web, settings: Settings, network: DemoNetwork) -> None:
    """One day with an unreachable feed, one that is no XML, broken audio and transcripts, and a good show."""
    day = date(2026, 9, 14)
    mp3 = (network.folder / "audio" / "five-past-eight--monday-batteries-and-the-long-way-round.mp3").read_bytes()
    good = network.transcript(network.shows["wide-error-bars"]["episodes"][0], "vtt").encode()
    transcript = f'<podcast:transcript url="{web.url}/empty.vtt" type="text/vtt"/>'
    items = [
        BAD_ITEM.format(title="Truncated", audio=web.put("/cut.mp3", mp3[: len(mp3) // 50]), transcript="").replace(
            "</item>",
            "<itunes:duration xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd'>222</itunes:duration></item>",
        ),
        BAD_ITEM.format(title="Not audio", audio=web.put("/page.mp3", b"<html>moved</html>"), transcript=""),
        BAD_ITEM.format(title="Empty transcript, no audio", audio=f"{web.url}/missing.mp3", transcript=transcript),
        BAD_ITEM.format(
            title="Good",
            audio=f"{web.url}/unused.mp3",
            transcript=f'<podcast:transcript url="{web.put("/good.vtt", good)}" type="text/vtt"/>',
        ),
        "<item><title>Nothing at all</title></item>",
    ]
    web.put("/empty.vtt", b"WEBVTT\n\n")
    feed = web.put("/feed.xml", BAD_FEED.format(items="".join(items)).encode())
    page = web.put("/page.xml", b"<html><body>Not found</body></html>")
    rows = "".join(f'<outline type="rss" xmlUrl="{url}"/>' for url in (feed, page, f"{web.url}/gone.xml"))
    opml = web.put("/opml", f'<opml version="2.0"><body>{rows}</body></opml>'.encode())
    assert subscribe_to_list(opml, settings) == (3, 0)
    (summary,) = run_days([day], settings)
    assert summary.succeeded
    assert (summary.episodes, summary.published > 0) == (1, True)
    attention = "\n".join(summary.attention)
    for said in ("page.xml", "no RSS or Atom", "gone.xml", "404", "Truncated: the audio is truncated", "Not audio: the file is not readable",
                 "Empty transcript, no audio: "):  # fmt: skip
        assert said in attention, said
    statuses = dict(query(settings, "select title, status from raw.episodes"))
    assert statuses == {
        "Truncated": "failed", "Not audio": "failed", "Empty transcript, no audio": "failed", "Good": "transcribed",
        "Nothing at all": "unusable",
    }  # fmt: skip
    assert query(settings, "select min(attempts), max(attempts) from raw.episodes where status = 'failed'") == [(1, 1)]


def test_an_empty_day_is_a_normal_day(web: Web, settings: Settings) -> None:
    feed = web.put("/feed.xml", BAD_FEED.format(items="").encode())
    subscribe_to_list(
        web.put("/opml", f'<opml version="2.0"><body><outline type="rss" xmlUrl="{feed}"/></body></opml>'.encode()),
        settings,
    )
    (summary,) = run_days([date(2026, 9, 14)], settings)
    assert (summary.succeeded, summary.attention, summary.published) == (True, (), 0)
    assert "No new episodes" in (settings.site / "index.html").read_text(encoding="utf-8")


def test_a_run_that_is_told_to_stop_ends_there_and_goes_on_when_run_again(
    web: Web, settings: Settings, tmp_path: Path
) -> None:
    asked = threading.Event()

    def slow(request: BaseHTTPRequestHandler) -> None:
        asked.set()
        time.sleep(1)
        with suppress(BrokenPipeError):
            request.send_error(503)

    web.routes["/feed.xml"] = slow
    opml = tmp_path / "feeds.opml"
    opml.write_text(f'<opml version="2.0"><body><outline type="rss" xmlUrl="{web.url}/feed.xml"/></body></opml>')
    command = [sys.executable, "-m", "digest_pipeline.cli", "run", "--from", "2026-09-14", "--to", "2026-09-15"]
    environment = {
        **os.environ, "DIGEST_HOME": str(settings.home), "DIGEST_ALLOW_PRIVATE_HOSTS": "1", "COLUMNS": "300",
    }  # fmt: skip
    for told in (signal.SIGTERM, signal.SIGINT):
        asked.clear()
        with subprocess.Popen(
            [*command, "--opml", str(opml)], env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            assert asked.wait(120)
            process.send_signal(told)
            output, errors = process.communicate(timeout=120)
        assert process.returncode == 1, (told, errors)
        assert "2026-09-15" not in output + errors
        assert "the run was stopped while it did 2026-09-14" in errors
        assert "Traceback" not in errors
    web.put("/feed.xml", BAD_FEED.format(items="").encode())
    (summary,) = run_days([date(2026, 9, 14)], settings)
    assert (summary.succeeded, summary.attention) == (True, ())


def test_a_mart_that_cannot_be_built_is_named_with_the_reason(settings: Settings) -> None:
    with warehouse_of(settings).write() as con:
        con.execute("alter table raw.theme_trends rename column trend to direction")
    (summary,) = run_days([date(2026, 9, 14)], settings)
    assert not summary.succeeded
    assert summary.attention[0].startswith(
        "marts: Failure in model stg_theme_trends (models/staging/stg_theme_trends.sql): Binder Error: "
    )


def test_the_same_talk_under_another_feed_and_title_is_found(
    web: Web, settings: Settings, network: DemoNetwork
) -> None:
    vtt = network.transcript(network.shows["wide-error-bars"]["episodes"][0], "vtt").encode()
    for name in ("one", "two"):
        link = f'<podcast:transcript url="{web.put(f"/{name}.vtt", vtt)}" type="text/vtt"/>'
        item = BAD_ITEM.format(title=f"Title {name}", audio=f"{web.url}/{name}.mp3", transcript=link)
        web.put(f"/{name}.xml", BAD_FEED.format(items=item).encode())
    rows = "".join(f'<outline type="rss" xmlUrl="{web.url}/{name}.xml"/>' for name in ("one", "two"))
    subscribe_to_list(web.put("/opml", f'<opml version="2.0"><body>{rows}</body></opml>'.encode()), settings)
    (summary,) = run_days([date(2026, 9, 14)], settings)
    assert (summary.episodes, summary.duplicates) == (1, 1)
    assert (
        "same talk as ep_" in query(settings, "select status_reason from raw.episodes where status = 'duplicate'")[0][0]
    )
