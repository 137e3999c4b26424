"""The index: one SQLite file beside the warehouse with the words, the vectors and the place of every passage.

SQLite's FTS5 ranks words by BM25 and takes in a day without reading the days before; DuckDB's full-text extension
builds its index anew each time. An episode goes in whole, in one transaction, so a crash leaves nothing half; the first
time the file is built aside, since whoever finds it trusts that all is in it. It holds nothing that the warehouse does
not: deleted or of another release, it is built again.

Each vector is there twice: in half precision, and as one bit a dimension (its sign). The bits of all passages fit in
memory and are compared in milliseconds; the best of them are compared exactly (see ``nearest``).
"""

import json
import os
import secrets
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
from filelock import FileLock

from digest_pipeline.encoder import Embedder, Vectors
from digest_pipeline.errors import SearchError
from digest_pipeline.progress import step
from digest_pipeline.search.passages import (
    EpisodePassages,
    PunctuatorOf,
    Reader,
    read_passages,
    signatures,
    unpunctuated,
)
from digest_pipeline.sqlite import HINDERED, connect, is_one_of, transaction

FORMAT = 1  # of the file; another one is built anew
SCHEMA = """
create table episodes (
    number integer primary key,
    episode_id text not null unique,
    signature text not null,            -- of its passages: another one is taken in again
    encoder text not null,
    first_id integer not null,          -- its passages have consecutive ids, claims first
    n_claims integer not null,
    n_passages integer not null,
    signs blob not null                 -- a bit a dimension of each passage, whole 64-bit words
) strict;
create table passages (
    id integer primary key,
    number integer not null references episodes,
    claim_id text,                      -- null: talk
    speaker_id integer,
    start_seconds real not null,
    end_seconds real not null
) strict;
create index passages_of_claims on passages (claim_id) where claim_id is not null;
create index passages_of_speakers on passages (speaker_id) where speaker_id is not null;
create table speakers (speaker_id integer primary key, name text not null unique) strict;
create table vectors (
    id integer primary key,
    vector blob not null                -- unit length, half precision
) strict;
create virtual table words using fts5 (text, tokenize = 'porter unicode61 remove_diacritics 2');
create table state (
    token text not null                 -- another one after each change: what readers keep in memory is old
) strict;
insert into state values ('new');
"""

