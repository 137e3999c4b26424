"""A DuckLake in the place of the file: its catalog in Postgres, its data in a folder or in object storage.

Many processes read it while one writes; each transaction is a snapshot. One in-memory DuckDB a process is attached to
it and kept, for loading the extensions takes longer than most queries. They come from packages, so that no machine
needs to reach DuckDB's own server.
"""

import importlib.util
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from threading import Lock
from urllib.parse import urlsplit

import duckdb

from digest_pipeline.errors import SettingsError, WarehouseConflict, WarehouseError
from digest_pipeline.lake_address import LakeAddress
from digest_pipeline.warehouse.connection import Warehouse
from digest_pipeline.warehouse.copying import FILE, copy_tables, quoted
from digest_pipeline.warehouse.schema import migrate, migrations, newest_applied

CATALOG = "digest"  # the name under which a database file of that name would be known: views hold it
# Of a file of transcripts, the share whose removal has the file written anew. By DuckLake's own, 0.95, words that
# keep_transcripts_days had removed lay on the disk until nearly all of their file was too old.
REMOVED_SHARE = 0.1
_ATTACHING = Lock()


class LakeWarehouse(Warehouse):
    """The store of one digest, a DuckLake.

    Args:
        address: of its catalog and data.
    """

    has_keys = False

    def __init__(self, address: LakeAddress) -> None:
        super().__init__(Path())
        self.address = address

    @contextmanager
    def write(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection in one transaction, as in a file.

        Raises:
            WarehouseConflict: another process changed the same rows meanwhile; nothing of the block was kept.
            WarehouseError: Postgres did not take it; nothing was kept.
        """
        try:
            with super().write() as con:
                yield con
        except duckdb.TransactionException as error:
            if "conflict" not in str(error).lower():
                said = str(error).rpartition("ERROR:")[2].strip().partition("\n")[0]  # by Postgres, less the statement
                raise WarehouseError(
                    f"the DuckLake cannot be written: {said}", remedy="check what the user of DIGEST_WAREHOUSE may do"
                ) from error
            raise WarehouseConflict(
                "another process changed the same rows of the DuckLake meanwhile; nothing of this write was kept",
                remedy="let one machine run the digest, and do this again",
            ) from error

    @contextmanager
    def look(self, snapshot: Path) -> Iterator[duckdb.DuckDBPyConnection]:  # noqa: ARG002 - nobody waits for a run
        """A connection that cannot write; it sees what is committed, whatever is being written.

        Raises:
            WarehouseError: the lake cannot be reached, or is of another release.
        """
        con = self._attach(read_only=True)
        try:
            if newest_applied(con) != migrations()[-1][0]:
                raise WarehouseError(
                    f"{self} is of another release", remedy="`digest init` brings it forward, where it may be written"
                )
            yield con
        finally:
            con.close()

    def snapshot_to(self, target: Path) -> None:
        """As ``copy_to``."""
        self.copy_to(target)

    def copy_to(self, target: Path) -> dict[str, int]:
        """Copy the lake, as of one moment, into a file that takes the place of ``target``; returns rows by table.

        Raises:
            WarehouseError: the lake cannot be read, or what was copied is not the same; ``target`` is as it was.
        """
        draft = target.with_suffix(".part")
        for left in (draft, draft.with_name(f"{draft.name}.wal")):  # of a copy that died
            left.unlink(missing_ok=True)
        with self.read(), Warehouse(draft).read():  # both have the schema of this release
            pass
        with closing(attached(self.address, read_only=True)) as con:
            con.execute(f"attach '{quoted(draft)}' as {FILE}")
            copied = copy_tables(con, CATALOG, FILE)
            con.execute(f"detach {FILE}")
        draft.replace(target)
        return copied

    def leave_snapshot(self, target: Path) -> None:
        """Nothing: people read the lake itself."""

    def is_there(self) -> bool:
        """Whether anything was ever written: opening it makes it."""
        return True

    def size_bytes(self) -> int:
        """What its tables take, as of now."""
        with self.look(Path()) as con:
            rows = con.execute("select coalesce(sum(file_size_bytes), 0) from ducklake_table_info(?)", [CATALOG])
            return int(rows.fetchall()[0][0])

    def compact(self, *, keep_days: int) -> None:
        """Join small files, and remove snapshots older than ``keep_days`` and files that none needs.

        Where somebody writes at the same moment it is left to the next run.
        """
        with self.read() as con, suppress(duckdb.TransactionException):
            for option in ("expire_older_than", "delete_older_than"):
                con.execute(f"call {CATALOG}.set_option('{option}', '{keep_days:d} days')")
            con.execute(
                f"call {CATALOG}.set_option('rewrite_delete_threshold', {REMOVED_SHARE}, schema => 'raw',"
                " table_name => 'transcript_segments')"
            )
            con.execute("checkpoint")

    def __str__(self) -> str:
        return str(self.address)

    def _connect(self) -> duckdb.DuckDBPyConnection:
        return self._attach(read_only=False)

    def _attach(self, *, read_only: bool) -> duckdb.DuckDBPyConnection:
        try:
            with _ATTACHING:
                instance = _kept(self.address, read_only)
            con = instance.cursor()
            con.execute(f"use {CATALOG}")
        except duckdb.Error as error:
            raise WarehouseError(
                f"cannot open the {self}: {error}", remedy="check DIGEST_WAREHOUSE, Postgres and the data's place"
            ) from error
        return con

    def _migrate(self, con: duckdb.DuckDBPyConnection) -> None:
        if newest_applied(con) is None:
            # Kept in the catalog, small writes would lie in Postgres tables, which go under a reader when they are
            # written out (seen with DuckLake 1.0); files stay as long as snapshots do.
            con.execute(f"call {CATALOG}.set_option('data_inlining_row_limit', 0)")
        migrate(con, has_keys=self.has_keys)  # what was before stays as a snapshot


@cache
def _kept(address: LakeAddress, read_only: bool) -> duckdb.DuckDBPyConnection:
    return attached(address, read_only=read_only)


def attached(address: LakeAddress, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    """A new in-memory database, attached to the lake as ``CATALOG``."""
    con = duckdb.connect(config={"autoinstall_known_extensions": False})
    prepare(con, address)
    con.execute(f"attach 'ducklake:lake' as {CATALOG}{' (read_only)' if read_only else ''}")
    return con


def prepare(con: duckdb.DuckDBPyConnection, address: LakeAddress) -> None:
    """Load the extensions and make the secrets that ``attach 'ducklake:lake'`` needs.

    Raises:
        SettingsError: an extension is not installed.
    """
    for name in ("ducklake", "postgres_scanner", *(["httpfs"] if address.is_in_s3 else [])):
        con.load_extension(str(_extension(name)))
    login = dict(address.login)
    con.execute(f"create secret catalog (type postgres, {', '.join(f'{name} ?' for name in login)})", [*login.values()])
    if address.is_in_s3:
        s3 = _s3_login()
        con.execute(f"create secret data (type s3, {', '.join(f'{name} ?' for name in s3)})", [*s3.values()])
    options = " ".join(f"{name}='{_escaped(value)}'" for name, value in address.options)
    con.execute(
        "create secret lake (type ducklake, metadata_path ?, data_path ?,"
        " metadata_parameters map {'TYPE': 'postgres', 'SECRET': 'catalog'})",
        [options, address.data],
    )


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")


def _extension(name: str) -> Path:
    package = f"duckdb_extension_{name}"
    found = importlib.util.find_spec(package)
    if not found or not found.origin:
        raise SettingsError("DIGEST_WAREHOUSE names a DuckLake", remedy="install the extra `ducklake`")
    file = Path(found.origin).parent / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
    if not file.exists():
        raise SettingsError(
            f"{package} is not for DuckDB {duckdb.__version__}", remedy="install the extra `ducklake` again"
        )
    return file


def _s3_login() -> dict[str, object]:
    """Login and place of object storage from the variables that its own tools read."""
    environment = {
        "key_id": os.environ.get("AWS_ACCESS_KEY_ID"),
        "secret": os.environ.get("AWS_SECRET_ACCESS_KEY"),
        "session_token": os.environ.get("AWS_SESSION_TOKEN"),
        "region": os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"),
    }
    login: dict[str, object] = {name: value for name, value in environment.items() if value}
    if endpoint := os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL"):
        place = urlsplit(endpoint)
        login |= {"endpoint": place.netloc, "use_ssl": place.scheme == "https", "url_style": "path"}
    return login
