"""Backups: consistent beside a writer, read back, refused when damaged, the oldest removed."""

import json
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from dagster import DagsterInstance
from typer.testing import CliRunner

from digest_pipeline.cli import app
from digest_pipeline.errors import BackupError, WarehouseError
from digest_pipeline.settings import Settings
from digest_pipeline.upkeep.backup import DATABASE, MANIFEST, back_up, latest_backup, read_backup
from digest_pipeline.warehouse import Warehouse
from digest_pipeline.warehouse.schema import migrations, newest_applied
from tests.lived_in import NOW, live_in


@pytest.fixture
def lived_in(settings: Settings, warehouse: Warehouse) -> Settings:
    return live_in(settings, warehouse)


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


def test_a_backup_is_the_files_of_its_manifest_and_is_read_from_where_nothing_can_be_written(
    lived_in: Settings, tmp_path: Path
) -> None:
    made = back_up(lived_in, NOW)
    names = {*made.sha256, MANIFEST}
    assert {path.name for path in made.folder.iterdir()} == names
    archived = tmp_path / "read #1 only?"  # marks that an address gives a meaning
    archived.mkdir()
    for name in names:
        shutil.copyfile(made.folder / name, archived / name)
    assert read_backup(archived).rows == made.rows
    assert {path.name for path in archived.iterdir()} == names


def test_only_the_last_backups_stay_and_a_dead_one_does_not_count(lived_in: Settings) -> None:
    few = lived_in.model_copy(update={"keep_backups": 2})
    (few.backups / "2026-09-01T000000Z.part").mkdir(parents=True)
    made = [back_up(few, NOW + timedelta(days=n)).folder for n in range(4)]
    assert [folder for folder in made if folder.exists()] == made[2:]
    assert latest_backup(few) == made[3]
    assert json.loads((made[3] / "manifest.json").read_text())["rows"]["digests"] == 3


def test_a_backup_is_never_the_one_that_goes_whatever_the_clock_said_before(lived_in: Settings) -> None:
    few, made = lived_in.model_copy(update={"keep_backups": 2}), []
    for days in (0, 1, -40, 41, 42, 2, 3):
        made.append(back_up(few, NOW + timedelta(days=days)).folder)
        assert made[-1].exists()
    assert sorted(few.backups.iterdir()) == made[-2:]


def test_a_backup_that_was_renamed_stays_and_is_not_taken_for_the_newest(lived_in: Settings) -> None:
    few = lived_in.model_copy(update={"keep_backups": 2})
    renamed = few.backups / "before-upgrade"
    back_up(few, NOW).folder.rename(renamed)
    made = [back_up(few, NOW + timedelta(days=n)).folder for n in range(1, 4)]
    assert sorted(few.backups.iterdir()) == [*made[1:], renamed]
    assert latest_backup(few) == made[2]


def database_of_release(file: Path, number: int) -> None:
    """An empty database with the first migrations, so many."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(file)) as con:
        con.execute(
            "create schema raw; create table raw.migrations (number integer, name varchar, applied_at timestamp)"
        )
        for step, name, sql in migrations()[:number]:
            con.execute(sql)
            con.execute("insert into raw.migrations values (?, ?, now())", [step, name])


def copies(settings: Settings) -> dict[str, int]:
    """By name: the last migration of each copy that an upgrade made."""
    found = {}
    for copy in sorted(settings.home.glob("digest.before-*")):
        with duckdb.connect(str(copy), read_only=True) as con:
            found[copy.name] = newest_applied(con) or 0
    return found


def test_a_database_is_copied_before_a_migration(settings: Settings) -> None:
    database_of_release(settings.database, 1)
    for _ in range(2):
        with Warehouse(settings.database).read():
            pass
        assert copies(settings) == {"digest.before-002.duckdb": 1}


def test_an_upgrade_without_room_for_the_copy_says_so_and_changes_nothing(settings: Settings) -> None:
    database_of_release(settings.database, 1)
    (settings.home / "digest.before-002.part").symlink_to("/dev/full")
    with pytest.raises(WarehouseError, match=r"earlier release .*No space left.*make room"):
        Warehouse(settings.database).snapshot_to(settings.snapshot)
    with duckdb.connect(str(settings.database)) as con:
        assert newest_applied(con) == 1


def test_an_upgrade_that_dies_halfway_and_goes_on_keeps_the_database_of_the_release_before(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    database_of_release(settings.database, 11)
    for old in ("digest.before-005.duckdb", "digest.before-008.duckdb"):
        database_of_release(settings.home / old, 1)
    steps = migrations()
    dies = [*steps[:12], (13, "013_dies.sql", "select error('no room')"), *steps[13:]]
    with monkeypatch.context() as patch, pytest.raises(duckdb.Error, match="no room"):
        patch.setattr("digest_pipeline.warehouse.schema.migrations", lambda: dies)
        with Warehouse(settings.database).read():
            pass
    with Warehouse(settings.database).read() as con:
        assert newest_applied(con) == steps[-1][0]
    assert copies(settings) == {"digest.before-012.duckdb": 11, "digest.before-013.duckdb": 12}


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


def test_the_upkeep_job_backs_up(lived_in: Settings) -> None:
    from digest_pipeline.definitions import build_defs  # prepares dbt's manifest, in the home that is set by now

    with DagsterInstance.ephemeral() as instance:
        assert build_defs().resolve_job_def("upkeep_job").execute_in_process(instance=instance).success
    assert latest_backup(lived_in)
