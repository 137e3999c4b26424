"""Taking back what was published: site, feeds and mails to come tell that it was, and why, in place of its words.

What is taken back keeps its row: neither it nor what says the same comes again, and no other takes its place.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime

import duckdb

from digest_pipeline.clusters.titles import BY_CLAIM, shortened
from digest_pipeline.errors import DigestError
from digest_pipeline.models import Retraction
from digest_pipeline.publishing.store import published_digest, retractions
from digest_pipeline.words import readable

MOST_REASON = 500  # characters
OF_FEED = """
select i.claim_id
from raw.digest_items i join raw.claim_candidates c using (claim_id) join raw.episodes e using (episode_id)
where e.feed_url = ? and i.retracted_at is null order by i.digest_date, i.rank
"""
# What it said may be the title of a theme (``clusters.titles``), which its keywords name then, or be quoted as what
# analysts praised (``scoring.verdicts``). Undoing it gives neither back: the next clustering finds a title.
UNNAMED = """
update raw.embedding_clusters set title = null, title_by = null where title_by = $by and central_claim_id = $id
"""
UNQUOTED = """
update raw.digest_items as i set
    why = replace(why, $quoted, ''),
    theme = case when theme is distinct from $title then theme else coalesce(
        (select nullif(arg_max(label, digest_date), '') from raw.embedding_clusters where cluster_id = i.theme_id),
        theme_id
    ) end
where (theme = $title or contains(why, $quoted)) and claim_id <> $id
"""
TAKE_BACK = (
    "update raw.digest_items set retracted_at = $at, retracted_on = $on, retraction = $reason where claim_id = $id"
)


def retract(con: duckdb.DuckDBPyConnection, claim_id: str, reason: str, now: datetime) -> Retraction:
    """Take a published insight back; one that was taken back before gets the new reason.

    Args:
        con: the warehouse.
        claim_id: of the insight.
        reason: what readers are told.
        now: in the digest's time zone.

    Raises:
        DigestError: it was not published, or no reason that fits in a line is given.
    """
    _require_published(con, claim_id)
    at = now.astimezone(UTC).replace(tzinfo=None)
    con.execute(TAKE_BACK, {"id": claim_id, "at": at, "on": now.date(), "reason": _line(reason)})
    _unquote(con, claim_id)
    return next(one for one in retractions(con) if one.claim_id == claim_id)


def retract_day(con: duckdb.DuckDBPyConnection, day: date, reason: str, now: datetime) -> list[Retraction]:
    """Take back what still stands of a day's digest; one without insights, as a wrong clock makes it, goes altogether.

    Raises:
        DigestError: the day is not published, nothing of it stands, or the reason is none.
    """
    digest = published_digest(con, day)
    if digest is None:
        raise DigestError(f"no digest of {day} is published", remedy="`digest status` lists the last days")
    if not digest.was_read:
        con.execute("delete from raw.digests where digest_date = ?", [day])
        return []
    if not digest.items:
        raise DigestError(f"nothing of the digest of {day} stands any more", remedy="there is nothing left to do")
    return [retract(con, item.claim_id, reason, now) for item in digest.items]


def retract_feed(con: duckdb.DuckDBPyConnection, feed_url: str, reason: str, now: datetime) -> list[Retraction]:
    """Take back what still stands of a feed's episodes.

    Raises:
        DigestError: nothing of it stands, or the reason is none.
    """
    standing = con.execute(OF_FEED, [feed_url]).fetchall()
    if not standing:
        raise DigestError("no published insight of this feed stands", remedy="there is nothing left to do")
    return [retract(con, claim_id, reason, now) for (claim_id,) in standing]


def reinstate(con: duckdb.DuckDBPyConnection, claim_id: str) -> None:
    """Let an insight that was taken back stand again.

    Raises:
        DigestError: it was not taken back.
    """
    _require_published(con, claim_id)
    if claim_id not in {one.claim_id for one in retractions(con)}:
        raise DigestError(f"{claim_id} was not retracted", remedy="it stands as it was published")
    con.execute(TAKE_BACK, {"id": claim_id, "at": None, "on": None, "reason": None})


def retract_again(con: duckdb.DuckDBPyConnection, taken: Iterable[Retraction]) -> None:
    """Take back what is published here and was taken back in a later state of this database."""
    for one in taken:
        values = {"id": one.claim_id, "at": one.retracted_at, "on": one.retracted_on, "reason": one.reason}
        con.execute(TAKE_BACK, values)
        _unquote(con, one.claim_id)


def _unquote(con: duckdb.DuckDBPyConnection, claim_id: str) -> None:
    """Let nothing else be called by the words of an insight that was taken back, or quote them."""
    con.execute(UNNAMED, {"id": claim_id, "by": BY_CLAIM})
    for (headline,) in con.execute("select headline from raw.digest_items where claim_id = ?", [claim_id]).fetchall():
        con.execute(UNQUOTED, {"id": claim_id, "title": shortened(headline), "quoted": f": “{headline}”"})


def _require_published(con: duckdb.DuckDBPyConnection, claim_id: str) -> None:
    if not con.execute("select 1 from raw.digest_items where claim_id = ?", [claim_id]).fetchall():
        raise DigestError(
            f"no digest has published {claim_id}",
            remedy="`digest show` prints the ids; what is not published yet, `digest verdict ID wrong` keeps out",
        )


def _line(reason: str) -> str:
    line = " ".join(readable(reason).split())
    if not line or len(line) > MOST_REASON:
        raise DigestError(
            f"a reason of {len(line)} characters is none that readers can be told",
            remedy=f"say in 1 to {MOST_REASON} characters why it is retracted: --reason TEXT",
        )
    return line
