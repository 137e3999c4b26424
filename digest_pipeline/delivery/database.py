"""The SQLite file of subscribers and deliveries.

It stands beside the warehouse, not in it: addresses are personal and must not be in the snapshot that analysts read;
the web service takes a subscription while a run holds the warehouse; and the ledger is written once before and once
after each of many messages, which SQLite commits in a millisecond whatever else is open.
"""

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from digest_pipeline.errors import SubscribersDamaged
from digest_pipeline.sqlite import DAMAGED, connect, is_one_of, transaction

STEPS = (
    (  # each step a tuple of statements
        """
        create table subscribers (
            subscriber_id text primary key,     -- random: all that ledgers, logs and reports know of a person
            channel text not null,              -- mail, or notify: an address of the notification library
            address text not null,              -- personal, and for notify a secret
            status text not null,               -- pending: waits for its confirmation; active
            timezone text,                      -- null: the digest's own
            hour integer,                       -- local, from which a digest is welcome; null: at once
            interests text not null,            -- in plain words; empty: the common five
            subscribed_at text not null,        -- UTC, as are all times here
            confirmed_at text,
            unique (channel, address)
        ) strict
        """,
        """
        create table preferences (
            subscriber_id text not null references subscribers on delete cascade,
            kind text not null,                 -- show, theme
            subject text not null,              -- its title or id
            is_followed integer not null,       -- 0: muted
            primary key (subscriber_id, kind, subject)
        ) strict
        """,
        """
        create table suppressions (             -- who left: no import brings them back
            address_hash text primary key,      -- keyed hash of channel and address; the address itself is erased
            suppressed_at text not null
        ) strict
        """,
        """
        create table deliveries (               -- a row is written before its message leaves: at most once
            digest_date text not null,
            channel text not null,
            subscriber_id text not null,        -- outlives the subscriber
            content_hash text not null,
            status text not null,               -- started, sent, waiting (for another try), refused, unknown, given up
            attempts integer not null,
            message_id text,
            reason text,                        -- without any address
            started_at text not null,
            finished_at text,
            primary key (digest_date, channel, subscriber_id)
        ) strict
        """,
        """
        create table delivered_items (          -- nothing is repeated to a person
            subscriber_id text not null,
            claim_id text not null,
            digest_date text not null,
            primary key (subscriber_id, claim_id)
        ) strict
        """,
    ),
    (
        """
        create table secrets (                  -- in this file, so that a backup of it keeps every link valid
            name text primary key,
            value blob not null
        ) strict
        """,
    ),
    ("alter table suppressions add column last_day text",),  # of their last digest: who comes back gets no older one
    ("create index subscribers_by_address on subscribers (channel, address collate nocase)",),
    ("alter table subscribers add column weekday integer",),  # 0 Monday, of the week's best; null: every day
    (
        """
        create table votes (                    -- whether an insight was worth its reader's time; goes with the reader
            subscriber_id text not null references subscribers on delete cascade,
            claim_id text not null,
            is_worth integer not null,
            voted_at text not null,
            primary key (subscriber_id, claim_id)
        ) strict
        """,
    ),
)


@contextmanager
def open_delivery(file: Path) -> Iterator[sqlite3.Connection]:
    """A connection in autocommit mode (``transaction`` where several statements belong together).

    Makes the file, readable by its owner alone, and brings its schema up to date. Other processes may hold it open;
    a writer waits for another up to half a minute.

    Raises:
        SubscribersDamaged: so it is.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    try:
        with closing(connect(file)) as con:
            con.execute("pragma synchronous = full")  # a row that says "started" must survive a power cut
            con.execute("pragma foreign_keys = on")
            con.execute("pragma secure_delete = on")  # an erased address leaves no bytes behind in its page
            _migrate(con)
            yield con
    except sqlite3.DatabaseError as error:
        if not is_one_of(error, DAMAGED):
            raise
        raise SubscribersDamaged(
            f"the subscribers' file {file} is damaged: {error}",
            remedy="`digest restore BACKUP --subscribers` takes a backup's",
        ) from error


def secret_of(con: sqlite3.Connection, name: str) -> bytes:
    """A random key of this home folder, 32 bytes, made when it is first asked for and kept for good."""
    con.execute("insert or ignore into secrets values (?, ?)", [name, secrets.token_bytes(32)])
    value: bytes = con.execute("select value from secrets where name = ?", [name]).fetchone()[0]
    return value


def _migrate(con: sqlite3.Connection) -> None:
    if con.execute("pragma user_version").fetchone()[0] >= len(STEPS):
        return
    with transaction(con):
        done = con.execute("pragma user_version").fetchone()[0]  # another process may have been first
        for step in STEPS[done:]:
            for statement in step:
                con.execute(statement)
        con.execute(f"pragma user_version = {len(STEPS)}")
