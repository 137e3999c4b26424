"""The warehouse as a DuckLake: a real Postgres holds its catalog, a folder its data."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import nbformat
import psycopg2
import pytest
from nbclient import NotebookClient
from typer.testing import CliRunner

from digest_pipeline.bundled import bundled
from digest_pipeline.cli import app
from digest_pipeline.cli.setup import _database
from digest_pipeline.demo import DemoNetwork, serve
from digest_pipeline.errors import SettingsError, WarehouseConflict, WarehouseError
from digest_pipeline.lake_address import LakeAddress
from digest_pipeline.rescore import rescore
from digest_pipeline.settings import Settings, load_settings
from digest_pipeline.snapshot import query
from digest_pipeline.upkeep.backup import back_up, read_backup
from digest_pipeline.upkeep.leftovers import find_leftovers, remove_leftovers
from digest_pipeline.upkeep.restore import restore
from digest_pipeline.warehouse import Warehouse
from digest_pipeline.warehouse.choice import looking, warehouse_of
from digest_pipeline.warehouse.copying import migrate_to_file, migrate_to_lake
from digest_pipeline.warehouse.schema import keys, migrate, migrations, without_keys
from tests.postgres_server import PASSWORD, postgres, server_address
from tests.test_notebooks import FOLDER as NOTEBOOKS
from tests.test_notebooks import PLOTLY, PLOTS
from tests.two_stores import a_lake, run_demo, tables, without_audio

pytest.importorskip("duckdb_extension_ducklake", reason="the extra `ducklake` is not installed")

NOW = datetime(2026, 9, 20, 9, tzinfo=UTC)
DAY = date(2026, 9, 15)  # the demo's second: it takes the episodes of the first too, so that there are themes
INSERT = "insert into raw.llm_replies values (?, 'reply')"


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
def empty(settings: Settings, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a home whose lake is not there yet."""
    name = f"lake_{abs(hash(str(tmp_path)))}"
    monkeypatch.setenv("DIGEST_WAREHOUSE", a_lake(server, name, tmp_path / "data"))
    return load_settings()


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


def test_the_command_copies_into_what_is_empty_only(empty: Settings, tmp_path: Path) -> None:
    def migrate_store(*arguments: str) -> tuple[str, str]:
        done = CliRunner().invoke(app, ["migrate-store", *arguments])
        return done.output, str(done.exception)

    assert "no database at" in migrate_store("lake")[1]
    with Warehouse(empty.database).write() as con:
        con.execute(INSERT, ["key"])
    assert "1 rows of" in migrate_store("lake")[0]
    assert "not empty" in migrate_store("lake")[1]
    assert "not empty" in migrate_store("file")[1]
    assert "1 rows of" in migrate_store("file", "--file", str(tmp_path / "it's.duckdb"))[0]
    with Warehouse(tmp_path / "it's.duckdb").read() as con:
        assert con.execute("from raw.llm_replies").fetchall() == [("key", "reply")]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_notebook_runs_on_the_lake(on_lake: Settings) -> None:
    notebook = nbformat.read(NOTEBOOKS / "insights.ipynb", as_version=4)
    NotebookClient(notebook, timeout=600, kernel_name="python3").execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert sum(PLOTLY in output.get("data", {}) for output in outputs) >= PLOTS["insights"]


def test_a_backup_of_a_lake_is_a_file_and_goes_back_into_it(empty: Settings) -> None:
    warehouse = warehouse_of(empty)
    with warehouse.write() as con:
        con.execute(INSERT, ["kept"])
    made = back_up(empty, NOW)
    assert read_backup(made.folder).rows["llm_replies"] == 1
    with warehouse.write() as con:
        con.execute("delete from raw.llm_replies")
        con.execute(INSERT, ["later"])
    restore(empty, made, NOW)
    with looking(empty) as con:
        assert con.execute("select cache_key from raw.llm_replies").fetchall() == [("kept",)]
        ((before,),) = con.execute("select max(snapshot_id) - 1 from ducklake_snapshots('digest')").fetchall()
        earlier = con.execute(f"select cache_key from raw.llm_replies at (version => {before})").fetchall()
        assert earlier == [("later",)]
    assert not empty.database.exists()
    assert not find_leftovers(empty)


