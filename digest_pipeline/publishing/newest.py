"""What the feeds of the site tell: the newest days and insights, and which were taken back."""

from dataclasses import dataclass
from datetime import date, datetime

import duckdb

from digest_pipeline.models import DigestItem, Retraction
from digest_pipeline.publishing.store import ITEM_COLUMNS, published_digests, read_item, retractions


@dataclass(frozen=True, slots=True)
class Published:
    """What a feed tells of a day: one insight or all, or that it was taken back; and when they were published (UTC)."""

    day: date
    published_at: datetime
    items: tuple[DigestItem, ...]
    retracted: tuple[Retraction, ...] = ()

    @property
    def updated_at(self) -> datetime:
        """When it last changed (UTC)."""
        return max([self.published_at, *(one.retracted_at for one in self.retracted)])

    @property
    def claim_id(self) -> str:
        """Of the first insight, which is the only one where the feed tells of single insights."""
        return self.items[0].claim_id if self.items else self.retracted[0].claim_id


def newest_insights(con: duckdb.DuckDBPyConnection, count: int) -> list[Published]:
    """The insights published last, newest first; of those that were taken back, that they were."""
    taken_back = {one.claim_id: one for one in retractions(con)}
    rows = con.execute(
        f"select digest_date, published_at, {ITEM_COLUMNS} from raw.digest_items"  # noqa: S608 - column names
        " join raw.digests using (digest_date) order by digest_date desc, rank limit ?",
        [count],
    ).fetchall()
    found = ((day, published_at, read_item(row)) for day, published_at, *row in rows)
    return [
        Published(day, published_at, (), (taken_back[item.claim_id],))
        if item.claim_id in taken_back
        else Published(day, published_at, (item,))
        for day, published_at, item in found
    ]


def newest_digests(con: duckdb.DuckDBPyConnection, count: int) -> list[Published]:
    """The digests with insights that were published last, newest first."""
    rows = con.execute(
        "select digest_date, published_at from raw.digests where n_items > 0 order by digest_date desc limit ?", [count]
    ).fetchall()
    digests = published_digests(con, [day for day, _ in rows])
    return [Published(day, at, digests[day].items, digests[day].retracted) for day, at in rows]
