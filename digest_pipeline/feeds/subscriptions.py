"""Which feeds are scanned, and what an operator set for each: the part of ``raw.feeds`` that people write."""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb
import polars as pl

from digest_pipeline.errors import DigestError
from digest_pipeline.feeds.redaction import is_private, redact

# What an operator may set for one feed: the column, and what it means.
OWN_SETTINGS = {
    "own_language": "language of its talk, over what the feed says",
    "whisper_model": "Whisper model for its audio",
    "weight": "multiplies the scores of its claims",
    "lookback_days": "days an episode may turn up late",
    "max_per_day": "episodes that one day takes",
    "is_paused": "not scanned while true",
    "is_private": "its addresses are shown to nobody",
    "tags": "words to group feeds by",
}
OLD_SCHEMES = re.compile(r"^(?:feed|itpc|pcast|podcast|rss):(?://)?(?=\S)", re.IGNORECASE)
SUBSCRIBED: dict[str, pl.DataType] = {
    "feed_url": pl.String(),
    "shown_url": pl.String(),
    "is_private": pl.Boolean(),
    "title": pl.String(),
    "added_at": pl.Datetime(),
    "tags": pl.List(pl.String()),
    "is_new": pl.Boolean(),
}


@dataclass(frozen=True, slots=True)
class Subscription:
    """A feed that somebody subscribes to. ``tags`` are the folders of a subscription list."""

    feed_url: str
    title: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FeedRequest:
    """What to ask a feed: where it is now, and what it said the last time."""

    feed_url: str
    moved_to: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None


@dataclass(slots=True)
class _Row:
    """What subscribing looks at and changes of a feed's row."""

    feed_url: str
    title: str | None
    tags: list[str]
    is_scanned: bool
    is_new: bool = False


def web_address(place: str) -> str:
    """``feed://show.example/rss`` and its like as the http address that they stand for; https is added."""
    rest = OLD_SCHEMES.sub("", place.strip())
    return rest if "://" in rest else f"https://{rest}"


def add_feeds(con: duckdb.DuckDBPyConnection, feeds: Sequence[Subscription], now: datetime) -> int:
    """Subscribe; known feeds keep what they have and gain the tags. Returns how many were not scanned before."""
    at = _rows_at(con, [feed.feed_url for feed in feeds])
    added = 0
    for feed in feeds:
        rows = at[feed.feed_url]
        if not rows:
            rows.append(_Row(feed.feed_url, feed.title or None, [], is_scanned=False, is_new=True))
        added += not rows[0].is_scanned
        tags = list(dict.fromkeys([*rows[0].tags, *feed.tags]))
        for row in rows:
            row.tags, row.is_scanned = tags, True
    rows = list({row.feed_url: row for rows in at.values() for row in rows}.values())
    con.register("subscribed", pl.DataFrame([_columns(row, now) for row in rows], schema=SUBSCRIBED))
    con.execute(
        "update raw.feeds set tags = s.tags, disabled_reason = null, next_check_at = null,"
        " failing_since = if(disabled_reason is null, failing_since, null)"  # what nobody followed was no outage
        " from subscribed s where feeds.feed_url = s.feed_url and not s.is_new"
    )
    con.execute(
        "insert into raw.feeds (feed_url, shown_url, is_private, title, added_at, tags)"
        " select feed_url, shown_url, is_private, title, added_at, tags from subscribed where is_new"
    )
    con.unregister("subscribed")
    return added


def _rows_at(con: duckdb.DuckDBPyConnection, addresses: Sequence[str]) -> dict[str, list[_Row]]:
    """The rows of feeds that have an address or moved to it, the one that has it first."""
    con.register("wanted", pl.DataFrame({"address": addresses}, schema={"address": pl.String}))
    found = con.execute(
        "select feed_url, moved_to, title, coalesce(tags, []), disabled_reason is null from raw.feeds"
        " where feed_url in (from wanted) or moved_to in (from wanted) order by feed_url"
    ).fetchall()
    con.unregister("wanted")
    at: dict[str, list[_Row]] = {address: [] for address in addresses}
    for url, moved_to, title, tags, is_scanned in found:
        row = _Row(url, title, tags, is_scanned)
        if url in at:
            at[url].insert(0, row)
        if moved_to in at and moved_to != url:
            at[moved_to].append(row)
    return at


def _columns(row: _Row, now: datetime) -> dict[str, object]:
    return {
        "feed_url": row.feed_url,
        "shown_url": shown_url(row.feed_url),
        "is_private": is_private(row.feed_url),
        "title": row.title,
        "added_at": now,
        "tags": row.tags,
        "is_new": row.is_new,
    }


def shown_url(feed_url: str) -> str:
    """What people may see of a feed's address: enough to tell it from others, nothing that opens it."""
    mark = hashlib.blake2b(feed_url.encode(), digest_size=3).hexdigest()
    return f"{redact(feed_url)}#{mark}" if is_private(feed_url) else feed_url


