"""What the feeds stage keeps: subscriptions, episodes, and which day takes which episode."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import TypeVar

import duckdb

from digest_pipeline.feeds.identity import EpisodeIndex, KnownEpisode, episode_id_of
from digest_pipeline.models import Chapter, Episode, FeedItem, ParsedFeed, Person, Soundbite, TranscriptLink

T = TypeVar("T")

CLAIM_DAY = """
update raw.episodes set digest_date = $day, status = 'due'
where (
        (status = 'listed' and digest_date is null)
        or (status = 'failed' and digest_date < $day and attempts < $max_attempts)
    )
    and coalesce(published_at, first_seen_at) >= $since and coalesce(published_at, first_seen_at) < $until
"""


def add_feeds(con: duckdb.DuckDBPyConnection, feeds: Sequence[tuple[str, str]], now: datetime) -> int:
    """Subscribe to (address, title) pairs; known ones stay as they are. Returns how many are new."""
    before = _count(con, "raw.feeds")
    con.executemany(
        "insert into raw.feeds (feed_url, title, added_at) values (?, ?, ?) on conflict do nothing",
        [(url, title or None, now) for url, title in feeds],
    )
    con.executemany(
        "update raw.feeds set disabled_reason = null where feed_url = ? and disabled_reason = 'removed'",
        [(url,) for url, _ in feeds],
    )
    return _count(con, "raw.feeds") - before


def remove_feed(con: duckdb.DuckDBPyConnection, feed_url: str) -> bool:
    """Stop scanning a feed. Its episodes and claims stay: digests that were sent rest on them."""
    known = con.execute("select 1 from raw.feeds where feed_url = ? and disabled_reason is null", [feed_url]).fetchall()
    con.execute("update raw.feeds set disabled_reason = 'removed' where feed_url = ?", [feed_url])
    return bool(known)


def active_feeds(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str | None, str | None]]:
    """(address, etag, last_modified) of every feed to scan, in a stable order."""
    return con.execute(
        "select feed_url, etag, last_modified from raw.feeds where disabled_reason is null order by feed_url"
    ).fetchall()


def known_episodes(con: duckdb.DuckDBPyConnection) -> EpisodeIndex:
    """All stored episodes by what identifies them, the first seen first: a copy is a copy of its original."""
    rows = con.execute(
        "select episode_id, feed_url, guid, title, audio_url, description, duration_seconds from raw.episodes"
        " order by first_seen_at, published_at, episode_id"
    ).fetchall()
    return EpisodeIndex(KnownEpisode(*row) for row in rows)


def save_feed(
    con: duckdb.DuckDBPyConnection,
    feed_url: str,
    *,
    parsed: ParsedFeed | None,
    etag: str | None,
    last_modified: str | None,
) -> None:
    """Note a successful check; ``parsed`` is ``None`` when the feed has not changed."""
    if parsed:
        con.execute(
            "update raw.feeds set title = ?, link = ?, language = ?, etag = ?, last_modified = ? where feed_url = ?",
            [parsed.title, parsed.link, parsed.language, etag, last_modified, feed_url],
        )
    con.execute("update raw.feeds set last_status = 'ok', consecutive_failures = 0 where feed_url = ?", [feed_url])


def save_feed_failure(con: duckdb.DuckDBPyConnection, feed_url: str, reason: str) -> None:
    """Note a failed check with its reason."""
    con.execute(
        "update raw.feeds set last_status = ?, consecutive_failures = consecutive_failures + 1 where feed_url = ?",
        [reason, feed_url],
    )


def save_items(
    con: duckdb.DuckDBPyConnection, feed_url: str, items: Sequence[FeedItem], index: EpisodeIndex, now: datetime
) -> dict[str, int]:
    """Store the items that are not stored yet; returns how many of each status. Stored rows are never changed.

    An item without audio and transcript is kept as ``unusable``, a second copy of an episode as ``duplicate``, each
    with its reason.
    """
    rows, counts = [], {"listed": 0, "duplicate": 0, "unusable": 0}
    undated = "~"  # after every date: a copy follows its original
    for item in sorted(items, key=lambda i: i.published_at.isoformat() if i.published_at else undated):
        match = index.find(feed_url, item)
        if match and match.is_same_row:
            continue
        status, reason = "listed", None
        if match:
            status, reason = "duplicate", match.reason
        elif not item.audio_url and not item.transcripts:
            status, reason = "unusable", "the feed item has neither audio nor a transcript"
        episode_id = episode_id_of(feed_url, item)
        index.add(
            KnownEpisode(
                episode_id, feed_url, item.guid, item.title, item.audio_url, item.description, item.duration_seconds
            )
        )
        counts[status] += 1
        row = (
            episode_id,
                feed_url,
                item.guid,
                item.title,
                item.published_at,
                now,
                item.link,
                item.audio_url,
                item.audio_type,
                item.duration_seconds,
                json.dumps([asdict(t) for t in item.transcripts]),
                item.chapters_url,
                item.description,
                item.language,
                status,
                reason,
        )  # fmt: skip
        rows.append(row)
    if rows:
        con.executemany(
            "insert into raw.episodes (episode_id, feed_url, guid, title, published_at, first_seen_at, link, audio_url,"
            " audio_type, duration_seconds, transcript_urls, chapters_url, description, language, status,"
            " status_reason) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing",
            rows,
        )
    return counts


def claim_day(
    con: duckdb.DuckDBPyConnection, day: date, *, since: datetime, until: datetime, max_attempts: int
) -> None:
    """Give ``day`` every listed episode of [since, until) that no day has, and those that failed on an earlier day.

    A day whose digest was published takes nothing more: what turns up late in its feed belongs to the next day.
    """
    closed = con.execute("select 1 from raw.digests where digest_date = ? and n_items > 0", [day]).fetchall()
    if not closed:
        con.execute(CLAIM_DAY, {"day": day, "since": since, "until": until, "max_attempts": max_attempts})


def episodes_of_day(con: duckdb.DuckDBPyConnection, day: date, statuses: Sequence[str]) -> list[Episode]:
    """Episodes that ``day`` took, in publication order."""
    rows = con.execute(
        "select e.episode_id, e.feed_url, coalesce(f.title, e.feed_url), e.title, e.audio_url, e.link, e.description,"
        " e.duration_seconds, coalesce(f.own_language, e.language, f.language), e.transcript_urls, e.attempts,"
        " e.chapters, e.persons, e.soundbites, f.whisper_model"
        " from raw.episodes e left join raw.feeds f using (feed_url)"
        " where e.digest_date = ? and list_contains(?, e.status)"
        " order by e.published_at, e.episode_id",
        [day, list(statuses)],
    ).fetchall()
    kinds = (Chapter, Person, Soundbite)
    return [
        Episode(
            *(
                *row[:9],
                _from_json(TranscriptLink, row[9]),
                row[10],
                *(_from_json(kind, text) for kind, text in zip(kinds, row[11:14], strict=True)),
                row[14],
            )
        )
        for row in rows
    ]


def _from_json(kind: type[T], text: str | None) -> tuple[T, ...]:
    return tuple(kind(**fields) for fields in json.loads(text or "[]"))


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(con.execute(f"select count(*) from {table}").fetchall()[0][0])  # noqa: S608 - table names are ours
