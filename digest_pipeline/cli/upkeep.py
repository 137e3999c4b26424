"""``digest backup``, ``digest restore`` and ``digest migrate-store``."""

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from digest_pipeline.cli.console import out
from digest_pipeline.errors import WarehouseError
from digest_pipeline.settings import load_settings
from digest_pipeline.warehouse.choice import warehouse_of


def backup(
    into: Annotated[
        Path | None, typer.Option("--into", metavar="FOLDER", help="Where backups go; default: `backups` in the home.")
    ] = None,
) -> None:
    """Copy database, subscribers and settings, and read the copy back. A run may go on meanwhile."""
    from digest_pipeline.upkeep.backup import back_up

    settings = load_settings()
    if not (warehouse := warehouse_of(settings)).is_there():  # a home that is not mounted would make an empty backup
        raise WarehouseError(f"there is no database at {warehouse} yet", remedy="check DIGEST_HOME")
    made = back_up(settings, datetime.now(UTC), into=into)
    size = sum((made.folder / name).stat().st_size for name in made.sha256) / 1e6
    out.print(f"{made.folder}  ({size:.1f} MB, {sum(made.rows.values()):,} rows read back)", soft_wrap=True)


def restore(
    folder: Annotated[Path, typer.Argument(metavar="BACKUP", help="A folder that `digest backup` has written.")],
    subscribers: Annotated[
        bool, typer.Option("--subscribers", help="Take its subscribers too, where there are newer ones here.")
    ] = False,
) -> None:
    """Put a backup back; what it replaces is kept. No mail is sent twice because of it."""
    from digest_pipeline.home_lock import alone
    from digest_pipeline.upkeep.backup import read_backup
    from digest_pipeline.upkeep.restore import restore as put_back

    settings = load_settings()
    settings.home.mkdir(parents=True, exist_ok=True)
    with alone(settings.home):
        done = put_back(settings, read_backup(folder), datetime.now(UTC), subscribers=subscribers)
    out.print(f"Restored: {', '.join(done.files)}")
    if done.kept:
        out.print(f"Kept:     {', '.join(done.kept)} of this home; --subscribers takes the backup's subscribers")
    if done.replaced:
        out.print(f"Replaced: {done.replaced}", soft_wrap=True)
    if done.held:
        out.print(
            f"Held:     {done.held} deliveries since the backup, which may have been sent;"
            " `digest deliveries --date DAY --retry unknown` sends a day's",
            soft_wrap=True,
        )
    out.print("Next:     `digest run --from DAY` runs the days since the backup")


class Store(StrEnum):
    """Where the tables can lie."""

    LAKE = "lake"
    FILE = "file"


def migrate_store(
    to: Annotated[Store, typer.Argument(help="lake: the DuckLake that DIGEST_WAREHOUSE names; file: out of it.")],
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help="The database file; default: the one in the home.")
    ] = None,
) -> None:
    """Copy every table from the database file into the DuckLake, or back; counted and compared before it counts.

    What is copied into has to be empty, and what is copied from stays. The next run makes dbt's views anew.
    """
    from digest_pipeline.home_lock import alone
    from digest_pipeline.warehouse.moving import migrate_to_file, migrate_to_lake

    settings = load_settings()
    settings.home.mkdir(parents=True, exist_ok=True)
    with alone(settings.home):
        move = migrate_to_lake if to is Store.LAKE else migrate_to_file
        copied = move(settings, file or settings.database)
    out.print(f"Copied and compared: {sum(copied.values()):,} rows of {len(copied)} tables")
    if to is Store.FILE:
        out.print("Next: unset DIGEST_WAREHOUSE, and `digest run` uses the file")