def test_a_writer_killed_in_a_transaction_leaves_nothing(empty: Settings) -> None:
    warehouse = warehouse_of(empty)
    with warehouse.write() as con:
        con.execute(INSERT, ["before"])
    code = (
        "import time; from digest_pipeline.settings import load_settings;"
        " from digest_pipeline.warehouse.choice import warehouse_of\n"
        "with warehouse_of(load_settings()).write() as con:\n"
        "    con.execute(\"insert into raw.llm_replies select 'k' || n, repeat('x', 100) from range(100000) r(n)\")\n"
        "    con.execute(\"update raw.llm_replies set reply = 'changed' where cache_key = 'before'\")\n"
        "    con.execute('create table raw.half as select 1 as n')\n"
        "    print('written', con.execute('select count(*) from raw.llm_replies').fetchall(), flush=True); time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == "written [(100001,)]\n"
        os.kill(writer.pid, signal.SIGKILL)
    with looking(empty) as con:
        assert con.execute("from raw.llm_replies").fetchall() == [("before", "reply")]
        assert con.execute("select 1 from information_schema.tables where table_name = 'half'").fetchall() == []
    with warehouse.write() as con:  # and holds nothing
        con.execute("update raw.llm_replies set reply = 'mine'")
    warehouse.compact(keep_days=1)
    with looking(empty) as con:
        assert con.execute("from raw.llm_replies").fetchall() == [("before", "mine")]


def test_of_two_writers_of_the_same_rows_one_is_told(empty: Settings) -> None:
    one, other = warehouse_of(empty), warehouse_of(empty)
    with one.write() as con:
        con.execute(INSERT, ["key"])
    with pytest.raises(WarehouseConflict, match="nothing of this write"), other.write() as late:
        late.execute("update raw.llm_replies set reply = 'late'")
        with one.write() as first:
            first.execute("update raw.llm_replies set reply = 'first'")
    with looking(empty) as con:
        assert con.execute("from raw.llm_replies").fetchall() == [("key", "first")]


def test_an_analyst_of_postgres_reads_and_cannot_write(
    empty: Settings, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with warehouse_of(empty).write() as con:
        con.execute(INSERT, ["key"])
    name = dict(LakeAddress.parse(empty.warehouse.get_secret_value()).login)["database"]
    catalog = psycopg2.connect(server_address(server).replace("/postgres?", f"/{name}?"))
    with catalog, catalog.cursor() as cursor:
        cursor.execute("create role analyst login password 'look'")
        cursor.execute("grant select on all tables in schema public to analyst")
    catalog.close()
    address = f"ducklake:postgresql://analyst:look@/{name}?host={server}&data={empty.home.parent / 'data'}"
    monkeypatch.setenv("DIGEST_WAREHOUSE", address)
    assert query("select count(*) as n from raw.llm_replies").item() == 1
    status = CliRunner().invoke(app, ["status"])
    assert "feeds, " in status.output
    with pytest.raises(WarehouseError, match="permission denied"), warehouse_of(load_settings()).write() as con:
        con.execute(INSERT, ["mine"])
    assert query("select count(*) as n from raw.llm_replies").item() == 1


def test_doubles_are_found_and_removed(empty: Settings) -> None:
    for _ in range(2):
        with warehouse_of(empty).write() as con:
            con.execute(INSERT, ["key"])
            con.execute("insert into raw.verdicts values ('cl', '2026-09-14', 'good', null)")
    assert find_leftovers(empty).rows == {"llm_replies (double)": 1, "verdicts (double)": 1}
    assert remove_leftovers(empty).rows
    assert not find_leftovers(empty)
    with looking(empty) as con:
        assert con.execute("select count(*) from raw.verdicts").fetchall() == [(1,)]


def test_a_lake_has_the_columns_of_a_file(empty: Settings) -> None:
    columns = (
        "select table_name, column_name, data_type, is_nullable from information_schema.columns"
        " where table_schema = 'raw' and table_catalog = current_database() order by all"
    )
    with warehouse_of(empty).read() as con:
        on_lake = con.execute(columns).fetchall()
    with duckdb.connect() as con:
        migrate(con)
        assert con.execute(columns).fetchall() == on_lake


def test_a_lake_of_an_earlier_release_keeps_the_seconds_of_its_talk(
    empty: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = [step for step in migrations() if step[0] < 12]
    with monkeypatch.context() as earlier:
        earlier.setattr("digest_pipeline.warehouse.schema.migrations", lambda: steps)
        with warehouse_of(empty).write() as con:
            con.execute(
                "insert into raw.transcripts (episode_id, source, word_count, fingerprint) values ('ep', 'asr', 9, [1])"
            )
            con.execute(
                "insert into raw.transcript_segments (episode_id, position, start_seconds, end_seconds, text, is_ad)"
                " values ('ep', 0, 0, 9, 'Words.', false), ('ep', 1, 9, 12, 'Buy now.', true)"
            )
    with warehouse_of(empty).write() as con:
        assert con.execute("select spoken_seconds, ad_seconds from raw.transcripts").fetchall() == [(12, 3)]


def test_a_key_becomes_a_required_column() -> None:
    sql = (
        "create table t (\n    a varchar primary key,\n    b date not null,  -- of it, once\n    primary key (a, b)\n)"
    )
    assert (
        without_keys(sql) == "create table t (\n    a varchar not null,\n    b date not null  -- of it, once\n    \n)"
    )


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://u:hush@host/db?data=/lake",
        "ducklake:mysql://u:hush@host/db?data=/lake",
        "ducklake:postgresql://u:hush@host:port/db?data=/lake",
        "ducklake:postgresql://u:hush@host/db",
        "ducklake:postgresql://u:hush@host/db?data=relative",
        "ducklake:postgresql://u:hush@host/db?hush",
    ],
)
def test_a_wrong_address_is_named_without_its_password(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("DIGEST_WAREHOUSE", address)
    with pytest.raises(SettingsError, match="DIGEST_WAREHOUSE") as caught:
        load_settings()
    assert "hush" not in str(caught.value)


def test_an_address_is_taken_apart() -> None:
    lake = LakeAddress.parse("ducklake:postgresql://me:p%40ss@db.example:6543/cat?sslmode=require&data=s3://b/p")
    assert dict(lake.login) == {
        "host": "db.example",
        "port": "6543",
        "user": "me",
        "password": "p@ss",
        "database": "cat",
    }
    assert (lake.options, lake.data, lake.is_in_s3) == ((("sslmode", "require"),), "s3://b/p/", True)
    assert "p@ss" not in f"{lake} {lake!r}"


def test_the_password_is_printed_nowhere(empty: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with warehouse_of(empty).read() as con:
        secrets = str(con.execute("from duckdb_secrets()").fetchall())
        databases = str(con.execute("from duckdb_databases()").fetchall())
    assert PASSWORD not in secrets + databases + repr(empty) + str(warehouse_of(empty))
    assert _database(empty).found.startswith("DuckLake ")
    wrong = empty.warehouse.get_secret_value().replace("digest:", "digest:hush")
    monkeypatch.setenv("DIGEST_WAREHOUSE", wrong)
    finding = _database(load_settings())
    assert finding.is_fatal
    assert "password authentication failed" in finding.remedy
    assert "hush" not in f"{finding}"


def test_it_stands_in_no_file(on_lake: Settings) -> None:
    encoded = on_lake.warehouse.get_secret_value().split("digest:")[1].split("@")[0]
    holding = [
        path
        for path in on_lake.home.rglob("*")
        if path.is_file() and any(word.encode() in path.read_bytes() for word in (PASSWORD, encoded))
    ]
    assert holding == []


def test_a_file_database_is_untouched_by_all_this(tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(WarehouseError, match="set DIGEST_WAREHOUSE"):
        migrate_to_lake(settings, settings.database)
    assert type(warehouse_of(settings)) is Warehouse
