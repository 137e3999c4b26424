"""Backups: consistent beside a writer, read back, refused when damaged; restored without loss and without a second mail."""

import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import numpy as np
import pytest
from dagster import DagsterInstance
from typer.testing import CliRunner

from bench.published import made_up_archive, publish
from digest_pipeline.claims.store import unread_episodes
from digest_pipeline.cli import app
from digest_pipeline.delivery import ledger
from digest_pipeline.delivery.database import open_delivery
from digest_pipeline.delivery.ledger import Delivery, Outcome
from digest_pipeline.delivery.subscribers import SubscriberBook, new_id
from digest_pipeline.errors import BackupError, SubscriberError, WarehouseError, WarehouseTooNew
from digest_pipeline.models import Episode, Subscriber
from digest_pipeline.publishing.publish import build_again
from digest_pipeline.publishing.store import published_days
from digest_pipeline.settings import Settings
from digest_pipeline.upkeep.backup import DATABASE, SUBSCRIBERS, back_up, latest_backup, read_backup
from digest_pipeline.upkeep.leftovers import find_leftovers
from digest_pipeline.upkeep.restore import restore
from digest_pipeline.upkeep.retention import Removed, remove_old
from digest_pipeline.warehouse import Warehouse
from digest_pipeline.warehouse.schema import migrations

NOW = datetime(2026, 9, 18, 9, 0, tzinfo=UTC)
FIRST = date(2026, 9, 14)


@pytest.fixture
def lived_in(settings: Settings, warehouse: Warehouse) -> Settings:
    """Three published days, two subscribers, settings."""
    chance = np.random.default_rng(1)
    with warehouse.write() as con:
        for digest in made_up_archive(FIRST, 3):
            publish(con, digest, chance)
    with open_delivery(settings.subscribers) as con:
        for name in ("ann", "bob"):
            SubscriberBook(con).save(Subscriber(new_id(), "mail", f"{name}@example.org", is_active=True))
    (settings.home / "digest.toml").write_text("top_n = 5\n")
    build_again(warehouse, settings)
    return settings


def addresses(settings: Settings) -> list[str]:
    with open_delivery(settings.subscribers) as con:
        return [one.address for one in SubscriberBook(con).all()]


def site_of(settings: Settings) -> dict[str, bytes]:
    return {str(p.relative_to(settings.site)): p.read_bytes() for p in settings.site.rglob("*") if p.is_file()}


def test_a_home_that_is_lost_comes_back_whole(lived_in: Settings) -> None:
    made = back_up(lived_in, NOW, into=lived_in.home.parent / "elsewhere")
    before, pages = made.rows, site_of(lived_in)
    lived_in.home.rename(lived_in.home.with_name("lost"))
    done = restore(lived_in, read_backup(made.folder), NOW)
    assert set(done.files) == {DATABASE, SUBSCRIBERS, "digest.toml"}
    assert done.replaced is None
    assert back_up(lived_in, NOW).rows == before
    assert addresses(lived_in) == ["ann@example.org", "bob@example.org"]
    assert site_of(lived_in) == pages
    assert lived_in.subscribers.stat().st_mode & 0o077 == 0


def test_what_was_written_since_is_kept_aside_and_subscribers_stay_as_they_are(
    lived_in: Settings, warehouse: Warehouse
) -> None:
    made = back_up(lived_in, NOW)
    with warehouse.write() as con:
        publish(con, made_up_archive(FIRST, 4)[3], np.random.default_rng(1))
    with open_delivery(lived_in.subscribers) as con:
        SubscriberBook(con).save(Subscriber(new_id(), "mail", "cem@example.org", is_active=True))
    done = restore(lived_in, read_backup(made.folder), NOW)
    assert done.files == (DATABASE,)
    assert done.held == 0
    with warehouse.read() as con:
        assert len(published_days(con)) == 3
    assert done.replaced
    with duckdb.connect(str(done.replaced / DATABASE), read_only=True) as con:
        assert len(published_days(con)) == 4
    assert addresses(lived_in) == ["ann@example.org", "bob@example.org", "cem@example.org"]


