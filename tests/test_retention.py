"""What goes when its days are over, and what died runs and removed feeds left."""

import os
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from digest_pipeline.claims.store import unread_episodes
from digest_pipeline.cli import app
from digest_pipeline.models import Episode
from digest_pipeline.settings import Settings
from digest_pipeline.upkeep.backup import back_up
from digest_pipeline.upkeep.leftovers import find_leftovers
from digest_pipeline.upkeep.retention import Removed, remove_old
from digest_pipeline.warehouse import Warehouse
from tests.lived_in import FIRST, NOW, live_in


@pytest.fixture
def lived_in(settings: Settings, warehouse: Warehouse) -> Settings:
    return live_in(settings, warehouse)


def test_died_runs_and_removed_feeds_leave_nothing_after_a_repair(lived_in: Settings, warehouse: Warehouse) -> None:
    for name in ("digest.snapshot.part", "search.sqlite.part-wal", "minutes.party.txt"):  # the last is somebody's own
        (lived_in.home / name).write_bytes(b"half")
    (lived_in.cache / "rescore-x").mkdir(parents=True)
    with warehouse.write() as con:
        con.execute(
            "insert into raw.transcripts (episode_id, source, word_count, fingerprint) values ('ep_gone', 'asr', 9, [1])"
        )
        con.execute(
            "insert into raw.transcript_segments (episode_id, position, start_seconds, end_seconds, text, is_ad)"
            " values ('ep_gone', 0, 0, 9, 'Words.', false)"
        )
    published = back_up(lived_in, NOW).rows["digest_items"]
    found = find_leftovers(lived_in)
    assert {path.name for path in found.paths} == {"digest.snapshot.part", "search.sqlite.part-wal", "rescore-x"}
    assert found.rows["transcripts"] == 1
    result = CliRunner().invoke(app, ["doctor", "--repair"])
    assert "Removed: 3 files" in result.output
    assert (lived_in.home / "minutes.party.txt").exists()
    assert not find_leftovers(lived_in)
    assert back_up(lived_in, NOW + timedelta(seconds=1)).rows["digest_items"] == published


def test_audio_and_transcripts_go_when_their_days_are_over(lived_in: Settings, warehouse: Warehouse) -> None:
    audio = lived_in.home / "audio"
    (audio / "lost+found").mkdir(parents=True)  # a disk of its own has one
    for name, age in (("old.audio", 40), ("new.audio", 1), ("of mine.txt", 40), ("lost+found", 40)):
        if name != "lost+found":
            (audio / name).write_bytes(b"sound")
        seconds = (NOW - timedelta(days=age)).timestamp()
        os.utime(audio / name, (seconds, seconds))
    with warehouse.write() as con:
        published, died = NOW.date() - timedelta(days=40), NOW.date() - timedelta(days=41)
        con.execute(
            "insert into raw.digests by name (select * replace (? as digest_date) from raw.digests limit 1)",
            [published],
        )
        for episode, day in (("ep_old", published), ("ep_of_a_died_run", died), ("ep_new", NOW.date())):
            con.execute(
                "insert into raw.episodes (episode_id, feed_url, guid, title, published_at, first_seen_at, digest_date,"
                " transcript_urls, description, status) values (?, 'f', ?, 't', now(), now(), ?, '[]', '', 'transcribed')",
                [episode, episode, day],
            )
            con.execute(
                "insert into raw.transcript_segments (episode_id, position, start_seconds, end_seconds, text, is_ad)"
                " values (?, 0, 0, 9, 'Words.', false)",
                [episode],
            )
    assert remove_old(lived_in, NOW) == Removed()
    brief = lived_in.model_copy(update={"keep_audio_days": 30, "keep_transcripts_days": 30})
    assert remove_old(brief, NOW) == Removed(audio_files=1, segments=1)
    assert {path.name for path in audio.iterdir()} == {"new.audio", "of mine.txt", "lost+found"}
    with warehouse.read() as con:
        left = con.execute("select episode_id from raw.transcript_segments where text = 'Words.' order by 1").fetchall()
    assert left == [("ep_new",), ("ep_of_a_died_run",)]


def test_an_episode_whose_transcript_is_gone_is_not_read_anew(lived_in: Settings, warehouse: Warehouse) -> None:
    episodes = [Episode(name, "f", "A", "t", None, None, "", None, "en") for name in ("ep_gone", "ep_kept", "ep_new")]
    with warehouse.write() as con:
        for name in ("ep_gone", "ep_kept"):
            con.execute("insert into raw.extractions values (?, ?, 'the last release', 1, 1, 1, null)", [name, FIRST])
        for name in ("ep_kept", "ep_new"):
            con.execute(
                "insert into raw.transcript_segments (episode_id, position, start_seconds, end_seconds, text, is_ad)"
                " values (?, 0, 0, 9, 'Words.', false)",
                [name],
            )
        assert [e.episode_id for e in unread_episodes(con, episodes, "this release")] == ["ep_kept", "ep_new"]
        assert [e.episode_id for e in unread_episodes(con, episodes, "the last release")] == ["ep_new"]
        assert unread_episodes(con, [], "this release") == []


def test_an_episode_comes_to_its_reading_with_what_its_times_are_worth(warehouse: Warehouse) -> None:
    stored = {"ep_estimated": False, "ep_timed": True, "ep_old": None}
    episodes = [Episode(name, "f", "A", "t", None, None, "", None, "en") for name in stored]
    with warehouse.write() as con:
        for name, has_own_times in stored.items():
            con.execute(
                "insert into raw.transcripts (episode_id, source, word_count, fingerprint, has_own_times)"
                " values (?, 'publisher', 1, [], ?)",
                [name, has_own_times],
            )
            con.execute(
                "insert into raw.transcript_segments (episode_id, position, start_seconds, end_seconds, text, is_ad)"
                " select ?, n, 0, 9, 'Words.', false from range(2) t(n)",
                [name],
            )
        found = {episode.episode_id: episode.has_own_times for episode in unread_episodes(con, episodes, "x")}
    assert found == {"ep_estimated": False, "ep_timed": True, "ep_old": True}
