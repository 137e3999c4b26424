"""The store: transactions, locks, migrations, snapshots."""

import os
import resource
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path

import duckdb
import pytest

from digest_pipeline.errors import WarehouseError, WarehouseLocked, WarehouseTooNew
from digest_pipeline.feeds.arrivals import save_episodes
from digest_pipeline.feeds.scan import FeedScan
from digest_pipeline.feeds.subscriptions import Subscription, add_feeds, complete_feeds
from digest_pipeline.models import ParsedFeed
from digest_pipeline.warehouse import Warehouse
from digest_pipeline.warehouse.connection import connect_to, open_for_reading
from digest_pipeline.warehouse.schema import migrate, migrations
from tests.feed_items import NOW, item

INSERT = "insert into raw.llm_replies values ('key', 'reply')"


def count(warehouse: Warehouse) -> int:
    with warehouse.read() as con:
        return int(con.execute("select count(*) from raw.llm_replies").fetchall()[0][0])


def look(warehouse: Warehouse) -> int:
    with open_for_reading(warehouse.path, Path()) as con:
        return int(con.execute("select count(*) from raw.llm_replies").fetchall()[0][0])


def test_a_write_that_raises_leaves_nothing(warehouse: Warehouse) -> None:
    with pytest.raises(ZeroDivisionError), warehouse.write() as con:
        con.execute(INSERT)
        _ = 1 / 0
    assert count(warehouse) == 0
    with warehouse.write() as con:
        con.execute(INSERT)
    assert count(warehouse) == 1


def test_no_connection_stays_open(warehouse: Warehouse) -> None:
    with warehouse.write() as con:
        con.execute(INSERT)
    code = f"import duckdb; print(duckdb.connect({str(warehouse.path)!r}).execute('from raw.llm_replies').fetchall())"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "reply" in other.stdout


def test_threads_open_and_close_it_side_by_side(warehouse: Warehouse) -> None:
    count(warehouse)
    with ThreadPoolExecutor(3) as threads:
        assert sum(threads.map(lambda _: count(warehouse), range(2000))) == 0
    with ThreadPoolExecutor(3) as threads:
        assert sum(threads.map(lambda _: look(warehouse), range(2000))) == 0


def test_threads_that_wait_at_once_have_counts_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """DuckDB's refusal is made up: a file is seldom closed and opened by so many at one moment."""
    refused = cycle([True, True, False])

    def connect(_: str) -> None:
        if next(refused):
            raise duckdb.BinderException("Unique file handle conflict")

    monkeypatch.setattr(duckdb, "connect", connect)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as threads:
            assert len(list(threads.map(connect_to, [Path("x")] * 10_000))) == 10_000
    finally:
        sys.setswitchinterval(interval)


def test_who_only_looks_waits_for_a_writer_of_the_same_process(warehouse: Warehouse) -> None:
    with ThreadPoolExecutor(1) as threads:
        with warehouse.write() as con:
            con.execute(INSERT)
            looking = threads.submit(look, warehouse)
            with pytest.raises(TimeoutError):
                looking.result(0.3)
        assert looking.result(30) == 1


def test_a_damaged_file_is_called_damaged_and_no_old_copy_is_read_instead(warehouse: Warehouse) -> None:
    snapshot = warehouse.path.with_name("snapshot.duckdb")
    warehouse.leave_snapshot(snapshot)
    content = bytearray(warehouse.path.read_bytes())
    for block in range(3 * 4096, len(content), 256 * 1024):  # after the three headers
        content[block + 100] ^= 0xFF
    warehouse.path.write_bytes(content)
    with pytest.raises(WarehouseError, match="restore a backup") as caught:
        count(Warehouse(warehouse.path))
    assert not isinstance(caught.value, WarehouseLocked)
    with pytest.raises(WarehouseError, match="restore a backup"), open_for_reading(warehouse.path, snapshot):
        pass


def test_a_snapshot_that_has_no_room_leaves_the_last_one_and_takes_none(warehouse: Warehouse) -> None:
    snapshot = warehouse.path.with_name("digest.snapshot.duckdb")
    warehouse.leave_snapshot(snapshot)
    before = snapshot.read_bytes()
    with warehouse.write() as con:
        con.execute("insert into raw.llm_replies select 'k' || n, repeat(md5(n::varchar), 100) from range(3000) t(n)")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            warehouse.leave_snapshot(snapshot)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert {path.name for path in snapshot.parent.iterdir()} == {warehouse.path.name, snapshot.name}
    assert snapshot.read_bytes() == before


def test_a_locked_file_is_waited_for_then_named(warehouse: Warehouse) -> None:
    count(warehouse)
    code = f"import duckdb, sys; con = duckdb.connect({str(warehouse.path)!r}); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        holder.stdout.readline()
        with pytest.raises(WarehouseLocked, match="another process"):
            count(Warehouse(warehouse.path, lock_wait_seconds=0.3))
        holder.stdin.close()
        holder.wait()
    assert count(warehouse) == 0


def test_readers_take_the_snapshot_while_a_run_holds_the_database(warehouse: Warehouse, tmp_path: Path) -> None:
    with warehouse.write() as con:
        con.execute(INSERT)
    snapshot = tmp_path / "snapshot.duckdb"
    warehouse.snapshot_to(snapshot)
    code = f"import duckdb, sys; con = duckdb.connect({str(warehouse.path)!r}); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        holder.stdout.readline()
        with open_for_reading(warehouse.path, snapshot) as con:
            assert con.execute("select reply from raw.llm_replies").fetchall() == [("reply",)]
        holder.stdin.close()


