"""Who may work in a home folder: a restore and a sweep never meet a step of Dagster's, or a delivery."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from digest_pipeline import automation
from digest_pipeline.cli import app
from digest_pipeline.home_lock import alone, in_use
from digest_pipeline.resources import SettingsResource
from digest_pipeline.settings import Settings
from digest_pipeline.upkeep.backup import back_up
from digest_pipeline.upkeep.retention import Removed
from digest_pipeline.warehouse import Warehouse

STEP = """
import sys
from dagster import asset, materialize
from digest_pipeline.resources import WarehouseResource, warehouse_resource
from digest_pipeline.settings import load_settings

@asset
def waits(warehouse: WarehouseResource) -> None:
    print("began", flush=True)
    sys.stdin.readline()

materialize([waits], resources={"warehouse": warehouse_resource(load_settings())})
"""


@contextmanager
def step_of_another_process() -> Iterator[subprocess.Popen[str]]:
    """A run of Dagster that no ``digest run`` started, in the middle of a step."""
    with subprocess.Popen(
        [sys.executable, "-c", STEP],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as child:
        assert child.stdout
        assert child.stdout.readline() == "began\n"
        try:
            yield child
        finally:
            child.kill()


@pytest.mark.parametrize("command", [["restore", "{backup}"], ["doctor", "--repair"]], ids=lambda words: words[0])
def test_neither_restore_nor_sweep_meets_a_step_of_dagsters(
    command: list[str], settings: Settings, warehouse: Warehouse
) -> None:
    with warehouse.write():
        pass
    runner = CliRunner()
    assert runner.invoke(app, ["backup"]).exit_code == 0
    (backup,) = settings.backups.iterdir()
    words = [word.format(backup=backup) for word in command]
    with step_of_another_process():
        refused = runner.invoke(app, words)
        with in_use(settings.home):  # others go on
            pass
    assert "a step of a Dagster run" in str(refused.exception)
    done = runner.invoke(app, words)  # the step's process was killed
    assert "Restored" in done.output or "Removed" in done.output


def test_a_delivery_waits_for_the_end_of_a_restore(settings: Settings, warehouse: Warehouse) -> None:
    with warehouse.write():
        pass
    command = [sys.executable, "-m", "digest_pipeline.cli", "deliver"]
    with alone(settings.home), pytest.raises(subprocess.TimeoutExpired):
        sender = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        sender.wait(10)
    said, _ = sender.communicate(timeout=60)
    assert (sender.returncode, said) == (0, "What is due: no active subscribers\n")


ALONE = """
import sys
from pathlib import Path
from digest_pipeline.home_lock import alone

with alone(Path(sys.argv[1])):
    print("alone", flush=True)
    sys.stdin.readline()
"""


def test_a_backup_waits_for_the_end_of_a_sweep(settings: Settings, warehouse: Warehouse) -> None:
    """Which would take it for what a died one left."""
    with warehouse.write():
        pass
    command = [sys.executable, "-c", ALONE, str(settings.home)]
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as sweep,
        ThreadPoolExecutor(1) as threads,
    ):
        assert sweep.stdout
        assert sweep.stdout.readline() == "alone\n"
        backup = threads.submit(back_up, settings, datetime(2026, 9, 18, 9, tzinfo=UTC))
        with pytest.raises(TimeoutError):
            backup.result(5)
        sweep.communicate("\n")
        assert backup.result(60).folder.exists()


def test_no_sweep_begins_while_upkeep_removes_what_is_old(
    settings: Settings, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweeps: list[subprocess.CompletedProcess[str]] = []

    def remove_slowly(config: Settings, now: datetime) -> Removed:
        command = [sys.executable, "-c", ALONE, str(config.home)]
        sweeps.append(subprocess.run(command, input="", capture_output=True, text=True, check=False))
        return Removed()

    with warehouse.write():
        pass
    monkeypatch.setattr(automation, "remove_old", remove_slowly)
    assert automation.upkeep_job.execute_in_process(resources={"settings": SettingsResource()}).success
    (sweep,) = sweeps
    assert "a backup is going on" in sweep.stderr
