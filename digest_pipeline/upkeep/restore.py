"""A backup put back. What it replaces is kept, and nobody is sent anything twice because of it."""

import shutil
import sqlite3
import tomllib
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb

from digest_pipeline.delivery import ledger
from digest_pipeline.delivery.database import open_delivery
from digest_pipeline.delivery.subscribers import SubscriberBook
from digest_pipeline.errors import SubscribersDamaged, WarehouseError, WarehouseTooNew
from digest_pipeline.models import Retraction
from digest_pipeline.publishing.publish import build_again
from digest_pipeline.publishing.retract import retract_again
from digest_pipeline.publishing.store import retractions
from digest_pipeline.settings import Settings, load_settings
from digest_pipeline.sqlite import transaction
from digest_pipeline.upkeep.backup import DATABASE, SETTINGS, SUBSCRIBERS, Backup
from digest_pipeline.warehouse import Warehouse
from digest_pipeline.warehouse.choice import warehouse_of
from digest_pipeline.warehouse.lake import LakeWarehouse
from digest_pipeline.warehouse.moving import copy_to_lake
from digest_pipeline.warehouse.schema import migrations

BESIDE = ".restored"
LOGS = (".wal", "-wal", "-shm")  # what DuckDB and SQLite keep beside a file that is open, or whose process died
KNOWLEDGE = ("subscribers", "deliveries", "suppressions")  # tables


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did: the files put back and those left as they are, where the replaced ones went, and how many
    deliveries are held.
    """

    files: tuple[str, ...]
    kept: tuple[str, ...]
    replaced: Path | None
    held: int


def restore(settings: Settings, backup: Backup, now: datetime, *, subscribers: bool = False) -> Restored:
    """Put a backup's database back, file or DuckLake, and its subscribers and settings where there are none.

    None is also a file without a subscriber, one that cannot be read, and settings that set nothing: what `digest init`
    makes. Any other subscribers' file that is there is kept unless ``subscribers``: it is newer, so it knows who left
    and what was sent since. Where the backup's is taken, what may have been sent since then is held as ``unknown``, and
    who left according to the file that it replaces has left. What was retracted since stays so, as far as the
    database that is replaced, or its snapshot, can tell.

    Args:
        settings: of the home folder, in which no run may go on: the caller holds its lock.
        backup: checked.
        now: aware.
        subscribers: take the backup's subscribers too.

    Raises:
        WarehouseTooNew: a later release made the backup; nothing was changed.
        SettingsError: this release does not take the backup's settings, which are in their place; nothing else was
            changed.
    """
    _refuse_what_is_newer(backup)
    warehouse = warehouse_of(settings)
    there = {DATABASE: settings.database, SUBSCRIBERS: settings.subscribers, SETTINGS: settings.home / SETTINGS}
    taken = _taken_back(warehouse, settings.snapshot)
    wanted = [
        name
        for name in backup.sha256
        if name == DATABASE or _is_nothing(there[name]) or (name == SUBSCRIBERS and subscribers)
    ]
    replaced = settings.backups / f"replaced-{now.astimezone(UTC):%Y-%m-%dT%H%M%SZ}"
    settings.home.mkdir(parents=True, exist_ok=True)
    if SETTINGS in wanted:  # first: they say which days are held, and what the site is called
        _lay_beside(backup.folder / SETTINGS, there[SETTINGS])
        _take_place(there[SETTINGS], replaced)
        settings = load_settings()
    for name in wanted:
        if name == SUBSCRIBERS or (name == DATABASE and not isinstance(warehouse, LakeWarehouse)):
            _lay_beside(backup.folder / name, there[name])
    held = 0
    if SUBSCRIBERS in wanted:  # before they are in their place: a restore may die
        made, today = (moment.astimezone(settings.zone).date() for moment in (backup.made_at, now))
        with open_delivery(beside(settings.subscribers)) as con:
            if _is_nothing(settings.subscribers):
                held = ledger.doubt(con)
            else:
                _carry_over(con, settings.subscribers)
            held += _hold(con, made - timedelta(days=settings.mail_days_back), today)
    if isinstance(warehouse, LakeWarehouse):  # one transaction; what it replaces stays as an earlier snapshot
        copy_to_lake(backup.folder / DATABASE, warehouse, settings.home, replace=True)
    for name in wanted:  # from here on it is renaming
        if beside(there[name]).exists():
            _take_place(there[name], replaced)
    with warehouse.write() as con:
        retract_again(con, taken)
    warehouse.leave_snapshot(settings.snapshot)
    build_again(warehouse, settings)
    kept = tuple(name for name in backup.sha256 if name not in wanted)
    return Restored(tuple(wanted), kept, replaced if replaced.exists() else None, held)


def beside(path: Path) -> Path:
    """Where a file waits to take the place of ``path``."""
    return _with(path, BESIDE)


def _lay_beside(copied: Path, path: Path) -> None:
    """Copy a file of the backup to where it waits; the logs of a restore that died would be read into it."""
    for end in LOGS:
        _with(beside(path), end).unlink(missing_ok=True)
    shutil.copy(copied, beside(path))


def _with(path: Path, end: str) -> Path:
    return path.with_name(path.name + end)


def _take_place(path: Path, replaced: Path) -> None:
    """Put what waits beside a file in its place, and the file, with what SQLite or DuckDB left beside it, aside.

    Who dies here leaves the old file or the new one: of subscribers that were away, another restore would not know who
    has left.
    """
    logs = [log for end in LOGS if (log := _with(path, end)).exists()]
    if logs or path.exists():
        replaced.mkdir(parents=True, exist_ok=True)
    if path.exists():
        try:
            (replaced / path.name).hardlink_to(path)
        except OSError:  # backups may lie on another disk, or on one that knows no links
            shutil.copy2(path, replaced)
    for log in logs:
        shutil.move(log, replaced / log.name)
    beside(path).rename(path)


def _taken_back(warehouse: Warehouse, snapshot: Path) -> list[Retraction]:
    """What was retracted by the database that is replaced, or by its snapshot where it is lost or damaged."""
    for store in (warehouse, Warehouse(snapshot)):
        with suppress(WarehouseError, duckdb.Error), store.look(snapshot) as con:
            return retractions(con)
    return []


def _refuse_what_is_newer(backup: Backup) -> None:
    with duckdb.connect(str(backup.folder / DATABASE), read_only=True) as con:
        newest = con.execute("select max(number) from raw.migrations").fetchall()[0][0]
    if newest > migrations()[-1][0]:
        raise WarehouseTooNew(
            f"release {backup.release} made the backup of {backup.made_at:%Y-%m-%d}",
            remedy="install that release, or a later one",
        )


def _is_nothing(path: Path) -> bool:
    """Whether a file of subscribers or settings is missing, holds nothing, or cannot be read."""
    if not path.exists():
        return True
    try:
        if path.name == SETTINGS:
            return not tomllib.loads(path.read_text(encoding="utf-8"))
        with open_delivery(path) as con:
            is_sound = con.execute("pragma integrity_check").fetchone()[0] == "ok"
            rows = (con.execute(f"select exists (select 1 from {table})").fetchone()[0] for table in KNOWLEDGE)  # noqa: S608
            return not is_sound or not any(rows)
    except SubscribersDamaged:
        return True


def _carry_over(con: sqlite3.Connection, present: Path) -> None:
    """What the present file knows and the one that takes its place must not forget: what was sent, and who left."""
    con.execute("attach ? as present", [str(present)])
    with transaction(con):
        for table in ("deliveries", "delivered_items", "suppressions"):
            con.execute(f"insert or replace into {table} select * from present.{table}")  # noqa: S608 - our own names
        # else a file of before there were votes would count them as another home's, a second time
        con.execute("insert or ignore into secrets select * from present.secrets where name = 'home'")
        con.execute(
            "insert or replace into votes select * from present.votes"
            " where subscriber_id in (select subscriber_id from subscribers)"
        )
    con.execute("detach present")
    book = SubscriberBook(con)
    with open_delivery(present) as own:  # a home that was made anew keeps who left under a key of its own
        knows = SubscriberBook(own)
        left = [one for one in book.all() if knows.is_suppressed(one.channel, one.address)]
    for one in left:
        book.erase(one.subscriber_id, suppress=True)


def _hold(con: sqlite3.Connection, first: date, end: date) -> int:
    days = [first + timedelta(days=n) for n in range((end - first).days)]
    return ledger.hold(con, [(one.channel, one.subscriber_id) for one in SubscriberBook(con).active()], days)
