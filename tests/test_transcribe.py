"""Episodes whose feed is mistaken: one transcript linked from several items, a length that is not the audio's."""

import os
import shutil
import threading
import time
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from digest_pipeline.demo import DemoNetwork
from digest_pipeline.errors import DigestError
from digest_pipeline.feeds.subscriptions import Subscription, add_feeds
from digest_pipeline.models import Episode, TranscriptLink
from digest_pipeline.settings import Settings
from digest_pipeline.transcripts.recognition.audio import Samples, read_pieces
from digest_pipeline.transcripts.recognition.remote import _flac
from digest_pipeline.transcripts.recognition.transcriber import Heard, Hints
from digest_pipeline.transcripts.store import TalkHistory, day_report, save_outcome
from digest_pipeline.transcripts.transcribe import Outcome, transcribe_episodes
from digest_pipeline.warehouse import Warehouse
from tests.conftest import Web

DAY, MORNING = date(2026, 9, 14), datetime(2026, 9, 14, 6)
MONDAY, TUESDAY = "monday-batteries-and-the-long-way-round", "tuesday-silence-and-blood-pressure"


@pytest.fixture
def quick(settings: Settings) -> Settings:
    """The small English model, and nobody told apart: here it is about which words are heard."""
    return settings.model_copy(update={"whisper_model": "tiny.en", "diarize": "off"})


def transcribed(warehouse: Warehouse, settings: Settings, *episodes: Episode) -> list[Outcome]:
    """What becomes of a day's episodes, each stored before the next."""
    with warehouse.write() as con:
        add_feeds(con, [Subscription(feed) for feed in sorted({e.feed_url for e in episodes})], MORNING)
        for episode in episodes:
            con.execute(
                "insert into raw.episodes (episode_id, feed_url, title, published_at, first_seen_at, available_at,"
                " transcript_urls, description, status) values ($id, $feed, $title, $at, $at, $at, '[]', '', 'due')",
                {"id": episode.episode_id, "feed": episode.feed_url, "title": episode.title, "at": MORNING},
            )
    outcomes = []
    for outcome in transcribe_episodes(episodes, TalkHistory(warehouse), settings):
        save_outcome(warehouse, outcome, DAY, max_attempts=4)
        outcomes.append(outcome)
    return outcomes


def episodes_with_one_transcript(
    web: Web, network: DemoNetwork, second: str, *, feeds: tuple[str, str] = ("f", "f")
) -> tuple[Episode, Episode]:
    """Two episodes that link Monday's transcript; the audio of the second is ``second``'s."""
    monday = next(e for e in network.shows["five-past-eight"]["episodes"] if MONDAY in e["script"])
    link = TranscriptLink(web.put("/t.vtt", network.transcript(monday, "vtt").encode()), "text/vtt")
    sound = (network.folder / "audio" / f"five-past-eight--{second}.mp3").read_bytes()
    audio = web.put("/2.mp3", sound)
    return (
        Episode("ep_1", feeds[0], "Show", "One", f"{web.url}/1.mp3", None, "", 222.0, "en", (link,)),
        Episode("ep_2", feeds[1], "Show", "Two", audio, None, "", 222.0, "en", (link,)),
    )


def test_an_episode_that_links_anothers_transcript_is_heard(
    web: Web, network: DemoNetwork, warehouse: Warehouse, quick: Settings
) -> None:
    first, second = transcribed(warehouse, quick, *episodes_with_one_transcript(web, network, TUESDAY))
    assert first.transcript
    assert second.transcript
    assert (first.status, first.transcript.source) == ("transcribed", "publisher")
    assert (second.status, second.transcript.source) == ("transcribed", "asr")
    assert "blood pressure" in " ".join(segment.text for segment in second.transcript.segments)
    assert (second.transcript.note or "").startswith("the publisher's transcript is that of ep_1 (similarity 1.00)")
    assert not [path for path in quick.cache.rglob("*") if path.is_file()]


def test_a_rerun_that_links_the_first_ones_transcript_stays_a_duplicate(
    web: Web, network: DemoNetwork, warehouse: Warehouse, quick: Settings
) -> None:
    _, second = transcribed(warehouse, quick, *episodes_with_one_transcript(web, network, MONDAY))
    assert (second.status, second.reason) == ("duplicate", "same talk as ep_1 (similarity 1.00)")


def test_the_same_transcript_in_another_feed_needs_no_hearing(
    web: Web, network: DemoNetwork, warehouse: Warehouse, quick: Settings
) -> None:
    episodes = episodes_with_one_transcript(web, network, MONDAY, feeds=("f", "g"))
    _, second = transcribed(warehouse, quick, *episodes)
    assert second.status == "duplicate"
    assert "/2.mp3" not in [path for path, _ in web.requests]


