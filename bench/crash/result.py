"""What a day leaves behind, in a form that two homes can be compared by: all but the times at which it was done."""

import hashlib
import re
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb

from digest_pipeline.llm.books import UNSEEN
from digest_pipeline.settings import Settings
from digest_pipeline.upkeep.leftovers import find_leftovers

Rows = list[tuple[Any, ...]]

# These differ between any two runs: how long the computer took, when, how often it looked a kept reply up again, and
# how many calls were under way when it died.
NOT_COMPARED = re.compile(r"_at$|seconds$|real_time_factor|failing_since|^llm_calls$|^replies_kept$|^unusable_replies$")
COMPARED_SECONDS = {"start_seconds", "end_seconds", "audio_seconds", "duration_seconds"}
MOMENT = re.compile(
    rb"(?<=>|\")\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ(?=<|\")"
)  # when a digest was published, in the site's feeds
# The ledger and the books tell how often something was tried too; they are judged by what the servers counted.
JUDGED_APART = {"raw.deliveries", "raw.llm_calls", "raw.migrations", "raw.marts_built"}
PAID = (
    "select episode_id, stage, model, tokens_in, tokens_out, outcome from raw.llm_calls"
    f" where not cached and outcome <> '{UNSEEN}' order by all"
)
SEARCHED = """
select e.episode_id, e.signature, e.n_claims, p.claim_id, s.name, p.start_seconds, p.end_seconds, w.text, v.vector
from passages p join episodes e using (number) left join speakers s using (speaker_id)
join words w on w.rowid = p.id join vectors v on v.id = p.id
"""


def result_of(home: Path) -> dict[str, Rows]:
    """Tables, marts, paid calls, the site's files, the search index and what was left lying about, by name."""
    settings = Settings(home=home)
    with duckdb.connect(str(settings.database), read_only=True) as con:
        found = dict(tables_of(con, home)) | {"paid calls": con.execute(PAID).fetchall()}
    with duckdb.connect(str(settings.snapshot), read_only=True) as con:
        found["snapshot"] = con.execute("from raw.digest_items order by all").fetchall()
    with closing(sqlite3.connect(settings.search_index)) as index:
        found["search index"] = sorted(index.execute(SEARCHED).fetchall(), key=repr)
    files = sorted(path for path in settings.site.rglob("*") if path.is_file())
    found["site"] = [
        (str(f.relative_to(home)), hashlib.sha256(MOMENT.sub(b"~", f.read_bytes())).hexdigest()) for f in files
    ]
    cached = [path for path in settings.cache.rglob("*") if path.is_file()]
    found["left over"] = [(str(path.relative_to(home)),) for path in (*find_leftovers(settings).paths, *cached)]
    return found


def unseen_calls(home: Path) -> int:
    """Paid calls of which the books know only that they were sent."""
    with duckdb.connect(str(Settings(home=home).database), read_only=True) as con:
        rows = con.execute("select count(*) from raw.llm_calls where outcome = ?", [UNSEEN]).fetchall()
    return int(rows[0][0])


def ledger_of(home: Path) -> dict[str, str]:
    """What became of each address's mail."""
    with closing(sqlite3.connect(Settings(home=home).subscribers)) as con:
        return dict(
            con.execute("select address, deliveries.status from deliveries join subscribers using (subscriber_id)")
        )


def differences(wanted: dict[str, Rows], found: dict[str, Rows]) -> dict[str, str]:
    """By name, how many rows there are and the first that differ."""
    return {
        name: f"{len(wanted.get(name, []))} and {len(found.get(name, []))} rows; only undisturbed:"
        f" {_first(wanted, found, name)}; only disturbed: {_first(found, wanted, name)}"
        for name in sorted(wanted.keys() | found.keys())
        if wanted.get(name) != found.get(name)
    }


def _first(one: dict[str, Rows], other: dict[str, Rows], name: str) -> str:
    there = set(map(repr, other.get(name, [])))
    return str([row for row in map(repr, one.get(name, [])) if row not in there][:2])[:800]


def tables_of(con: duckdb.DuckDBPyConnection, home: Path) -> Iterable[tuple[str, Rows]]:
    """The tables that two runs of a day must agree in, by name; paths below ``home`` begin with ``~``."""
    columns = con.execute(
        "select table_schema || '.' || table_name, column_name from information_schema.columns"
        " where table_schema in ('raw', 'marts') order by 1, ordinal_position"
    ).fetchall()
    for table in dict.fromkeys(table for table, _ in columns):
        if table in JUDGED_APART:
            continue
        kept = [c for t, c in columns if t == table and (c in COMPARED_SECONDS or not NOT_COMPARED.search(c))]
        rows = con.execute(f"select {', '.join(kept)} from {table} order by all").fetchall()  # names of the catalogue
        yield table, [tuple(v.replace(str(home), "~") if isinstance(v, str) else v for v in row) for row in rows]
