"""Backups of what a home folder cannot make again: the database, the subscribers' file and the settings.

A backup is a folder with a manifest. It is consistent while a run goes on: the database is copied while this process
holds it, between two transactions of the run; SQLite copies its file page by page while others write.
"""

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from digest_pipeline import __version__
from digest_pipeline.delivery.database import open_delivery
from digest_pipeline.errors import BackupError
from digest_pipeline.home_lock import in_use
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse.choice import warehouse_of

MANIFEST, DRAFT = "manifest.json", ".part"
NAME, NAMES = "%Y-%m-%dT%H%M%SZ", "????-??-??T??????Z"  # of their moments, in order by name; and what matches those
DATABASE, SUBSCRIBERS, SETTINGS = "digest.duckdb", "subscribers.sqlite", "digest.toml"


@dataclass(frozen=True, slots=True)
class Backup:
    """A verified backup. ``sha256`` by file name; ``rows`` by table of the database, schema ``raw``."""

    folder: Path
    made_at: datetime
    release: str
    sha256: dict[str, str]
    rows: dict[str, int]


def back_up(settings: Settings, now: datetime, *, into: Path | None = None) -> Backup:
    """Write a backup and read it back.

    Args:
        settings: of the home folder.
        now: aware; names the backup.
        into: folder of backups; ``backups`` in the home folder by default, where only the last ``keep_backups`` stay,
            beside those that somebody has renamed.

    Raises:
        WarehouseError: the database cannot be opened.
        BackupError: what was written cannot be read back, and nothing is left of it; or there is one of this second.
    """
    folder = (into or settings.backups) / now.astimezone(UTC).strftime(NAME)
    draft = folder.with_name(folder.name + DRAFT)
    if folder.exists():
        raise BackupError(f"{folder} is there already", remedy="try again in a second")
    with in_use(settings.home):  # a sweep would take the draft away, and a restore must keep the backup that it reads
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        try:
            backup = _write(settings, now, folder, draft)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        if into is None:
            finished = sorted(_finished(settings.backups), key=lambda old: (old <= folder, old))
            for old in finished[: -settings.keep_backups]:  # first what was made while the clock was ahead of now
                shutil.rmtree(old)
    return backup


def _write(settings: Settings, now: datetime, folder: Path, draft: Path) -> Backup:
    warehouse_of(settings).snapshot_to(draft / DATABASE)
    if settings.subscribers.exists():
        (draft / SUBSCRIBERS).touch(mode=0o600)
        with open_delivery(settings.subscribers) as con, closing(sqlite3.connect(draft / SUBSCRIBERS)) as copy:
            con.backup(copy)
    if (settings.home / SETTINGS).exists():
        shutil.copyfile(settings.home / SETTINGS, draft / SETTINGS)
    files = {path.name: _sha256(path) for path in sorted(draft.iterdir())}
    backup = Backup(folder, now.astimezone(UTC), __version__, files, _read_through(draft))
    about = {name: value for name, value in asdict(backup).items() if name != "folder"}
    (draft / MANIFEST).write_text(json.dumps(about, indent=2, default=str) + "\n", encoding="utf-8")
    draft.rename(folder)
    return backup


def read_backup(folder: Path) -> Backup:
    """A backup whose every byte was checked.

    Raises:
        BackupError: it is none, or a file of it is missing or has changed.
    """
    try:
        about = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        backup = Backup(folder, datetime.fromisoformat(about.pop("made_at")), **about)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BackupError(f"{folder} is no backup", remedy="name a folder that `digest backup` has written") from error
    for name, expected in backup.sha256.items():
        if not (folder / name).is_file() or _sha256(folder / name) != expected:
            raise BackupError(f"{folder / name} is missing or damaged", remedy="take another backup")
    if _read_through(folder) != backup.rows:
        raise BackupError(f"{folder / DATABASE} does not hold what its manifest says", remedy="take another backup")
    return backup


def latest_backup(settings: Settings) -> Path | None:
    """The newest backup in the home folder that has its own name."""
    return max(_finished(settings.backups), default=None)


def _finished(folder: Path) -> Iterator[Path]:
    return (path.parent for path in folder.glob(f"{NAMES}/{MANIFEST}"))


def _read_through(folder: Path) -> dict[str, int]:
    """Rows of every table, after reading every value of it: DuckDB checks each block's checksum on the way."""
    rows = {}
    try:
        with duckdb.connect(str(folder / DATABASE), read_only=True) as con:
            names = con.execute(
                "select table_name from information_schema.tables where table_schema = 'raw' order by 1"
            ).fetchall()
            for (name,) in names:
                found = con.execute(f'select count(*), sum(hash(t)::hugeint) from raw."{name}" t').fetchall()  # noqa: S608
                rows[name] = int(found[0][0])
        if (folder / SUBSCRIBERS).exists():
            # nobody writes it: without locks and log it is read where nothing can be written, and nothing is left there
            with closing(
                sqlite3.connect(f"{(folder / SUBSCRIBERS).absolute().as_uri()}?immutable=1", uri=True)
            ) as copy:
                said = copy.execute("pragma integrity_check").fetchone()[0]
                if said != "ok":
                    raise BackupError(f"{folder / SUBSCRIBERS} is damaged: {said}", remedy="make another backup")
    except (duckdb.Error, sqlite3.Error) as error:
        raise BackupError(f"{folder} cannot be read back: {error}", remedy="check the disk, and try again") from error
    return rows


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
