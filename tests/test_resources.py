"""What the definitions stand on: dbt's manifest is whole or not there, and failed steps say why in a line."""

import os
import resource
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from digest_pipeline import resources
from digest_pipeline.errors import DigestError
from digest_pipeline.failures import _reason
from digest_pipeline.settings import Settings, load_settings


class DyingDbt:
    """In the place of the command: a disk that is full when half the manifest is written cannot be had on demand."""

    def cli(self, arguments: list[str], *, manifest: object, target_path: Path) -> "DyingDbt":
        target_path.mkdir(parents=True)
        (target_path / "manifest.json").write_text('{"metadata": {')
        return self

    def wait(self) -> None:
        raise RuntimeError("No space left on device")


def test_half_a_manifest_is_never_taken_for_one(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "dbt_resource", DyingDbt)
    with pytest.raises(RuntimeError):
        resources.dbt_project.__wrapped__()
    assert list((settings.home / "dbt").glob("*.json")) == []


def test_what_keeps_dbt_from_its_models_is_said_in_a_line(
    settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))  # like a full disk, for dbt that inherits it
    try:
        with pytest.raises(DigestError, match=r"^dbt cannot read its models: OSError: .*File too large \(make room"):
            resources.dbt_project.__wrapped__()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "Traceback" not in "".join(capfd.readouterr())
    assert not (settings.home / "dbt/manifest.json").exists()


def test_the_manifest_of_another_release_is_replaced_whatever_the_times_of_files(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[int] = []

    class CountingDbt(DyingDbt):
        def cli(self, arguments: list[str], *, manifest: object, target_path: Path) -> "CountingDbt":
            parsed.append(1)
            target_path.mkdir(parents=True, exist_ok=True)
            (target_path / "manifest.json").write_text(str(len(parsed)))
            return self

        def wait(self) -> None:
            pass

    monkeypatch.setattr(resources, "dbt_resource", CountingDbt)
    manifest, made_of = resources.dbt_project.__wrapped__().manifest_path, settings.home / "dbt/manifest.sources"
    os.utime(manifest, (0, 0))  # copied, or put back
    resources.dbt_project.__wrapped__()
    assert (manifest.read_text(), made_of.read_text()) == ("1", resources.dbt_sources_hash())
    monkeypatch.setattr(resources, "dbt_sources_hash", lambda: "another release")  # its image is older than the home
    resources.dbt_project.__wrapped__()
    assert (manifest.read_text(), made_of.read_text()) == ("2", "another release")
    made_of.unlink()  # of a release that left none, or by a parse that died between its two files
    resources.dbt_project.__wrapped__()
    assert (manifest.read_text(), made_of.read_text()) == ("3", "another release")


def test_models_under_another_name_are_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "bundled", lambda _: tmp_path)
    (tmp_path / "a.sql").write_text("select 1")
    before = resources.dbt_sources_hash()
    (tmp_path / "a.sql").rename(tmp_path / "b.sql")
    assert resources.dbt_sources_hash() != before


def test_dbt_is_started_once_for_a_command(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    started, noting = tmp_path / "started", tmp_path / "dbt"
    noting.write_text(f'#!/bin/sh\necho "$*" >> {started}\nexec {resources.DBT_EXECUTABLE} "$@"\n')
    noting.chmod(0o755)
    monkeypatch.setattr(resources, "DBT_EXECUTABLE", noting)
    monkeypatch.setenv(resources.DATABASE_VARIABLE, str(settings.database))
    done = resources.dbt_resource().cli(["parse", "--quiet"], manifest={}, target_path=tmp_path / "target").wait()
    assert done.is_successful()
    assert len(started.read_text().splitlines()) == 1, "dagster-dbt asks for the version elsewhere now"


@pytest.mark.parametrize("warehouse", ["", "ducklake:postgresql://nobody@127.0.0.1/none?data=/none"])
def test_the_first_build_parses_nothing_anew(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, warehouse: str
) -> None:
    for variable in (resources.DATABASE_VARIABLE, resources.TARGET_VARIABLE):
        monkeypatch.setenv(variable, "of another home")
    if warehouse:
        monkeypatch.setenv("DIGEST_WAREHOUSE", warehouse)
    project = resources.dbt_project.__wrapped__()
    os.environ.update(resources.dbt_environment(resources.warehouse_resource(load_settings())))
    listing = resources.dbt_resource().cli(["ls"], manifest={}, target_path=resources.build_folder(project))
    said = " ".join(str(event.raw_event["info"]["msg"]) for event in listing.stream_raw_events())
    assert "Running with dbt" in said
    assert "partial parsing" not in said


def failure(message: str) -> Any:
    return SimpleNamespace(error=SimpleNamespace(message=message, cause=None))


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("ValueError: no\nmore\n", "ValueError: no"),
        (
            (
                "DagsterDbtCliRuntimeError: The dbt CLI process with command\n\n`dbt build`\n\nfailed.\n\n"
                "Errors parsed from dbt logs:\n\nRuntime Error in model dim_shows (models/dim_shows.sql)\n  Binder Error: x\n"
            ),
            "Runtime Error in model dim_shows (models/dim_shows.sql): Binder Error: x",
        ),
        (
            "OperationalError: database or disk is full",
            (
                "the disk is full: OperationalError: database or disk is full"
                " (make room and run the day again; what is done is kept)"
            ),
        ),
        ("", "failed; the Dagster UI has the trace"),
    ],
)
def test_the_reason_of_a_failed_step_fits_a_line(message: str, said: str) -> None:
    assert _reason(failure(message)) == said
