"""Items that feeds brought: which of them are new episodes, which are copies, and what publishers mended."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import duckdb
import polars as pl

from digest_pipeline.feeds.evidence import KnownEpisode, audio_key, title_key
from digest_pipeline.feeds.identity import EpisodeIndex, Match, episode_id_of
from digest_pipeline.feeds.scan import FeedScan
from digest_pipeline.feeds.store import to_json
from digest_pipeline.models import FeedItem

MOMENT, DAY = timedelta(seconds=1), timedelta(days=1)
# So many undated items of a feed that is read for the first time count as new: its first ones. The others are old, of
# an age that no lookback reaches.
FIRST_UNDATED = 3
OLD = timedelta(days=3650)
NO_AUDIO = "the feed item has neither audio nor a transcript"

# What a publisher may mend, in the table's order: taken over as long as the episode was not transcribed.
MENDABLE = {
    "title": pl.String,
    "link": pl.String,
    "audio_url": pl.String,
    "audio_type": pl.String,
    "audio_bytes": pl.Int64,
    "duration_seconds": pl.Float64,
    "transcript_urls": pl.String,
    "chapters_url": pl.String,
    "description": pl.String,
    "language": pl.String,
    "season": pl.Int64,
    "episode_number": pl.Float64,
    "episode_type": pl.String,
    "persons": pl.String,
    "soundbites": pl.String,
    "audio_key": pl.String,
    "title_key": pl.String,
}
COLUMNS = {
    "episode_id": pl.String,
    "feed_url": pl.String,
    "guid": pl.String,
    "published_at": pl.Datetime,
    "first_seen_at": pl.Datetime,
    "available_at": pl.Datetime,
    "status": pl.String,
    "status_reason": pl.String,
    "duplicate_of": pl.String,
    "chapters": pl.String,
    **MENDABLE,
}
KEYS = {"episode_id": pl.String, "audio_key": pl.String, "title_key": pl.String}
KNOWN_BY = """
select
    episode_id, feed_url, guid, title, audio_url, description, duration_seconds, published_at, link, audio_bytes,
    season, episode_number, coalesce(episode_type, 'full'), duplicate_of, (audio_key, title_key)
from raw.episodes
"""
OF_FEEDS = f"{KNOWN_BY} where feed_url in (from read_feeds) order by first_seen_at, published_at, episode_id"
LIKE_NEW = f"""{KNOWN_BY}
where feed_url not in (from read_feeds)
    and (
        audio_key in (select audio_key from arrived) or title_key in (select title_key from arrived)
        or guid in (select guid from arrived)
    )