def test_after_a_restore_nobody_is_sent_what_they_may_have_got(lived_in: Settings) -> None:
    made = back_up(lived_in, NOW)
    lived_in.subscribers.rename(lived_in.home / "lost")
    later = NOW + timedelta(days=2)
    done = restore(lived_in, read_backup(made.folder), later)
    days = (later.date() - (NOW.date() - timedelta(days=lived_in.mail_days_back))).days
    assert done.held == 2 * days
    with open_delivery(lived_in.subscribers) as con:
        (ann, _) = SubscriberBook(con).active()
        digest = made_up_archive(later.date() - timedelta(days=1), 1)[0]
        assert not ledger.claim(con, Delivery(ann, (digest,)))
        assert ledger.tally(con)[0][2:4] == ("unknown", ledger.RESTORED)


def test_what_waited_in_a_backup_is_not_sent_after_its_ledger_was_lost(lived_in: Settings) -> None:
    digest = made_up_archive(FIRST, 1)[0]
    with open_delivery(lived_in.subscribers) as con:
        (ann, _) = SubscriberBook(con).active()
        ledger.note(con, Delivery(ann, (digest,)), Outcome("waiting"))
    made = back_up(lived_in, NOW)
    lived_in.subscribers.rename(lived_in.home / "lost")
    restore(lived_in, read_backup(made.folder), NOW)
    with open_delivery(lived_in.subscribers) as con:
        assert ledger.statuses(con)[ann.subscriber_id][FIRST] == "unknown"
        assert not ledger.claim(con, Delivery(ann, (digest,)))


def test_the_days_that_a_restore_holds_are_those_of_the_digests_time_zone(lived_in: Settings) -> None:
    far_east = lived_in.model_copy(update={"timezone": "Pacific/Auckland"})
    made = back_up(far_east, NOW)
    lived_in.subscribers.rename(lived_in.home / "lost")
    restore(far_east, read_backup(made.folder), datetime(2026, 9, 19, 19, 0, tzinfo=UTC))  # the 20th there
    with open_delivery(lived_in.subscribers) as con:
        (ann, _) = SubscriberBook(con).active()
        assert max(ledger.statuses(con)[ann.subscriber_id]) == date(2026, 9, 19)


def test_a_restore_heeds_the_settings_that_it_puts_back(lived_in: Settings) -> None:
    (lived_in.home / "digest.toml").write_text('mail_days_back = 9\nsite_title = "Heard today"\n')
    made = back_up(lived_in, NOW)
    for file in (lived_in.home / "digest.toml", lived_in.subscribers):
        file.unlink()
    restore(lived_in, read_backup(made.folder), NOW)
    with open_delivery(lived_in.subscribers) as con:
        (ann, _) = SubscriberBook(con).active()
        assert min(ledger.statuses(con)[ann.subscriber_id]) == NOW.date() - timedelta(days=9)
    assert b"Heard today" in site_of(lived_in)["index.html"]


def test_what_init_and_doctor_made_does_not_keep_a_backup_out(lived_in: Settings) -> None:
    made = back_up(lived_in, NOW, into=lived_in.home.parent / "elsewhere")
    lived_in.home.rename(lived_in.home.with_name("lost"))
    lived_in.home.mkdir()
    (lived_in.home / "digest.toml").write_text("# top_n = 5\n")
    with open_delivery(lived_in.subscribers):
        pass
    done = restore(lived_in, read_backup(made.folder), NOW)
    assert set(done.files) == {DATABASE, SUBSCRIBERS, "digest.toml"}
    assert done.kept == ()
    assert addresses(lived_in) == ["ann@example.org", "bob@example.org"]
    assert (lived_in.home / "digest.toml").read_text() == "top_n = 5\n"


def test_a_damaged_file_of_subscribers_is_named_and_replaced(lived_in: Settings) -> None:
    made = back_up(lived_in, NOW)
    lived_in.subscribers.write_bytes(b"no database at all" * 1000)
    with pytest.raises(SubscriberError, match=r"damaged.*digest restore"):
        addresses(lived_in)
    done = restore(lived_in, read_backup(made.folder), NOW)
    assert SUBSCRIBERS in done.files
    assert done.held > 0
    assert addresses(lived_in) == ["ann@example.org", "bob@example.org"]


