"""What the publishing stage asks and keeps: the day's chosen insights, digests that were published, the deliveries."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import duckdb

from digest_pipeline.models import Digest, DigestItem
from digest_pipeline.publishing.render import as_document, content_hash

CHOSEN = """
select rank, claim_id, headline, explanation, quote, speaker, show_title, episode_title, start_seconds, end_seconds,
    audio_url, link, theme, score, worthiness, clarity, novelty, specificity, corroboration, momentum, why
from marts.daily_top_insights
where digest_date = ?
order by rank
"""
COUNTS = """
select
    (select count(*) from raw.episodes where digest_date = $day and status = 'transcribed'),
    (select count(distinct feed_url) from raw.episodes where digest_date = $day and status = 'transcribed'),
    (select count(*) from raw.claim_candidates where digest_date = $day)
"""
ITEMS = """
select rank, claim_id, headline, explanation, quote, speaker, show_title, episode_title, start_seconds, end_seconds,
    audio_url, link, theme, score, components, why
from raw.digest_items where digest_date = ? order by rank
"""
SITE = "site"


def chosen_digest(con: duckdb.DuckDBPyConnection, day: date) -> Digest:
    """The digest that the marts give for a day, not published yet."""
    names = ("worthiness", "clarity", "novelty", "specificity", "corroboration", "momentum")
    items = [
        _item(row[:14], dict(zip(names, row[14:20], strict=True)), row[20])
        for row in con.execute(CHOSEN, [day]).fetchall()
    ]
    episodes, shows, candidates = con.execute(COUNTS, {"day": day}).fetchall()[0]
    return Digest(day, tuple(items), episodes, shows, candidates)


def published_digest(con: duckdb.DuckDBPyConnection, day: date) -> Digest | None:
    """The digest that was published for a day, or ``None``."""
    rows = con.execute(
        "select n_episodes, n_shows, n_candidates from raw.digests where digest_date = ?", [day]
    ).fetchall()
    if not rows:
        return None
    items = (_item(row[:14], json.loads(row[14]), row[15]) for row in con.execute(ITEMS, [day]).fetchall())
    return Digest(day, tuple(items), *rows[0])


def _item(row: Sequence[Any], components: dict[str, float], why: str) -> DigestItem:
    return DigestItem(*(*row, components, why))


def published_days(con: duckdb.DuckDBPyConnection) -> list[date]:
    """All days with a published digest, oldest first."""
    return [day for (day,) in con.execute("select digest_date from raw.digests order by digest_date").fetchall()]


def record_digest(con: duckdb.DuckDBPyConnection, digest: Digest) -> Digest:
    """Make a digest the published one of its day, once; returns what is published.

    A day that was published with insights keeps them, whatever later runs would choose: readers have seen them.
    """
    earlier = published_digest(con, digest.digest_date)
    if earlier and (earlier.items or earlier == digest):
        return earlier
    now = datetime.now(UTC).replace(tzinfo=None)
    con.execute(
        "insert or replace into raw.digests values (?, ?, ?, ?, ?, ?, ?)",
        [
            digest.digest_date, len(digest.items), digest.episodes, digest.shows, digest.candidates,
            content_hash(digest), now,
        ],
    )  # fmt: skip
    for item, row in zip(digest.items, as_document(digest)["items"], strict=True):
        con.execute(
            "insert into raw.digest_items values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                digest.digest_date, item.rank, item.claim_id, item.headline, item.explanation, item.quote, item.speaker,
                item.show, item.episode, item.start_seconds, item.end_seconds, item.audio_url, item.link, item.theme,
                item.score, json.dumps(row["components"]), item.why,
            ],
        )  # fmt: skip
    return digest


def start_delivery(con: duckdb.DuckDBPyConnection, digest: Digest, channel: str, recipient: str) -> bool:
    """Note that a delivery begins; ``False`` when the same content already arrived there. Written before sending."""
    key = [digest.digest_date, channel, recipient]
    done = con.execute(
        "select content_hash from raw.deliveries"
        " where digest_date = ? and channel = ? and recipient = ? and status = 'done'",
        key,
    ).fetchall()
    if done and done[0][0] == content_hash(digest):
        return False
    con.execute(
        "insert into raw.deliveries values (?, ?, ?, ?, 'started', 1, null)"
        " on conflict do update set content_hash = excluded.content_hash, status = 'started', attempts = attempts + 1",
        [*key, content_hash(digest)],
    )
    return True


def finish_delivery(con: duckdb.DuckDBPyConnection, digest: Digest, channel: str, recipient: str) -> None:
    """Note that a delivery arrived."""
    con.execute(
        "update raw.deliveries set status = 'done' where digest_date = ? and channel = ? and recipient = ?",
        [digest.digest_date, channel, recipient],
    )
