"""What died processes and removed subscriptions left: files half written, rows that nothing refers to."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from digest_pipeline.settings import Settings
from digest_pipeline.warehouse.choice import warehouse_of
from digest_pipeline.warehouse.doubles import doubles, remove_doubles

# By table: which of its rows nothing refers to any more. Each stage writes in transactions, so that these come from
# removed subscriptions, from restores and from hands. A DuckLake may hold doubles too, where two runs wrote at once.
ORPHANS = {
    "transcripts": "episode_id not in (select episode_id from raw.episodes)",
    "transcript_segments": "episode_id not in (select episode_id from raw.transcripts)",
    "claim_candidates": "episode_id not in (select episode_id from raw.episodes)"
    " and claim_id not in (select claim_id from raw.digest_items)",
    "claim_embeddings": "claim_id not in (select claim_id from raw.claim_candidates)",
    "cluster_members": "claim_id not in (select claim_id from raw.claim_candidates)",
    "scored_insights": "claim_id not in (select claim_id from raw.claim_candidates)",
}


@dataclass(frozen=True, slots=True)
class Leftovers:
    """``paths``: files and folders; ``rows``: by table."""

    paths: tuple[Path, ...]
    rows: Mapping[str, int]

    def __bool__(self) -> bool:
        return bool(self.paths or self.rows)

    def __str__(self) -> str:
        said = [f"{len(self.paths)} files"] if self.paths else []
        return ", ".join([*said, *(f"{count} rows of {table}" for table, count in self.rows.items())]) or "none"


def find_leftovers(settings: Settings) -> Leftovers:
    """What could go. Only while no run goes on: what a run is just writing looks the same."""
    # with the logs of databases among them (.wal, -wal, -shm), but no `draft.partial` of somebody else
    patterns = ("*.part", "*.part[.-]*", "*.restored", "*.restored[.-]*", "backups/*.part", "cache/rescore-*")
    paths = tuple(sorted(path for pattern in patterns for path in settings.home.glob(pattern)))
    rows = {}
    warehouse = warehouse_of(settings)
    with warehouse.read() as con:
        for table, condition in ORPHANS.items():
            count = con.execute(f"select count(*) from raw.{table} where {condition}").fetchall()[0][0]  # noqa: S608
            if count:
                rows[table] = int(count)
        if not warehouse.has_keys:
            rows |= {f"{table} (double)": count for table, count in doubles(con).items()}
    return Leftovers(paths, rows)


def remove_leftovers(settings: Settings) -> Leftovers:
    """Remove them; returns what went. The caller holds the home folder against runs."""
    found = find_leftovers(settings)
    for path in found.paths:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    removed = dict(found.rows)
    warehouse = warehouse_of(settings)
    with warehouse.write() as con:
        for table, condition in ORPHANS.items():  # in this order: what one leaves behind is the next one's
            gone = con.execute(f"delete from raw.{table} where {condition}").fetchall()[0][0]  # noqa: S608
            if gone:
                removed[table] = int(gone)
        if not warehouse.has_keys:
            remove_doubles(con)
    return Leftovers(found.paths, removed)