def test_backups_may_lie_on_another_disk(lived_in: Settings) -> None:
    shared_memory = Path("/dev/shm")
    if not shared_memory.exists() or shared_memory.stat().st_dev == lived_in.home.stat().st_dev:
        pytest.skip("there is no other file system here")
    with TemporaryDirectory(dir=shared_memory) as elsewhere:
        lived_in.backups.symlink_to(elsewhere)
        made = back_up(lived_in, NOW)
        done = restore(lived_in, read_backup(made.folder), NOW)
        assert done.replaced
        assert (done.replaced / DATABASE).exists()


def test_a_restore_that_dies_and_is_done_again_holds_all_the_same(
    lived_in: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = back_up(lived_in, NOW)
    lived_in.subscribers.rename(lived_in.home / "lost")

    rename = Path.rename

    def dies_when_subscribers_are_in_place(path: Path, target: Path) -> Path:
        renamed = rename(path, target)
        if target == lived_in.subscribers:
            raise KeyboardInterrupt
        return renamed

    monkeypatch.setattr(Path, "rename", dies_when_subscribers_are_in_place)
    with pytest.raises(KeyboardInterrupt):
        restore(lived_in, read_backup(made.folder), NOW)
    monkeypatch.undo()
    assert restore(lived_in, read_backup(made.folder), NOW).held == 0
    with open_delivery(lived_in.subscribers) as con:
        (ann, _) = SubscriberBook(con).active()
        assert not ledger.claim(con, Delivery(ann, (made_up_archive(NOW.date() - timedelta(days=1), 1)[0],)))


def test_restored_subscribers_do_not_forget_who_left_and_what_was_sent(lived_in: Settings) -> None:
    made = back_up(lived_in, NOW)
    digest = made_up_archive(FIRST, 1)[0]
    with open_delivery(lived_in.subscribers) as con:
        ann, bob = SubscriberBook(con).active()
        ledger.claim(con, Delivery(ann, (digest,)))
        ledger.finish(con, Delivery(ann, (digest,)), Outcome("sent"))
        SubscriberBook(con).erase(bob.subscriber_id, suppress=True)
    restore(lived_in, read_backup(made.folder), NOW, subscribers=True)
    assert addresses(lived_in) == ["ann@example.org"]
    with open_delivery(lived_in.subscribers) as con:
        assert ledger.statuses(con)[ann.subscriber_id][FIRST] == "sent"
        assert ledger.delivered_claims(con, ann.subscriber_id) == {item.claim_id for item in digest.items}


def test_a_backup_is_consistent_beside_a_process_that_writes(lived_in: Settings) -> None:
    """Each transaction of the writer adds a row to two tables."""
    code = (
        "import sys; from pathlib import Path; from digest_pipeline.warehouse import Warehouse\n"
        "warehouse, number = Warehouse(Path(sys.argv[1])), 0\n"
        "while True:\n"
        "    with warehouse.write() as con:\n"
        "        con.execute('insert into raw.llm_replies values (?, ?)', [f'k{number}', 'r'])\n"
        "        con.execute('insert into raw.claim_embeddings values (?, ?, [1.0], 0.8)', [f'c{number}', 'writer'])\n"
        "    number += 1\n"
        "    print(number, flush=True)\n"
    )
    command = [sys.executable, "-c", code, str(lived_in.database)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        assert writer.stdout
        writer.stdout.readline()
        rows = [back_up(lived_in, NOW + timedelta(seconds=n)).rows for n in range(3)]
        writer.kill()
    last = back_up(lived_in, NOW + timedelta(seconds=3)).rows
    others = last["claim_embeddings"] - last["llm_replies"]
    assert {found["claim_embeddings"] - found["llm_replies"] for found in rows} == {others}
    with pytest.raises(BackupError, match="is there already"):
        back_up(lived_in, NOW)
    assert rows[0]["llm_replies"] > 0


def test_a_damaged_backup_changes_nothing(lived_in: Settings, tmp_path: Path) -> None:
    made = back_up(lived_in, NOW)
    content = bytearray((made.folder / DATABASE).read_bytes())
    content[len(content) // 2] ^= 0xFF
    (made.folder / DATABASE).write_bytes(content)
    with pytest.raises(BackupError, match="missing or damaged"):
        read_backup(made.folder)
    with pytest.raises(BackupError, match="is no backup"):
        read_backup(tmp_path)
    result = CliRunner().invoke(app, ["restore", str(made.folder)])
    assert result.exit_code == 1
    assert isinstance(result.exception, BackupError)


def test_a_backup_of_a_later_release_is_refused(lived_in: Settings, warehouse: Warehouse) -> None:
    made = back_up(lived_in, NOW)
    with duckdb.connect(str(made.folder / DATABASE)) as con:
        con.execute("insert into raw.migrations values (999, '999_future.sql', now())")
    with pytest.raises(WarehouseTooNew, match="made the backup"):
        restore(lived_in, made, NOW)
    with warehouse.read() as con:
        assert len(published_days(con)) == 3


def test_only_the_last_backups_stay_and_a_dead_one_does_not_count(lived_in: Settings) -> None:
    few = lived_in.model_copy(update={"keep_backups": 2})
    (few.backups / "2026-09-01T000000Z.part").mkdir(parents=True)
    made = [back_up(few, NOW + timedelta(days=n)).folder for n in range(4)]
    assert [folder for folder in made if folder.exists()] == made[2:]
    assert latest_backup(few) == made[3]
    assert json.loads((made[3] / "manifest.json").read_text())["rows"]["digests"] == 3


def test_a_database_is_copied_before_a_migration(settings: Settings) -> None:
    number, name, sql = migrations()[0]
    settings.home.mkdir(parents=True)
    with duckdb.connect(str(settings.database)) as con:
        con.execute(
            "create schema raw; create table raw.migrations (number integer, name varchar, applied_at timestamp)"
        )
        con.execute(sql)
        con.execute("insert into raw.migrations values (?, ?, now())", [number, name])
    with Warehouse(settings.database).read():
        pass
    (copy,) = settings.home.glob("digest.before-*.duckdb")
    assert copy.name == "digest.before-002.duckdb"
    with duckdb.connect(str(copy), read_only=True) as con:
        assert con.execute("select max(number) from raw.migrations").fetchall() == [(1,)]
    with Warehouse(settings.database).read():
        pass
    assert len(list(settings.home.glob("digest.before-*"))) == 1


def test_the_commands_say_where_and_what_next(lived_in: Settings) -> None:
    runner = CliRunner()
    made = runner.invoke(app, ["backup"])
    assert made.exit_code == 0, made.output
    assert "rows read back" in made.output
    folder = latest_backup(lived_in)
    assert folder
    restored = runner.invoke(app, ["restore", str(folder)])
    assert restored.exit_code == 0, restored.output
    assert "Replaced:" in restored.output


def test_a_home_without_a_database_is_not_backed_up(settings: Settings) -> None:
    result = CliRunner().invoke(app, ["backup"])
    assert isinstance(result.exception, WarehouseError)
    assert not settings.home.exists()


def test_died_runs_and_removed_feeds_leave_nothing_after_a_repair(lived_in: Settings, warehouse: Warehouse) -> None:
    (lived_in.home / "digest.snapshot.part").write_bytes(b"half")
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
    assert {path.name for path in found.paths} == {"digest.snapshot.part", "rescore-x"}
    assert found.rows["transcripts"] == 1
    result = CliRunner().invoke(app, ["doctor", "--repair"])
    assert "Removed: 2 files" in result.output
    assert not find_leftovers(lived_in)
    assert back_up(lived_in, NOW + timedelta(seconds=1)).rows["digest_items"] == published


def test_audio_and_transcripts_go_when_their_days_are_over(lived_in: Settings, warehouse: Warehouse) -> None:
    audio = lived_in.home / "audio"
    audio.mkdir()
    for name, age in (("old", 40), ("new", 1)):
        (audio / name).write_bytes(b"sound")
        seconds = (NOW - timedelta(days=age)).timestamp()
        os.utime(audio / name, (seconds, seconds))
    with warehouse.write() as con:
        for episode, day in (("ep_old", NOW.date() - timedelta(days=40)), ("ep_new", NOW.date())):
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
    assert [path.name for path in audio.iterdir()] == ["new"]
    with warehouse.read() as con:
        left = con.execute("select episode_id from raw.transcript_segments where text = 'Words.'").fetchall()
    assert left == [("ep_new",)]


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


def test_the_upkeep_job_backs_up(lived_in: Settings) -> None:
    from digest_pipeline.definitions import build_defs  # prepares dbt's manifest, in the home that is set by now

    with DagsterInstance.ephemeral() as instance:
        assert build_defs().resolve_job_def("upkeep_job").execute_in_process(instance=instance).success
    assert latest_backup(lived_in)
