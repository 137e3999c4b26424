"""The units of ``deploy/systemd``, as systemd itself reads and rates them."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from digest_pipeline.settings import Settings

UNITS = Path(__file__).resolve().parents[1] / "deploy" / "systemd"
SERVICES = sorted(path.name for path in UNITS.glob("*.service"))
EXPOSURE = 20  # tenths: 2.0 of 10; systemd calls 5.0 and more "MEDIUM" and 9.0 "UNSAFE"
INSTALLED = "/opt/digest/.venv/bin/digest"


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units with the path of this environment's interpreter, since `verify` looks for the program."""
    folder = tmp_path / "units"
    shutil.copytree(UNITS, folder)
    for service in folder.glob("*.service"):
        text = service.read_text()
        assert text.count(INSTALLED) == 1
        service.write_text(text.replace(INSTALLED, sys.executable))
    return folder


def analyze(*arguments: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd is not installed here: there is no systemd-analyze")
    environment = {**os.environ, "SYSTEMD_UNIT_PATH": f"{folder}:", "SYSTEMD_PAGER": ""}
    return subprocess.run(
        ["systemd-analyze", *arguments], cwd=folder, env=environment, check=False, capture_output=True, text=True
    )


def test_systemd_finds_no_fault_in_the_units(units: Path) -> None:
    files = [str(path) for kind in ("service", "timer") for path in sorted(units.glob(f"*.{kind}"))]
    done = analyze("verify", *files, folder=units)
    assert done.returncode == 0, done.stderr
    assert str(units) not in done.stderr  # a key that it does not know is a warning that names the file


def test_a_fault_would_be_found(units: Path) -> None:
    service = units / "digest-run.service"
    service.write_text(service.read_text() + "ProtectSytem=strict\n")
    assert "ProtectSytem" in analyze("verify", str(service), folder=units).stderr


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_few_rights(units: Path, name: str) -> None:
    done = analyze("security", "--offline=true", f"--threshold={EXPOSURE}", str(units / name), folder=units)
    assert done.returncode == 0, done.stdout
    assert "Overall exposure level" in done.stdout


def test_without_the_shared_file_a_service_would_be_refused(units: Path) -> None:
    shutil.rmtree(units / "digest-.service.d")
    arguments = ["security", "--offline=true", f"--threshold={EXPOSURE}", str(units / "digest-run.service")]
    assert analyze(*arguments, folder=units).returncode != 0


def test_the_web_service_is_shown_what_it_serves_and_no_other_file_of_a_fixed_name(settings: Settings) -> None:
    unit = (UNITS / "digest-serve.service").read_text()
    hidden = set(re.findall(r"^InaccessiblePaths=-/var/lib/digest/(.+)$", unit, re.MULTILINE))
    kept = (settings.database, settings.snapshot, settings.backups, settings.models, settings.cache)
    others = {"search.sqlite", "digest.duckdb.wal", "dagster", "dbt", "audio", "log.jsonl", "run.log", "alerted.json"}
    assert hidden == {path.name for path in kept} | others
    page = (UNITS.parents[1] / "docs" / "deployment.md").read_text(encoding="utf-8")
    assert "`digest.before-NNN.duckdb`" in page, "no pattern can hide it"


def test_every_timer_has_its_service_and_every_command_exists() -> None:
    timers = {path.stem for path in UNITS.glob("*.timer")}
    assert timers == {"digest-run", "digest-deliver"}
    assert timers < {Path(name).stem for name in SERVICES}
    for name in SERVICES:
        found = re.search(rf"^ExecStart={INSTALLED} (.+)$", (UNITS / name).read_text(), re.MULTILINE)
        assert found
        done = subprocess.run(
            [sys.executable, "-m", "digest_pipeline.cli", found[1].split()[0], "--help"],
            check=True, capture_output=True, text=True, env={**os.environ, "COLUMNS": "200"},
        )  # fmt: skip
        for option in re.findall(r"--[a-z]+", found[1]):
            assert option in done.stdout
