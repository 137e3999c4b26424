"""What the publishing stage keeps: published digests, with what their pages show, and the deliveries of the site."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import duckdb

from digest_pipeline.clusters.store import LAST_VERDICTS
from digest_pipeline.models import Digest, DigestItem, Retraction
from digest_pipeline.publishing.render import as_document, content_hash
from digest_pipeline.publishing.surroundings import surroundings

SCORED = """
select coalesce(rank, 0), claim_id, headline, explanation, quote, speaker, show_title, episode_title, start_seconds,
    end_seconds, audio_url, link, theme, score, worthiness, clarity, novelty, specificity, corroboration, momentum, why,
    case when theme is not null then cluster_id end
"""
CHOSEN = f"{SCORED} from marts.daily_top_insights where digest_date = $day order by rank"
# By an analyst, before the day was scored or since; taken back, with the rest of its episode, whose transcript may be
# wrong or whose publisher objects; or of a feed that was removed since.
BARRED = f"""
select claim_id from raw.scored_insights where digest_date = $day and verdicts = 0
union select claim_id from ({LAST_VERDICTS}) where verdict <> 'good'
union select claim_id from raw.digest_items where retracted_at is not null
union
select c.claim_id
from raw.claim_candidates c left join raw.episodes e using (episode_id) left join raw.feeds f using (feed_url)
where c.digest_date = $day and (f.disabled_reason = 'removed' or c.episode_id in (
    select episode_id from raw.claim_candidates join raw.digest_items using (claim_id) where retracted_at is not null
))
"""  # noqa: S608 - a constant
WORTHY = (
    f"{SCORED} from marts.fct_insights where digest_date = $day and score >= $score and clarity >= $clarity"
    f" and claim_id not in ({BARRED})"
    " order by score desc, claim_id"
)
COUNTS = """
select
    (select count(*) from raw.episodes where digest_date = $day and status = 'transcribed'),
    (select count(distinct feed_url) from raw.episodes where digest_date = $day and status = 'transcribed'),
    (select count(*) from raw.claim_candidates where digest_date = $day)
"""
ITEM_COLUMNS = (
    "rank, claim_id, headline, explanation, quote, speaker, show_title, episode_title, start_seconds, end_seconds,"
    " audio_url, link, theme, score, components, why, theme_id, said_before, said_after, language"
)
RETRACTED = """
select claim_id, digest_date, rank, show_title, episode_title, retracted_at, retracted_on, retraction
from raw.digest_items where retracted_at is not null order by digest_date, rank
"""
LANGUAGES = """
select claim_id, t.language from raw.claim_candidates c join raw.transcripts t using (episode_id)
where claim_id in (select unnest(?::varchar[]))
"""
START_DELIVERY = """
merge into raw.deliveries
using (select ? as digest_date, ? as channel, ? as recipient, ? as content_hash) as begun
using (digest_date, channel, recipient)
when matched then update set content_hash = begun.content_hash, status = 'started', attempts = deliveries.attempts + 1
when not matched then insert (digest_date, channel, recipient, content_hash, status, attempts)
    values (begun.digest_date, begun.channel, begun.recipient, begun.content_hash, 'started', 1)