order by first_seen_at, published_at, episode_id
"""  # noqa: S608 - put together of our own text


def save_episodes(
    con: duckdb.DuckDBPyConnection, scans: Sequence[FeedScan], *, now: datetime, as_of: datetime, lookback_days: int
) -> Counter[str]:
    """Store what is new in the feeds that were read, and what their publishers mended.

    An item without audio and transcript is kept as ``unusable`` until it has one, a second copy of an episode as
    ``duplicate``, each with its reason. An episode that was transcribed is never changed.

    Args:
        con: in a transaction.
        scans: what was read; those without a document are passed over.
        now: naive UTC, the wall clock.
        as_of: the end of the day that is digested, or ``now`` if that is earlier.
        lookback_days: how late an episode may turn up in its feed.

    Returns:
        how many are ``listed``, ``duplicate``, ``unusable`` and ``mended``.
    """
    read = {scan.feed_url: scan.parsed for scan in scans if scan.parsed}
    counts: Counter[str] = Counter()
    if not read:
        return counts
    con.register("read_feeds", pl.DataFrame({"feed_url": list(read)}))  # a list parameter is slow
    outages = _outages(con)
    first_read, undated = _first_read(con), Counter[str]()
    index = EpisodeIndex()
    has_old_keys = bool(con.execute("select 1 from raw.episodes where title_key is null limit 1").fetchall())
    for *columns, keys in con.execute(OF_FEEDS).fetchall():
        known = KnownEpisode(*columns)
        has_old_keys = has_old_keys or keys != _keys(known.audio_url, known.title)
        index.add(known)
    if has_old_keys:
        _make_keys_anew(con)
    items = [
        (url, item)
        for url, parsed in sorted(read.items())
        for item in sorted(parsed.items, key=_by_date)  # a copy follows its original
    ]
    fresh = [(url, item) for url, item in items if not index.find_row(url, item)]
    for known in _elsewhere(con, fresh):
        index.add(known)
    con.unregister("read_feeds")
    rows, seen = [], {}
    for url, item in items:
        match = index.find(url, item)
        if match and match.is_same_row:
            seen[match.episode_id] = item
            continue
        row = _row(url, item, match, index, now)
        row["available_at"] = _available_at(item, now, as_of, outages.get(url), timedelta(days=lookback_days))
        undated[url] += not item.published_at
        if url in first_read and not item.published_at and undated[url] > FIRST_UNDATED:
            row["available_at"] = now - OLD
        index.add(_as_known(row))
        rows.append(row)
        counts[row["status"]] += 1
    if rows:
        con.register("arrived", pl.DataFrame(rows, schema=COLUMNS))
        con.execute(f"insert into raw.episodes ({', '.join(COLUMNS)}) select * from arrived")  # noqa: S608
        con.unregister("arrived")
    counts["mended"] = _mend(con, seen, as_of)
    return counts


def _keys(audio_url: str | None, title: str) -> tuple[str | None, str]:
    """What an episode is looked for by among those of other feeds: its audio file and its title, normalised."""
    return audio_key(audio_url) if audio_url else None, title_key(title)[0]


def _make_keys_anew(con: duckdb.DuckDBPyConnection) -> None:
    """The keys of all rows by the rules of this release: by those of an earlier one, no copy of them is found.

    Of all, since a feed that does not change is not read, and its episodes may come again in another one.
    """
    rows = con.execute("select episode_id, audio_url, title, (audio_key, title_key) from raw.episodes").fetchall()
    renewed = [(key, *_keys(url, title)) for key, url, title, keys in rows if keys != _keys(url, title)]
    con.register("renewed", pl.DataFrame(renewed, schema=KEYS, orient="row"))
    con.execute(
        "update raw.episodes set audio_key = r.audio_key, title_key = r.title_key from renewed r"
        " where episodes.episode_id = r.episode_id"
    )
    con.unregister("renewed")


def _outages(con: duckdb.DuckDBPyConnection) -> dict[str, datetime]:
    """Feeds that could not be read until now, and since when."""
    return dict(
        con.execute(
            "select feed_url, failing_since from raw.feeds"
            " where feed_url in (from read_feeds) and failing_since is not null"
        ).fetchall()
    )


def _first_read(con: duckdb.DuckDBPyConnection) -> set[str]:
    """Feeds that were never read before."""
    rows = con.execute(
        "select feed_url from raw.feeds where feed_url in (from read_feeds) and last_success_at is null"
    ).fetchall()
    return {url for (url,) in rows}


def _elsewhere(con: duckdb.DuckDBPyConnection, fresh: Sequence[tuple[str, FeedItem]]) -> list[KnownEpisode]:
    """Episodes of other feeds that share some evidence with the new items."""
    if not fresh:
        return []
    evidence = [
        {
            "guid": item.guid,
            "audio_key": audio_key(item.audio_url) if item.audio_url else None,
            "title_key": title_key(item.title)[0],
        }
        for _, item in fresh
    ]
    con.register("arrived", pl.DataFrame(evidence, schema=dict.fromkeys(evidence[0], pl.String)))
    rows = con.execute(LIKE_NEW).fetchall()
    con.unregister("arrived")
    return [KnownEpisode(*row[:-1]) for row in rows]


def _row(url: str, item: FeedItem, match: Match | None, index: EpisodeIndex, now: datetime) -> dict[str, Any]:
    status, reason = ("listed", None) if item.audio_url or item.transcripts else ("unusable", NO_AUDIO)
    if match:
        status, reason = "duplicate", match.reason
    episode_id = episode_id_of(url, item)
    if episode_id in index:  # the feed gave this guid to another episode before
        episode_id = episode_id_of(url, item, guid_is_reused=True)
    return {
        "episode_id": episode_id,
        "feed_url": url,
        "guid": item.guid,
        "published_at": item.published_at,
        "first_seen_at": now,
        "status": status,
        "status_reason": reason,
        "duplicate_of": match.episode_id if match else None,
        "chapters": to_json(item.chapters) if item.chapters else None,
        **_mendable(item),
    }


def _mendable(item: FeedItem) -> dict[str, Any]:
    return {
        "title": item.title,
        "link": item.link,
        "audio_url": item.audio_url,
        "audio_type": item.audio_type,
        "audio_bytes": item.audio_bytes,
        "duration_seconds": item.duration_seconds,
        "transcript_urls": to_json(item.transcripts),
        "chapters_url": item.chapters_url,
        "description": item.description,
        "language": item.language,
        "season": item.season,
        "episode_number": item.episode_number,
        "episode_type": item.episode_type,
        "persons": to_json(item.persons),
        "soundbites": to_json(item.soundbites),
        "audio_key": audio_key(item.audio_url) if item.audio_url else None,
        "title_key": title_key(item.title)[0],
    }


def _as_known(row: dict[str, Any]) -> KnownEpisode:
    return KnownEpisode(**{name: row[name] for name in KnownEpisode.__slots__})


def _available_at(
    item: FeedItem, now: datetime, as_of: datetime, failing_since: datetime | None, lookback: timedelta
) -> datetime:
    """When a day could first take the episode.

    Its publication, or when it was first seen where its date is missing or in the future. What was published while
    its feed could not be read is available from now on: an outage loses nothing, however long.
    """
    published = item.published_at
    if failing_since and published and failing_since - lookback <= published < as_of - DAY:
        return as_of - MOMENT
    return min(published or now, now)


def _mend(con: duckdb.DuckDBPyConnection, seen: dict[str, FeedItem], as_of: datetime) -> int:
    """Take over what publishers changed in episodes that are still to be transcribed; how many rows that changed."""
    if not seen:
        return 0
    rows = [{"episode_id": episode_id, **_mendable(item)} for episode_id, item in seen.items()]
    con.register("arrived", pl.DataFrame(rows, schema={"episode_id": pl.String, **MENDABLE}))
    differs = " or ".join(f"e.{name} is distinct from a.{name}" for name in MENDABLE)
    changed = con.execute(
        f"select a.* from arrived a join raw.episodes e using (episode_id)"  # noqa: S608 - our own column names
        f" where e.status in ('listed', 'due', 'failed', 'unusable') and ({differs})"
    ).pl()
    con.unregister("arrived")
    if changed.is_empty():
        return 0
    con.register("changed", changed)
    con.execute(
        f"update raw.episodes set {', '.join(f'{name} = c.{name}' for name in MENDABLE)} from changed c"  # noqa: S608
        " where episodes.episode_id = c.episode_id"
    )
    con.execute(
        "update raw.episodes set status = 'listed', status_reason = null, available_at = greatest(available_at, $at)"
        " where status = 'unusable' and digest_date is null and (audio_url is not null or transcript_urls <> '[]')"
        " and episode_id in (select episode_id from changed)",
        {"at": as_of - MOMENT},
    )
    con.unregister("changed")
    return changed.height


def _by_date(item: FeedItem) -> str:
    return item.published_at.isoformat() if item.published_at else "~"  # undated ones last