def complete_feeds(con: duckdb.DuckDBPyConnection) -> None:
    """Give feeds that an earlier release stored what this one shows of them, and hide what it knows to be private."""
    rows = con.execute(
        "select feed_url, shown_url is null from raw.feeds where shown_url is null or not coalesce(is_private, false)"
    ).fetchall()
    for url in [url for url, is_bare in rows if is_bare or is_private(url)]:
        con.execute(
            "update raw.feeds set shown_url = ?, is_private = ? where feed_url = ?",
            [shown_url(url), is_private(url), url],
        )


def find_feed(con: duckdb.DuckDBPyConnection, name: str, *, even_removed: bool = False) -> str:
    """The address of the subscription that ``name`` means: its address, its redacted address, or part of its title.

    Args:
        con: the warehouse.
        name: what it is called.
        even_removed: one that is not scanned any more counts too.

    Raises:
        DigestError: none or several do.
    """
    feeds = con.execute(
        "select feed_url, shown_url, coalesce(title, '') from raw.feeds"
        " where ? or coalesce(disabled_reason, '') <> 'removed' order by title, feed_url",
        [even_removed],
    ).fetchall()
    wanted = name.strip().casefold()
    tests: tuple[Callable[[str, str, str], bool], ...] = (
        lambda url, _shown, _title: url == name,
        lambda _url, shown, _title: shown == name,
        lambda _url, _shown, title: title.casefold() == wanted,
        lambda _url, _shown, title: bool(wanted) and wanted in title.casefold(),
    )
    for test in tests:
        found = [feed for feed in feeds if test(*feed)]
        if len(found) == 1:
            return str(found[0][0])
        if found:
            listed = ", ".join(f"{title or 'untitled'} ({shown})" for _, shown, title in found[:5])
            raise DigestError(f"{redact(name)} means {len(found)} feeds: {listed}", remedy="name one by its address")
    raise DigestError(f"{redact(name)} is no subscription", remedy="`digest feeds list` shows them")


def remove_feed(con: duckdb.DuckDBPyConnection, feed_url: str) -> None:
    """Stop scanning a feed. Its episodes and claims stay: digests that were sent rest on them."""
    con.execute("update raw.feeds set disabled_reason = 'removed' where feed_url = ?", [feed_url])


def set_feed(con: duckdb.DuckDBPyConnection, feed_url: str, values: dict[str, object]) -> None:
    """Store what an operator wants for one feed; names are those of ``OWN_SETTINGS``, ``None`` goes back to general."""
    if unknown := set(values) - set(OWN_SETTINGS):
        raise ValueError(f"not settings of a feed: {sorted(unknown)}")
    for column, value in values.items():
        con.execute(f"update raw.feeds set {column} = ? where feed_url = ?", [value, feed_url])  # noqa: S608
    if "is_paused" in values:  # an outage lasts as long as somebody asks
        con.execute("update raw.feeds set failing_since = null where feed_url = ?", [feed_url])


def subscriptions(con: duckdb.DuckDBPyConnection, *, private: bool) -> list[Subscription]:
    """Every feed that is subscribed to, paused ones too, where it is now; private ones only when asked for."""
    rows = con.execute(
        "select coalesce(moved_to, feed_url), coalesce(title, ''), coalesce(tags, []) from raw.feeds"
        " where disabled_reason is null and (? or not coalesce(is_private, false)) order by feed_url",
        [private],
    ).fetchall()
    return [Subscription(url, title, tuple(tags)) for url, title, tags in rows]


def feeds_to_ask(con: duckdb.DuckDBPyConnection, now: datetime, *, only_due: bool) -> list[FeedRequest]:
    """Feeds to scan; never one whose host asked to be left alone until later.

    Those that were read longest ago come first: a host that gives a hundred of its feeds at a time and then asks for a
    rest would never come to the others.

    What was put down while the clock was ahead keeps nobody away, or a clock that is mended would leave feeds unread.

    Args:
        con: an open connection.
        now: naive UTC.
        only_due: leave out feeds whose next check, learnt from their rhythm or put off after failures, is later.
    """
    rows = con.execute(
        "select feed_url, moved_to, etag, last_modified, body_hash from raw.feeds"
        " where disabled_reason is null and not coalesce(is_paused, false)"
        " and (last_checked_at > $now or coalesce(retry_after_at, $now) <= $now"
        " and (not $only_due or coalesce(next_check_at, $now) <= $now)) order by last_success_at nulls first, feed_url",
        {"now": now, "only_due": only_due},
    ).fetchall()
    return [FeedRequest(*row) for row in rows]


def private_feeds(con: duckdb.DuckDBPyConnection) -> set[str]:
    """Addresses of the feeds whose addresses nobody is shown."""
    return {url for (url,) in con.execute("select feed_url from raw.feeds where is_private").fetchall()}