"""
SITE = "site"


def chosen_digest(con: duckdb.DuckDBPyConnection, day: date) -> Digest:
    """The digest that the marts give for a day, not published yet."""
    items = _scored_items(con, CHOSEN, {"day": day})
    episodes, shows, candidates = con.execute(COUNTS, {"day": day}).fetchall()[0]
    return Digest(day, items, episodes, shows, candidates)


def worthy_items(con: duckdb.DuckDBPyConnection, day: date, *, score: float, clarity: float) -> tuple[DigestItem, ...]:
    """Every insight of a day that may be sent, chosen or not, of at least this score and clarity; best first, rank 0 if
    not chosen.
    """
    return _scored_items(con, WORTHY, {"day": day, "score": score, "clarity": clarity})


def _scored_items(con: duckdb.DuckDBPyConnection, query: str, values: dict[str, Any]) -> tuple[DigestItem, ...]:
    names = ("worthiness", "clarity", "novelty", "specificity", "corroboration", "momentum")
    rows = con.execute(query, values).fetchall()
    ids = [row[1] for row in rows]
    around, languages = surroundings(con, ids), dict(con.execute(LANGUAGES, [ids]).fetchall())
    items = []
    for row in rows:
        components = dict(zip(names, row[14:20], strict=True))
        beside = (*around.get(row[1], (None, None)), languages.get(row[1]))
        items.append(DigestItem(*(*row[:14], components, *row[20:], *beside)))
    return tuple(items)


def read_item(row: Sequence[Any]) -> DigestItem:
    """An item from its ``ITEM_COLUMNS``."""
    return DigestItem(*(*row[:14], json.loads(row[14]), *row[15:]))


def published_digests(con: duckdb.DuckDBPyConnection, days: Sequence[date]) -> dict[date, Digest]:
    """The digests that were published for these days, as they stand."""
    found = con.execute(
        "select digest_date, n_episodes, n_shows, n_candidates from raw.digests"
        " where digest_date in (select unnest(?::date[])) order by digest_date",
        [list(days)],
    ).fetchall()
    digests = {day: Digest(day, (), *counts) for day, *counts in found}
    rows = con.execute(
        f"select digest_date, {ITEM_COLUMNS} from raw.digest_items"  # noqa: S608 - column names
        " where digest_date in (select unnest(?::date[])) and retracted_at is null order by digest_date, rank",
        [list(days)],
    ).fetchall()
    for day, *row in rows:
        digests[day] = replace(digests[day], items=(*digests[day].items, read_item(row)))
    for one in retractions(con):
        if digest := digests.get(one.digest_date):
            digests[one.digest_date] = replace(digest, retracted=(*digest.retracted, one))
    return digests


def published_digest(con: duckdb.DuckDBPyConnection, day: date) -> Digest | None:
    """The digest that was published for a day, or ``None``."""
    return published_digests(con, [day]).get(day)


def retractions(con: duckdb.DuckDBPyConnection) -> list[Retraction]:
    """All insights that were taken back, in the order of their days and ranks."""
    return [Retraction(*row) for row in con.execute(RETRACTED).fetchall()]


def published_days(con: duckdb.DuckDBPyConnection) -> list[date]:
    """All days with a published digest, oldest first."""
    return [day for (day,) in con.execute("select digest_date from raw.digests order by digest_date").fetchall()]


def digest_to_publish(con: duckdb.DuckDBPyConnection, chosen: Digest) -> Digest:
    """The digest that readers of a day get: what they have seen already, if it had insights, else ``chosen``."""
    earlier = published_digest(con, chosen.digest_date)
    return earlier if earlier and earlier.was_read else chosen


def record_digest(con: duckdb.DuckDBPyConnection, digest: Digest) -> Digest:
    """Make a digest the published one of its day, once; returns what is published.

    A day that was published with insights keeps them, whatever later runs would choose: readers have seen them.
    """
    earlier = published_digest(con, digest.digest_date)
    if earlier and (earlier.was_read or earlier == digest):
        return earlier
    now = datetime.now(UTC).replace(tzinfo=None)
    con.execute("delete from raw.digests where digest_date = ?", [digest.digest_date])
    con.execute(
        "insert into raw.digests values (?, ?, ?, ?, ?, ?, ?)",
        [
            digest.digest_date, len(digest.items), digest.episodes, digest.shows, digest.candidates,
            content_hash(digest), now,
        ],
    )  # fmt: skip
    for item, row in zip(digest.items, as_document(digest)["items"], strict=True):
        values = [
            item.rank, item.claim_id, item.headline, item.explanation, item.quote, item.speaker, item.show,
            item.episode, item.start_seconds, item.end_seconds, item.audio_url, item.link, item.theme, item.score,
            json.dumps(row["components"]), item.why, item.theme_id, item.said_before, item.said_after, item.language,
        ]  # fmt: skip
        con.execute(
            f"insert into raw.digest_items (digest_date, {ITEM_COLUMNS}) values (?{', ?' * len(values)})",  # noqa: S608
            [digest.digest_date, *values],
        )
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
    con.execute(START_DELIVERY, [*key, content_hash(digest)])
    return True


def finish_delivery(con: duckdb.DuckDBPyConnection, day: date, channel: str, recipient: str) -> None:
    """Note that a delivery arrived."""
    con.execute(
        "update raw.deliveries set status = 'done' where digest_date = ? and channel = ? and recipient = ?",
        [day, channel, recipient],
    )


def undelivered_days(con: duckdb.DuckDBPyConnection, channel: str, recipient: str) -> list[date]:
    """Published days whose delivery began and did not arrive: a run died in between."""
    rows = con.execute(
        "select digest_date from raw.deliveries join raw.digests using (digest_date)"
        " where channel = ? and recipient = ? and status = 'started' order by digest_date",
        [channel, recipient],
    ).fetchall()
    return [day for (day,) in rows]
