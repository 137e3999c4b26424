"""What was said of claims, as it is kept: every word of analysts, of which the last counts, and how readers voted."""

from collections.abc import Sequence
from datetime import UTC, datetime

import duckdb
import polars as pl

from digest_pipeline.clusters.claims import load_vectors
from digest_pipeline.clusters.store import LAST_VERDICTS
from digest_pipeline.errors import DigestError
from digest_pipeline.scoring.claims import ScoringClaim
from digest_pipeline.scoring.verdicts import NO_OPINION, Judged, Kind, Opinion, ReaderVotes, Verdict, opinions_of
from digest_pipeline.settings import Settings

WITHDRAWN = "withdrawn"
VOTES = "select claim_id, sum(worth)::int, sum(not_worth)::int from raw.reader_votes group by claim_id"
ABOUT = """
select claim_id, c.headline, coalesce(f.title, f.shown_url, ''), c.episode_id,
    c.rejected_reason is null and not c.is_ad
        and claim_id not in (select claim_id from raw.digest_items where retracted_at is not null)
from raw.claim_candidates c
join raw.episodes e using (episode_id)
left join raw.feeds f using (feed_url)
join raw.claim_embeddings v using (claim_id)
where v.model = ? and claim_id in (select unnest(?::varchar[]))
"""
CLAIM = """
select c.claim_id, c.digest_date, coalesce(f.title, f.shown_url, ''), c.episode_id, c.headline, c.quote,
    c.worthiness, v.clarity
from raw.claim_candidates c
join raw.episodes e using (episode_id)
left join raw.feeds f using (feed_url)
join raw.claim_embeddings v on v.claim_id = c.claim_id and v.model = ?
where c.claim_id = ?
"""


def give_verdict(con: duckdb.DuckDBPyConnection, claim_id: str, kind: Kind, note: str | None, now: datetime) -> None:
    """Keep a verdict on a claim; it takes the place of an earlier one.

    Raises:
        DigestError: there is no such claim.
    """
    if not con.execute("select 1 from raw.claim_candidates where claim_id = ?", [claim_id]).fetchall():
        raise DigestError(f"there is no claim {claim_id}", remedy="`digest show` and `digest search` print claim ids")
    _keep(con, claim_id, kind.value, note, now)


def withdraw_verdict(con: duckdb.DuckDBPyConnection, claim_id: str, now: datetime) -> None:
    """Take a claim's verdict back.

    Raises:
        DigestError: the claim has none.
    """
    if verdict_on(con, claim_id) is None:
        raise DigestError(f"there is no verdict on {claim_id}", remedy="`digest verdicts` lists them")
    _keep(con, claim_id, WITHDRAWN, None, now)


def _keep(con: duckdb.DuckDBPyConnection, claim_id: str, verdict: str, note: str | None, now: datetime) -> None:
    given_at = now.astimezone(UTC).replace(tzinfo=None)
    con.execute("delete from raw.verdicts where claim_id = ? and given_at = ?", [claim_id, given_at])
    con.execute("insert into raw.verdicts values (?, ?, ?, ?)", [claim_id, given_at, verdict, note])


def last_verdicts(con: duckdb.DuckDBPyConnection) -> list[Verdict]:
    """The verdicts that count, the latest first."""
    rows = con.execute(f"{LAST_VERDICTS} order by given_at desc, claim_id").fetchall()
    return [Verdict(claim_id, Kind(verdict), note, given_at) for claim_id, verdict, note, given_at in rows]


def verdict_on(con: duckdb.DuckDBPyConnection, claim_id: str) -> Verdict | None:
    """The verdict on a claim that counts."""
    return next((verdict for verdict in last_verdicts(con) if verdict.claim_id == claim_id), None)


def headlines_of(con: duckdb.DuckDBPyConnection, verdicts: Sequence[Verdict]) -> dict[str, str]:
    """The headline of each judged claim that is still stored, by its id."""
    ids = [verdict.claim_id for verdict in verdicts]
    return dict(
        con.execute(
            "select claim_id, headline from raw.claim_candidates where claim_id in (select unnest(?::varchar[]))", [ids]
        ).fetchall()
    )


def keep_votes(con: duckdb.DuckDBPyConnection, home: str, votes: Sequence[ReaderVotes]) -> None:
    """Keep how the readers of a home folder have voted, in the place of what was known of them."""
    counts = sorted((one.claim_id, one.worth, one.not_worth) for one in votes)
    known = con.execute(
        "select claim_id, worth, not_worth from raw.reader_votes where home = ? order by claim_id", [home]
    ).fetchall()
    if known == counts:
        return  # on a DuckLake each write is a snapshot that is kept for days
    con.execute("delete from raw.reader_votes where home = ?", [home])
    rows = pl.DataFrame(  # noqa: F841 - DuckDB reads it by its name
        counts, schema={"claim_id": pl.String, "worth": pl.Int32, "not_worth": pl.Int32}, orient="row"
    )
    con.execute("insert into raw.reader_votes by name select ? as home, * from rows", [home])


def reader_votes(con: duckdb.DuckDBPyConnection) -> list[ReaderVotes]:
    """How readers have voted on each claim that any of them voted on."""
    return [ReaderVotes(*row) for row in con.execute(f"{VOTES} order by claim_id").fetchall()]


def votes_on(con: duckdb.DuckDBPyConnection, claim_id: str) -> ReaderVotes | None:
    """How readers have voted on a claim, where any has."""
    return next((votes for votes in reader_votes(con) if votes.claim_id == claim_id), None)


def judged_claims(con: duckdb.DuckDBPyConnection, model: str) -> Judged:
    """Every judged claim that ``model`` has embedded; the others cannot be compared with anything."""
    said: list[Verdict | ReaderVotes] = [*reversed(last_verdicts(con)), *reader_votes(con)]
    about = {row[0]: row[1:] for row in con.execute(ABOUT, [model, [one.claim_id for one in said]]).fetchall()}
    said = [one for one in said if one.claim_id in about]
    vectors = load_vectors(con, [one.claim_id for one in said], model)
    headlines, shows, episodes = ([about[one.claim_id][column] for one in said] for column in range(3))
    return Judged(said, headlines, shows, episodes, vectors, frozenset(claim for claim, row in about.items() if row[3]))


def opinion_of_now(con: duckdb.DuckDBPyConnection, claim_id: str, settings: Settings, model: str) -> Opinion:
    """What the judgements of now mean for a stored claim; nothing where ``model`` has not embedded it."""
    claims = [ScoringClaim(*row) for row in con.execute(CLAIM, [model, claim_id]).fetchall()]
    vectors = load_vectors(con, [claim.claim_id for claim in claims], model)
    found = opinions_of(claims, vectors, judged_claims(con, model), settings.max_similarity)
    return found.get(claim_id, NO_OPINION)
