"""Days scored anew from stored claims: equal settings choose the same, others differ, and nothing that is stored changes."""

import hashlib
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest
from typer.testing import CliRunner

from digest_pipeline.cli import app
from digest_pipeline.errors import DigestError
from digest_pipeline.models import Digest
from digest_pipeline.publishing.store import record_digest
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse import Warehouse


def test_equal_settings_choose_what_was_published(
    demo: Settings, demo_insights: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGEST_HOME", str(demo.home))
    before = hashlib.sha256(demo.database.read_bytes()).hexdigest()
    result = CliRunner().invoke(app, ["rescore", "--from", "2026-09-14", "--to", "2026-09-17"])
    assert result.exit_code == 0, result.output
    assert f"{demo_insights} of {demo_insights} published insights would be chosen again" in result.output
    assert hashlib.sha256(demo.database.read_bytes()).hexdigest() == before
    assert list(demo.cache.glob("rescore-*")) == []


def test_other_weights_are_compared_claim_by_claim(
    demo: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DIGEST_HOME", str(demo.home))
    monkeypatch.setenv("DIGEST_SCORE_WEIGHTS__NOVELTY", "1.5")
    file = tmp_path / "comparison.csv"
    result = CliRunner().invoke(app, ["rescore", "--from", "2026-09-16", "--to", "2026-09-17", "-o", str(file)])
    assert result.exit_code == 0, result.output
    rows = pl.read_csv(file, try_parse_dates=True)
    assert set(rows["digest_date"]) == {date(2026, 9, 16), date(2026, 9, 17)}
    with duckdb.connect(str(demo.database), read_only=True) as con:
        published = con.execute("select count(*) from raw.digest_items where digest_date >= '2026-09-16'").fetchall()
    assert [(rows["published_rank"].count(),)] == published
    dropped = rows.filter(pl.col("rank").is_null())
    assert len(dropped)
    assert dropped["reason"].str.len_chars().min()
    assert len(rows) == rows["rank"].count() + len(dropped)


def test_a_day_without_claims_is_passed_over(settings: Settings, warehouse: Warehouse) -> None:
    with warehouse.write() as con:
        record_digest(con, Digest(date(2026, 9, 14), ()))
    result = CliRunner().invoke(app, ["rescore", "--from", "2026-09-14"])
    assert result.exit_code == 0, result.output
    assert "0 of 0 published insights" in result.output


def test_a_comparison_that_cannot_be_written_is_no_work_of_hours(settings: Settings, warehouse: Warehouse) -> None:
    with warehouse.write() as con:
        for day in (14, 15):
            record_digest(con, Digest(date(2026, 9, day), ()))
    run, file = CliRunner(), settings.home / "comparisons" / "days.csv"
    asked = ["rescore", "--from", "2026-09-14", "--to", "2026-09-15", "-o", str(file)]
    result = run.invoke(app, asked)
    assert isinstance(result.exception, FileNotFoundError)
    assert result.output.count("score 1/1") == 1
    file.parent.mkdir()
    assert run.invoke(app, asked).exit_code == 0
    assert file.exists()


def test_a_day_that_was_never_scored_is_named(demo: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGEST_HOME", str(demo.home))
    result = CliRunner().invoke(app, ["rescore", "--from", "2026-09-10"])
    assert isinstance(result.exception, DigestError)
    assert "scored days: 2026-09-14 to 2026-09-17" in str(result.exception)
