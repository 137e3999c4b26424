"""Which feeds are scanned, and what an operator set for each: the part of ``raw.feeds`` that people write."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

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


def add_feeds(con: duckdb.DuckDBPyConnection, feeds: Sequence[Subscription], now: datetime) -> int:
    """Subscribe; known feeds keep what they have and gain the tags. Returns how many were not scanned before."""
    added = 0
    for feed in feeds:
        known = con.execute(
            "select disabled_reason, tags from raw.feeds where feed_url = ? or moved_to = ? order by feed_url <> ?",
            [feed.feed_url, feed.feed_url, feed.feed_url],
        ).fetchall()
        if not known:
            con.execute(
                "insert into raw.feeds (feed_url, shown_url, is_private, title, added_at, tags)"
                " values (?, ?, ?, ?, ?, ?)",
                [
                    feed.feed_url,
                    shown_url(feed.feed_url),
                    is_private(feed.feed_url),
                    feed.title or None,
                    now,
                    list(feed.tags),
                ],
            )
        else:
            tags = [*(known[0][1] or []), *feed.tags]
            con.execute(
                "update raw.feeds set tags = ?, disabled_reason = null, next_check_at = null"
                " where feed_url = ? or moved_to = ?",
                [list(dict.fromkeys(tags)), feed.feed_url, feed.feed_url],
            )
        added += not known or known[0][0] is not None
    return added


def shown_url(feed_url: str) -> str:
    """What people may see of a feed's address: enough to tell it from others, nothing that opens it."""
    mark = hashlib.blake2b(feed_url.encode(), digest_size=3).hexdigest()
    return f"{redact(feed_url)}#{mark}" if is_private(feed_url) else feed_url


def complete_feeds(con: duckdb.DuckDBPyConnection) -> None:
    """Give feeds that an earlier release stored what this one shows of them."""
    rows = con.execute("select feed_url from raw.feeds where shown_url is null").fetchall()
    for (url,) in rows:
        con.execute(
            "update raw.feeds set shown_url = ?, is_private = ? where feed_url = ?",
            [shown_url(url), is_private(url), url],
        )


def find_feed(con: duckdb.DuckDBPyConnection, name: str) -> str:
    """The address of the subscription that ``name`` means: its address, its redacted address, or part of its title.

    Raises:
        DigestError: none or several do.
    """
    feeds = con.execute(
        "select feed_url, shown_url, coalesce(title, '') from raw.feeds"
        " where coalesce(disabled_reason, '') <> 'removed' order by title, feed_url"
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


def subscriptions(con: duckdb.DuckDBPyConnection, *, private: bool) -> list[Subscription]:
    """Every feed that is subscribed to, paused ones too, where it is now; private ones only when asked for."""
    rows = con.execute(
        "select coalesce(moved_to, feed_url), coalesce(title, ''), coalesce(tags, []) from raw.feeds"
        " where disabled_reason is null and (? or not coalesce(is_private, false)) order by feed_url",
        [private],
    ).fetchall()
    return [Subscription(url, title, tuple(tags)) for url, title, tags in rows]


def feeds_to_ask(con: duckdb.DuckDBPyConnection, now: datetime, *, only_due: bool) -> list[FeedRequest]:
    """Feeds to scan, in a stable order; never one whose host asked to be left alone until later.

    Args:
        con: an open connection.
        now: naive UTC.
        only_due: leave out feeds whose next check, learnt from their rhythm or put off after failures, is later.
    """
    rows = con.execute(
        "select feed_url, moved_to, etag, last_modified, body_hash from raw.feeds"
        " where disabled_reason is null and not coalesce(is_paused, false)"
        " and coalesce(retry_after_at, $now) <= $now"
        " and (not $only_due or coalesce(next_check_at, $now) <= $now) order by feed_url",
        {"now": now, "only_due": only_due},
    ).fetchall()
    return [FeedRequest(*row) for row in rows]


def private_feeds(con: duckdb.DuckDBPyConnection) -> set[str]:
    """Addresses of the feeds whose addresses nobody is shown."""
    return {url for (url,) in con.execute("select feed_url from raw.feeds where is_private").fetchall()}
