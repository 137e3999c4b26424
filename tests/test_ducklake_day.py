"""A day of the demo on a DuckLake, beside the same day on a file: a real Postgres holds its catalog, a folder its data."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import nbformat
import pytest
from nbclient import NotebookClient
from typer.testing import CliRunner

from digest_pipeline.bundled import bundled
from digest_pipeline.cli import app
from digest_pipeline.demo import DemoNetwork, serve
from digest_pipeline.errors import WarehouseError
from digest_pipeline.rescore import rescore
from digest_pipeline.settings import Settings, load_settings
from digest_pipeline.snapshot import query
from digest_pipeline.upkeep.leftovers import find_leftovers
from digest_pipeline.warehouse.choice import looking, warehouse_of
from digest_pipeline.warehouse.moving import migrate_to_file, migrate_to_lake
from digest_pipeline.warehouse.schema import keys
from tests.postgres_server import PASSWORD, postgres
from tests.test_notebooks import FOLDER as NOTEBOOKS
from tests.test_notebooks import PLOTLY, PLOTS
from tests.two_stores import a_lake, run_demo, tables, without_audio

pytest.importorskip("duckdb_extension_ducklake", reason="the extra `ducklake` is not installed")

DAY = date(2026, 9, 15)  # the demo's second: it takes the episodes of the first too, so that there are themes


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres() as folder:
        yield folder


class Reader(threading.Thread):
    """Asks the lake as a notebook does, again and again, while a run writes."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings, self.stop = settings, threading.Event()
        self.seen: list[tuple[int, int]] = []
        self.failure: Exception | None = None

    def run(self) -> None:
        while not self.stop.wait(0.5):
            try:
                with looking(self.settings) as con:
                    con.execute("begin transaction")
                    counts = "(select count(*) from raw.transcripts), (select count(*) from raw.digest_items)"
                    self.seen.append(con.execute(f"select {counts}").fetchall()[0])
            except Exception as error:  # noqa: BLE001 - told by the test
                self.failure = error
                return


@dataclass(frozen=True)
class Both:
    """Settings of two homes in which the same day was run, on a file and on a lake, and who read it meanwhile."""

    on_file: Settings
    on_lake: Settings
    reader: Reader


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, server: str) -> Both:
    network = DemoNetwork(bundled("demo"))
    without_audio(network)
    with pytest.MonkeyPatch.context() as patch, serve(network, 0) as base:
        patch.delenv("DAGSTER_HOME", raising=False)
        patch.setenv("DIGEST_HOME", str(tmp_path_factory.mktemp("on-file")))
        on_file = run_demo(network, base, [DAY])
        patch.delenv("DAGSTER_HOME", raising=False)
        patch.setenv("DIGEST_HOME", str(tmp_path_factory.mktemp("on-lake")))
        patch.setenv("DIGEST_WAREHOUSE", a_lake(server, "demo", tmp_path_factory.mktemp("data")))
        on_lake = load_settings()
        with warehouse_of(on_lake).read():
            pass
        reader = Reader(on_lake)
        reader.start()
        try:
            run_demo(network, base, [DAY])
        finally:
            reader.stop.set()
            reader.join()
        return Both(on_file, on_lake, reader)


