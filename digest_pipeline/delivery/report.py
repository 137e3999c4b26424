"""The ledger of deliveries for analysts: a copy in the warehouse, where people are random ids."""

import sqlite3
from datetime import date, datetime, timedelta

import polars as pl

from digest_pipeline.warehouse import Warehouse

COPIED_DAYS = 31  # what began earlier changes no more
COLUMNS = {
    "digest_date": pl.Date,
    "channel": pl.String,
    "recipient": pl.String,
    "content_hash": pl.String,
    "status": pl.String,
    "attempts": pl.Int64,
    "message_id": pl.String,
}


def copy_ledger(ledger: sqlite3.Connection, warehouse: Warehouse, now: datetime) -> None:
    """Bring ``raw.deliveries`` up to date; the ledger stays the truth."""
    rows = [
        (date.fromisoformat(day), *rest)
        for day, *rest in ledger.execute(
            "select digest_date, channel, subscriber_id, content_hash, status, attempts, message_id from deliveries"
            " where started_at > ?",
            [(now - timedelta(days=COPIED_DAYS)).isoformat()],
        )
    ]
    frame = pl.DataFrame(rows, schema=COLUMNS, orient="row")  # noqa: F841 - DuckDB reads it by its name
    if rows:
        with warehouse.write() as con:
            con.execute(
                "merge into raw.deliveries using frame using (digest_date, channel, recipient)"
                " when matched then update by name when not matched then insert by name"
            )