def test_a_snapshot_of_an_earlier_release_that_lacks_a_table_says_to_wait(warehouse: Warehouse, tmp_path: Path) -> None:
    snapshot = tmp_path / "snapshot.duckdb"
    warehouse.snapshot_to(snapshot)
    with duckdb.connect(str(snapshot)) as con:
        con.execute("drop table raw.verdicts")
        con.execute("delete from raw.migrations where number > 8")
    with (
        pytest.raises(WarehouseLocked, match="earlier release"),
        open_for_reading(tmp_path / "held.duckdb", snapshot) as con,
    ):
        con.execute("from raw.verdicts")


def test_nothing_to_read_says_what_to_do(tmp_path: Path) -> None:
    with (
        pytest.raises(WarehouseError, match="digest init"),
        open_for_reading(tmp_path / "none.duckdb", tmp_path / "s.duckdb"),
    ):
        pass


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "digest.duckdb"
    path.write_bytes(b"this is not a database" * 1000)
    with pytest.raises(WarehouseError, match="cannot open"):
        count(Warehouse(path))


def test_a_file_of_another_user_is_called_so_and_nobody_is_sent_to_a_backup() -> None:
    with tempfile.TemporaryDirectory() as folder:  # below pytest's own no other user may look
        path = Path(folder) / "digest.duckdb"
        count(Warehouse(path))
        path.chmod(0o000)
        Path(folder).chmod(0o755)
        user = os.geteuid()
        if user == 0:  # who may do everything
            os.seteuid(65534)
        try:
            with pytest.raises(WarehouseError, match="run as its owner"):
                count(Warehouse(path))
            with (
                pytest.raises(WarehouseError, match="run as its owner"),
                open_for_reading(path, path.with_name("snapshot.duckdb")),
            ):
                pass
        finally:
            os.seteuid(user)


def test_migrations_run_once_and_a_later_file_is_refused(tmp_path: Path) -> None:
    con = duckdb.connect(str(tmp_path / "m.duckdb"))
    assert migrate(con) == [name for _, name, _ in migrations()]
    assert migrate(con) == []
    con.execute("insert into raw.migrations values (999, '999_future.sql', now())")
    with pytest.raises(WarehouseTooNew, match="999"):
        migrate(con)
    con.close()


def test_a_database_of_the_first_release_is_brought_forward(tmp_path: Path) -> None:
    path = tmp_path / "digest.duckdb"
    con = duckdb.connect(str(path))
    con.execute("create schema raw; create table raw.migrations (number integer, name varchar, applied_at timestamp)")
    con.execute(migrations()[0][2])
    con.execute("insert into raw.migrations values (1, '001', now())")
    con.execute("insert into raw.feeds (feed_url, added_at) values ('https://x.example/f?token=secret', now())")
    con.execute(
        "insert into raw.episodes (episode_id, feed_url, guid, title, published_at, first_seen_at, transcript_urls,"
        " description, status, audio_url) values ('ep_1', 'https://x.example/f?token=secret', 'g1', 'One',"
        " '2026-09-14 12:00', '2026-09-14 13:00', '[]', '', 'listed', 'https://x.example/1.mp3')"
    )
    con.execute("insert into raw.transcripts values ('ep_0', 'asr', 'm', 'en', 9, 'sha', 60, 0.1, [1], null)")
    con.execute(
        "insert into raw.transcript_segments values ('ep_0', 0, 0, 9, null, 'Words.', false, null),"
        " ('ep_0', 1, 9, 12, null, 'Buy now.', true, 'ad')"
    )
    con.execute("insert into raw.transcripts values ('ep_x', 'asr', 'm', 'en', 9, 'x', 60, 0.1, [1], null)")
    con.execute(
        "insert into raw.claim_candidates values"
        " ('cl_1', 'ep_0', '2026-09-14', 'H', '', 'Words.', null, 0, 9, 0, 0, 0.9, false, 'extractive', null, null, null)"
    )
    con.execute(
        "insert into raw.llm_calls values"
        " ('call', '2026-09-14 12:00', '2026-09-14', 'ep_0', 'find', 'm', 9, 9, 0.1, false, 'ok')"
    )
    con.execute(
        "insert into raw.digest_items values ('2026-09-14', 1, 'cl_1', 'H', '', 'Words.', null, 'S', 'E', 0, 9, null,"
        " null, 'Theme', 0.9, '{}', 'why')"
    )
    con.execute(
        "insert into raw.scored_insights values"
        " ('cl_1', '2026-09-14', 'th_1', 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 1, 'why', null)"
    )
    con.close()
    with open_for_reading(path, tmp_path / "s.duckdb") as con:
        assert con.execute("select theme_id, said_before from raw.digest_items").fetchall() == [("th_1", None)]
        assert con.execute("select spoken_seconds, ad_seconds from raw.transcripts order by episode_id").fetchall() == [
            (12, 3),
            (None, None),
        ]
        assert con.execute("select available_at::varchar, episode_type from raw.episodes").fetchall() == [
            ("2026-09-14 12:00:00", "full")
        ]
    with Warehouse(path).write() as con:
        complete_feeds(con)
        ((shown, private),) = con.execute("select shown_url, is_private from raw.feeds").fetchall()
        assert private
        assert "secret" not in shown
        con.execute("update raw.feeds set shown_url = feed_url, is_private = false")  # a host that was not known so
        complete_feeds(con)
        assert con.execute("select shown_url, is_private from raw.feeds").fetchall() == [(shown, True)]
        seen = FeedScan("https://x.example/f?token=secret", ParsedFeed("Show", None, None, (item("One", "g1"),)))
        copy = FeedScan("https://y.example/f", ParsedFeed("Copy", None, None, (item("Uno", "h1"),)))
        add_feeds(con, [Subscription("https://y.example/f")], NOW)
        assert +save_episodes(con, [seen, copy], now=NOW, as_of=NOW, lookback_days=3) == {"duplicate": 1, "mended": 1}