@pytest.fixture
def on_lake(both: Both, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("DIGEST_HOME", str(both.on_lake.home))
    monkeypatch.setenv("DIGEST_WAREHOUSE", both.on_lake.warehouse.get_secret_value())
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    return both.on_lake


def test_the_demo_on_a_lake_gives_what_it_gives_in_a_file(both: Both) -> None:
    on_file, on_lake = both.on_file, both.on_lake
    with duckdb.connect(str(on_file.database), read_only=True) as con:
        expected = tables(con)
    with looking(on_lake) as con:
        found = tables(con)
    assert list(found) == list(expected)
    assert [name for name in expected if found[name] != expected[name]] == []
    assert len(expected["raw.digest_items"]) >= 5
    assert not on_lake.database.exists()
    assert not on_lake.snapshot.exists()
    pages = [sorted(p.name for p in s.site.rglob("*") if p.is_file()) for s in (on_file, on_lake)]
    assert pages[0] == pages[1]


def test_a_reader_asks_while_the_run_writes(both: Both) -> None:
    reader = both.reader
    assert reader.failure is None
    assert len(reader.seen) > 5
    assert reader.seen == sorted(reader.seen)  # nothing that was seen goes away
    assert any(transcripts and not items for transcripts, items in reader.seen)  # in the middle of the first day


def test_no_key_is_held_twice(both: Both) -> None:
    assert set(keys()) > {"feeds", "episodes", "claim_candidates", "digest_items", "verdicts"}
    assert not find_leftovers(both.on_lake).rows


def test_notebooks_and_commands_ask_the_lake(on_lake: Settings) -> None:
    assert query("select count(*) from marts.daily_top_insights where digest_date = $day", day=DAY).item()
    for command in (["show"], ["status"], ["export", "fct_insights"], ["feeds", "list"], ["search", "battery"]):
        done = CliRunner().invoke(app, command)
        assert done.exit_code in (0, 1), (command, done.output, done.exception)
        assert PASSWORD not in done.output
    claim_id = query("select claim_id from raw.digest_items limit 1").item()
    assert CliRunner().invoke(app, ["verdict", claim_id, "good"]).exit_code == 0
    assert CliRunner().invoke(app, ["verdict", claim_id, "--withdraw"]).exit_code == 0
    page = on_lake.site / "insights" / f"{claim_id}.html"
    shown = page.read_text(encoding="utf-8")
    assert CliRunner().invoke(app, ["retract", claim_id, "--reason", "Wrong."]).exit_code == 0
    assert "Retracted" in page.read_text(encoding="utf-8")
    assert CliRunner().invoke(app, ["retract", claim_id, "--undo"]).exit_code == 0
    assert page.read_text(encoding="utf-8") == shown
    with looking(on_lake) as con, pytest.raises(duckdb.InvalidInputException, match="read-only"):
        con.execute("delete from raw.verdicts")


def test_rescoring_works_on_a_copy(on_lake: Settings) -> None:
    with looking(on_lake) as con:
        before = tables(con, ("raw",))
    ((*compared,),) = rescore([DAY], on_lake)
    assert compared
    with looking(on_lake) as con:
        assert tables(con, ("raw",)) == before


def test_there_and_back_gives_equal_tables(
    both: Both, on_lake: Settings, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_file = both.on_file
    monkeypatch.setenv("DIGEST_WAREHOUSE", a_lake(server, "moved", tmp_path / "data"))
    settings = load_settings(home=tmp_path / "home")
    into_lake = migrate_to_lake(settings, on_file.database)
    into_file = migrate_to_file(settings, tmp_path / "back.duckdb")
    assert into_lake == into_file
    assert into_lake["raw.transcript_segments"] > 50
    with duckdb.connect(str(on_file.database), read_only=True) as con:
        expected = tables(con, ("raw", "marts"))
    with looking(settings) as con:
        assert tables(con, ("raw", "marts")) == expected
    with duckdb.connect(str(tmp_path / "back.duckdb"), read_only=True) as con:
        assert tables(con, ("raw", "marts")) == expected
        assert (
            con.execute("select count(*) from duckdb_constraints() where constraint_type = 'PRIMARY KEY'").fetchall()[
                0
            ][0]
            > 15
        )
    with pytest.raises(WarehouseError, match="not empty"):
        migrate_to_lake(settings, on_file.database)
    with pytest.raises(WarehouseError, match="not empty"):
        migrate_to_file(settings, tmp_path / "back.duckdb")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_notebook_runs_on_the_lake(on_lake: Settings) -> None:
    notebook = nbformat.read(NOTEBOOKS / "insights.ipynb", as_version=4)
    NotebookClient(notebook, timeout=600, kernel_name="python3").execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert sum(PLOTLY in output.get("data", {}) for output in outputs) >= PLOTS["insights"]


def test_it_stands_in_no_file(on_lake: Settings) -> None:
    encoded = on_lake.warehouse.get_secret_value().split("digest:")[1].split("@")[0]
    holding = [
        path
        for path in on_lake.home.rglob("*")
        if path.is_file() and any(word.encode() in path.read_bytes() for word in (PASSWORD, encoded))
    ]
    assert holding == []
