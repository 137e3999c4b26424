"""The warehouse as a DuckLake: a real Postgres holds its catalog, a folder its data."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import psycopg2
import pytest
from typer.testing import CliRunner

from digest_pipeline.cli import app
from digest_pipeline.cli.setup import _database
from digest_pipeline.errors import SettingsError, WarehouseConflict, WarehouseError
from digest_pipeline.lake_address import LakeAddress
from digest_pipeline.llm.books import Books, LlmCall
from digest_pipeline.settings import Settings, load_settings
from digest_pipeline.snapshot import query
from digest_pipeline.upkeep.backup import DATABASE, Backup, back_up, read_backup
from digest_pipeline.upkeep.leftovers import find_leftovers, remove_leftovers
from digest_pipeline.upkeep.restore import restore
from digest_pipeline.warehouse import Warehouse
from digest_pipeline.warehouse.choice import looking, warehouse_of
from digest_pipeline.warehouse.lake import attached
from digest_pipeline.warehouse.moving import migrate_to_lake
from digest_pipeline.warehouse.schema import migrate, migrations, without_keys
from tests.postgres_server import PASSWORD, postgres, server_address
from tests.two_stores import a_lake

pytest.importorskip("duckdb_extension_ducklake", reason="the extra `ducklake` is not installed")

NOW = datetime(2026, 9, 20, 9, tzinfo=UTC)
INSERT = "insert into raw.llm_replies values (?, 'reply')"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres() as folder:
        yield folder


@pytest.fixture
def empty(settings: Settings, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a home whose lake is not there yet."""
    name = f"lake_{abs(hash(str(tmp_path)))}"
    monkeypatch.setenv("DIGEST_WAREHOUSE", a_lake(server, name, tmp_path / "data"))
    return load_settings()


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


def test_a_file_of_an_earlier_release_goes_into_a_lake_and_stays_as_it_is(empty: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    folder.mkdir()
    with duckdb.connect(str(folder / DATABASE)) as con:
        con.execute("create schema raw")
        con.execute("create table raw.migrations (number integer, name varchar, applied_at timestamp)")
        for number, name, sql in migrations()[:11]:
            con.execute(sql)
            con.execute("insert into raw.migrations values (?, ?, now())", [number, name])
        con.execute(INSERT, ["old"])
    made = Backup(folder, NOW, "0", {DATABASE: ""}, {})
    before = (folder / DATABASE).read_bytes()
    assert migrate_to_lake(empty, folder / DATABASE)["raw.llm_replies"] == 1
    restore(empty, made, NOW)
    with looking(empty) as con:
        assert con.execute("from raw.llm_replies").fetchall() == [("old", "reply")]
    assert (folder / DATABASE).read_bytes() == before
    assert [path.name for path in folder.iterdir()] == [DATABASE]
    assert not list(empty.home.glob("*duckdb*"))
    assert not find_leftovers(empty)


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


def test_transcripts_that_were_removed_leave_the_disk_when_the_past_is_over(empty: Settings, server: str) -> None:
    warehouse = warehouse_of(empty)
    address = LakeAddress.parse(empty.warehouse.get_secret_value())
    name = dict(address.login)["database"]
    catalog = psycopg2.connect(server_address(server).replace("/postgres?", f"/{name}?"))
    catalog.autocommit = True

    def two_days_pass() -> None:
        with catalog.cursor() as cursor:
            cursor.execute("update ducklake_snapshot set snapshot_time = snapshot_time - interval '2 days'")
            cursor.execute(
                "update ducklake_files_scheduled_for_deletion set schedule_start = schedule_start - interval '2 days'"
            )

    def on_disk() -> set[str]:
        folder = Path(address.data) / "raw" / "transcript_segments"
        files = [str(file) for file in folder.rglob("*.parquet") if not file.name.endswith("-delete.parquet")]
        return {row[0] for row in duckdb.execute("select distinct episode_id from read_parquet(?)", [files]).fetchall()}

    with warehouse.write() as con:
        con.execute(
            "insert into raw.transcript_segments (episode_id, position, start_seconds, end_seconds, text, is_ad)"
            " select 'ep_' || n, 0, 0, 9, 'Words.', false from range(5) t(n)"
        )
    with closing(attached(address, read_only=True)) as reader:  # a notebook that stays open
        count = "select count(*) from digest.raw.transcript_segments"
        ((before,),) = reader.execute("select max(snapshot_id) from ducklake_snapshots('digest')").fetchall()
        assert reader.execute(count).fetchall() == [(5,)]
        with warehouse.write() as con:
            con.execute("delete from raw.transcript_segments where episode_id = 'ep_0'")
        warehouse.compact(keep_days=1)
        assert reader.execute(count).fetchall() == [(4,)]
        assert reader.execute(f"{count} at (version => {before})").fetchall() == [(5,)]
        for _ in range(2):  # its snapshot is dropped, and a day later its file
            assert "ep_0" in on_disk()
            two_days_pass()
            warehouse.compact(keep_days=1)
        assert on_disk() == {"ep_1", "ep_2", "ep_3", "ep_4"}
        assert reader.execute(count).fetchall() == [(4,)]
    catalog.close()


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


def test_a_file_database_is_untouched_by_all_this(tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(WarehouseError, match="set DIGEST_WAREHOUSE"):
        migrate_to_lake(settings, settings.database)
    assert type(warehouse_of(settings)) is Warehouse


def test_calls_of_a_language_model_side_by_side_are_each_in_the_books(empty: Settings) -> None:
    lake = warehouse_of(empty)
    books, call = Books(lake, date(2026, 9, 14), "a run"), LlmCall("ep", "claims", "m", "1", usd=0.25)

    def ask(number: int) -> None:
        with books.sent(call, lambda _: True, lambda _: None) as call_id:
            books.book(call, f"key {number % 2}", "a reply", call_id=call_id)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(8)))
    assert books.spent().run == 2.0
    assert books.unanswered(["key 0", "key 2"]) == ["key 2"]
    with lake.read() as con:
        assert con.execute("select count(*) from raw.llm_replies").fetchall() == [(2,)]