def test_an_episode_whose_audio_cannot_be_had_is_tried_again(
    web: Web, network: DemoNetwork, warehouse: Warehouse, quick: Settings
) -> None:
    episodes = episodes_with_one_transcript(web, network, TUESDAY)
    del web.routes["/2.mp3"]
    _, second = transcribed(warehouse, quick, *episodes)
    assert (second.status, "404" in (second.reason or "")) == ("failed", True)


def test_a_file_with_all_announced_bytes_is_whole_whatever_length_the_feed_gives(
    web: Web, demo_audio: Path, warehouse: Warehouse, quick: Settings
) -> None:
    _, samples = next(read_pieces(demo_audio, 30))
    body = _flac(samples)
    audio = web.put("/a.flac", body)
    right = Episode("ep_1", "f", "Show", "One", audio, None, "", 1800.0, "en", audio_bytes=len(body))
    (found,) = transcribed(warehouse, quick, right)
    assert found.transcript
    assert found.status == "transcribed"
    assert "s, the feed says 1800 s" in (found.transcript.note or "")
    lacking = Episode(
        "ep_2", "g", "Show", "Two", web.put("/b.flac", body[:-1]), None, "", 1800.0, "en", audio_bytes=10**7
    )
    (found,) = transcribed(warehouse, quick, lacking)
    assert (found.status, "truncated" in (found.reason or "")) == ("failed", True)


def test_a_run_that_raises_leaves_no_download_behind(web: Web, warehouse: Warehouse, quick: Settings) -> None:
    quick.cache.mkdir(parents=True)
    (quick.cache / "audio").write_text("no folder: the disk cannot be written")
    episode = Episode("ep_1", "f", "Show", "One", web.put("/1.mp3", b"sound"), None, "", None, "en")
    others = set(threading.enumerate())
    with pytest.raises(DigestError, match="cannot be stored"):  # whose traceback is kept, as Dagster keeps it
        list(transcribe_episodes([episode, replace(episode, episode_id="ep_2")], TalkHistory(warehouse), quick))
    left = {thread.name for thread in set(threading.enumerate()) - others}
    assert not [name for name in left if "process_request" not in name]


def test_a_cache_that_is_removed_in_the_middle_is_named(
    web: Web, demo_audio: Path, warehouse: Warehouse, quick: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Remover:
        name = key = "remover"

        def transcribe(self, *_: Samples | str | Hints | None) -> tuple[list[Heard], str | None]:
            shutil.rmtree(quick.cache)
            return [], None

    monkeypatch.setattr("digest_pipeline.transcripts.listen.get_transcriber", lambda *_: Remover())
    _, samples = next(read_pieces(demo_audio, 20))
    audio = web.put("/a.flac", _flac(samples))
    with pytest.raises(DigestError, match=r"gone while it is transcribed.*cache"):
        transcribed(warehouse, quick, Episode("ep_1", "f", "Show", "One", audio, None, "", None, "en"))


def test_old_beginnings_are_swept_beside_kept_audio_too(warehouse: Warehouse, quick: Settings) -> None:
    folder = quick.home / "audio"
    folder.mkdir(parents=True)
    old = time.time() - (quick.keep_cache_days + 1) * 86_400
    for name in ("ep_1.audio", "ep_2.audio.part", "ep_2.audio.part.json", "ep_3.audio.part"):
        (folder / name).write_text("sound")
        os.utime(folder / name, (time.time(), time.time() if name.startswith("ep_3") else old))
    assert list(transcribe_episodes([], TalkHistory(warehouse), quick)) == []
    assert {path.name for path in folder.iterdir()} == {"ep_1.audio", "ep_3.audio.part"}


def test_the_share_of_advertisement_of_a_day_is_that_of_its_talk(warehouse: Warehouse) -> None:
    """As in the marts: not the mean of its episodes, of which a short one would count as much as a long one."""
    with warehouse.write() as con:
        add_feeds(con, [Subscription("f")], MORNING)
        for name, spoken, ads in (("short", 100, 50), ("long", 9900, 150), ("without its words", None, None)):
            con.execute(
                "insert into raw.episodes (episode_id, feed_url, title, first_seen_at, digest_date, transcript_urls,"
                " description, status) values (?, 'f', 'T', ?, ?, '[]', '', 'transcribed')",
                [name, MORNING, DAY],
            )
            con.execute(
                "insert into raw.transcripts (episode_id, source, word_count, fingerprint, spoken_seconds, ad_seconds)"
                " values (?, 'publisher', 9, [], ?, ?)",
                [name, spoken, ads],
            )
        report = day_report(con, DAY)
    assert report.ad_share == 0.02
    assert {row[4] for row in report.rows} == {0.5, 150 / 9900, None}