Signs = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What an update did."""

    episodes: int
    passages: int
    removed: int


@contextmanager
def open_index(file: Path) -> Iterator[sqlite3.Connection]:
    """A connection in autocommit mode; makes the file where it is missing, and anew where its format is another.

    Raises:
        SearchError: the file is damaged, cannot be written, or another process has held it for half a minute.
    """
    try:
        with closing(connect(file)) as con:
            con.execute("pragma synchronous = normal")  # a power cut may cost the last episodes: they are read again
            if con.execute("pragma user_version").fetchone()[0] != FORMAT:
                with transaction(con):
                    if con.execute("pragma user_version").fetchone()[0] != FORMAT:
                        _create(con)
            yield con
    except sqlite3.DatabaseError as error:
        remedy = (
            "make room, let this user write it, or wait for the process that holds it"
            if is_one_of(error, HINDERED)
            else "delete it: `digest search` builds it again"
        )
        raise SearchError(f"the search index {file} cannot be used: {error}", remedy=remedy) from error


@contextmanager
def read_index(file: Path) -> Iterator[sqlite3.Connection]:
    """A connection that asks. Who may not write to the folder may ask too.

    Raises:
        SearchError: as ``open_index``; or the file is of another format, and not this user's to build anew.
    """
    if os.access(file.parent, os.W_OK, effective_ids=True):
        with open_index(file) as con:
            yield con
        return
    # A reader of SQLite's log keeps marks beside it. Where nobody writes there is no log, and nothing to mark.
    has_log = file.with_name(f"{file.name}-wal").exists()
    address = f"{file.absolute().as_uri()}?mode=ro{'' if has_log else '&immutable=1'}"
    owner = "ask the owner of the home folder to run `digest search` once"
    try:
        with closing(sqlite3.connect(address, uri=True)) as con:
            if con.execute("pragma user_version").fetchone()[0] != FORMAT:
                raise SearchError(f"the search index {file} is of another release", remedy=owner)
            yield con
    except sqlite3.DatabaseError as error:
        raise SearchError(f"the search index {file} cannot be read: {error}", remedy=owner) from error


def update_index(
    file: Path,
    read: Reader,
    embedder: Embedder,
    day: date | None = None,
    punctuator_of: PunctuatorOf = unpunctuated,
) -> IndexReport:
    """Bring the index up to the warehouse: episodes that it lacks, those of ``day`` that changed, what is gone.

    A file that is not there yet is built as ``NAME.part``, which an update that follows a crash goes on with.

    Args:
        file: of the index.
        read: opens the warehouse for reading; nothing is held open while the encoder computes.
        embedder: of meanings. Episodes that another one embedded are taken in again.
        day: the day that was just run: its episodes are compared with what the index has.
        punctuator_of: finds sentences in talk of a language where a transcript has no punctuation.
    """
    if file.exists():
        return _update(file, read, embedder, day, punctuator_of)
    draft = file.with_name(f"{file.name}.part")
    with FileLock(file.with_name(f"{file.name}.lock")):
        if file.exists():  # another process has built it meanwhile
            return _update(file, read, embedder, day, punctuator_of)
        report = _update(draft, read, embedder, day, punctuator_of)
        for log in ("-wal", "-shm"):  # of an index that was deleted: SQLite would take it for this one's
            file.with_name(file.name + log).unlink(missing_ok=True)
        draft.rename(file)
    return report


def _update(file: Path, read: Reader, embedder: Embedder, day: date | None, punctuator_of: PunctuatorOf) -> IndexReport:
    with open_index(file) as con:
        has = dict(con.execute("select episode_id, signature from episodes where encoder = ?", [embedder.name]))
        others = {episode_id for (episode_id,) in con.execute("select episode_id from episodes")}
        with_talk = {one for (one,) in con.execute("select episode_id from episodes where n_passages > n_claims")}
        with read() as warehouse:
            rows = warehouse.execute(
                "select episode_id, digest_date from raw.episodes where status = 'transcribed'"
                " order by digest_date desc, episode_id"
            ).fetchall()
            of_day = signatures(warehouse, [episode_id for episode_id, taken in rows if taken == day])
            heard = warehouse.execute("select distinct episode_id from raw.transcript_segments").fetchall()
        changed = with_talk - {episode_id for (episode_id,) in heard}  # their transcripts were removed for their age
        changed |= {episode_id for episode_id, signature in of_day.items() if has.get(episode_id) != signature}
        due = [episode_id for episode_id, _ in rows if episode_id not in has or episode_id in changed]
        gone = others - {episode_id for episode_id, _ in rows}
        if gone:
            with transaction(con):
                _remove(con, gone)
        passages = 0
        for done, episode_id in enumerate(due, start=1):
            episode = read_passages(read, episode_id, embedder.name, punctuator_of)
            vectors = embed(episode, embedder)
            with transaction(con):
                _remove(con, [episode_id])
                add_episode(con, episode, vectors, embedder.name)
            passages += len(episode.passages)
            step("search index", done, len(due), f"{len(episode.passages)} passages")
    return IndexReport(len(due), passages, len(gone))


def embed(episode: EpisodePassages, embedder: Embedder) -> Vectors:
    """A unit vector a passage: the stored ones of claims, the others from the encoder."""
    if not episode.passages:
        return np.zeros((0, 0), dtype=np.float32)
    missing = [p.meaning for p in episode.passages if p.claim_id not in episode.known]
    fresh = iter(embedder.embed(missing))
    rows = [episode.known[p.claim_id] if p.claim_id in episode.known else next(fresh) for p in episode.passages]
    return np.array(rows, dtype=np.float32)


def add_episode(con: sqlite3.Connection, episode: EpisodePassages, vectors: Vectors, encoder: str) -> None:
    """Write an episode that the index does not have."""
    first_id = con.execute("select coalesce(max(id), 0) + 1 from passages").fetchone()[0]
    number = con.execute(
        "insert into episodes (episode_id, signature, encoder, first_id, n_claims, n_passages, signs)"
        " values (?, ?, ?, ?, ?, ?, ?)",
        [
            episode.episode_id, episode.signature, encoder, first_id, episode.claims, len(episode.passages),
            signs_of(vectors).tobytes() if len(vectors) else b"",
        ],
    ).lastrowid  # fmt: skip
    names = {passage.speaker for passage in episode.passages if passage.speaker}
    con.executemany("insert or ignore into speakers (name) values (?)", [(name,) for name in sorted(names)])
    speakers = dict(
        con.execute("select name, speaker_id from speakers where name in (select value from json_each(?))",
                    [json.dumps(sorted(names))])
    )  # fmt: skip
    con.executemany(
        "insert into passages values (?, ?, ?, ?, ?, ?)",
        [
            (i, number, p.claim_id, speakers.get(p.speaker), p.start_seconds, p.end_seconds)
            for i, p in enumerate(episode.passages, start=first_id)
        ],
    )
    con.executemany(
        "insert into vectors values (?, ?)",
        [(i, vector.tobytes()) for i, vector in enumerate(vectors.astype(np.float16), start=first_id)],
    )
    con.executemany(
        "insert into words (rowid, text) values (?, ?)",
        [(i, passage.text) for i, passage in enumerate(episode.passages, start=first_id)],
    )
    _mark_changed(con)


def signs_of(vectors: Vectors) -> Signs:
    """One bit a dimension: whether it is positive; rows of whole 64-bit words."""
    bits = np.packbits(vectors > 0, axis=-1)
    padding = -bits.shape[-1] % 8
    return np.pad(bits, [*[(0, 0)] * (bits.ndim - 1), (0, padding)]).view(np.uint64)


def _create(con: sqlite3.Connection) -> None:
    tables = con.execute("select name from sqlite_schema where type = 'table' and name not glob 'words_*'").fetchall()
    for (table,) in tables:
        con.execute(f'drop table "{table}"')
    for statement in SCHEMA.split(";\n"):
        con.execute(statement)
    _mark_changed(con)
    con.execute(f"pragma user_version = {FORMAT}")


def _remove(con: sqlite3.Connection, episode_ids: Iterable[str]) -> None:
    for episode_id in episode_ids:
        row = con.execute(
            "select number, first_id, first_id + n_passages from episodes where episode_id = ?", [episode_id]
        ).fetchone()
        if row:
            for table, key in (("words", "rowid"), ("vectors", "id"), ("passages", "id")):
                con.execute(f"delete from {table} where {key} >= ? and {key} < ?", row[1:])  # noqa: S608 - as named here
            con.execute("delete from episodes where number = ?", row[:1])
    _mark_changed(con)


def _mark_changed(con: sqlite3.Connection) -> None:
    con.execute("update state set token = ?", [secrets.token_hex(8)])
