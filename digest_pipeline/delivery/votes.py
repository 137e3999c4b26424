"""Readers' votes: whether an insight that they got was worth their time.

Who voted how stands in the file of subscribers and is erased with them. The pipeline takes the counts alone.
"""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from digest_pipeline.delivery.database import open_delivery, secret_of
from digest_pipeline.scoring.verdicts import ReaderVotes

COUNTS = """
select claim_id, sum(is_worth), sum(1 - is_worth)
from votes join subscribers using (subscriber_id)
where status = 'active'
group by claim_id
"""


def cast_vote(con: sqlite3.Connection, subscriber_id: str, claim_id: str, *, is_worth: bool, now: datetime) -> None:
    """Keep what a subscriber says of a claim, in the place of what they said before.

    Args:
        con: of ``open_delivery``.
        subscriber_id: of somebody who is subscribed.
        claim_id: of an insight that they got.
        is_worth: whether it was worth their time.
        now: aware.
    """
    voted_at = now.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds")
    con.execute("insert or replace into votes values (?, ?, ?, ?)", [subscriber_id, claim_id, is_worth, voted_at])


def vote_of(con: sqlite3.Connection, subscriber_id: str, claim_id: str) -> bool | None:
    """Whether a subscriber found a claim worth their time; ``None``: they did not say."""
    row = con.execute(
        "select is_worth from votes where subscriber_id = ? and claim_id = ?", [subscriber_id, claim_id]
    ).fetchone()
    return bool(row[0]) if row else None


def count_votes(file: Path) -> tuple[str, list[ReaderVotes]] | None:
    """How the subscribers in a file have voted, and a random id of their home folder; ``None`` without such a file.

    Raises:
        SubscribersDamaged: so it is.
    """
    if not file.is_file():
        return None
    with open_delivery(file) as con:
        return secret_of(con, "home").hex()[:16], [ReaderVotes(*row) for row in con.execute(COUNTS)]
