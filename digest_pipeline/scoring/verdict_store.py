"""What analysts said of claims, as it is kept: every word of theirs, of which the last one on a claim counts."""

from collections.abc import Sequence
from datetime import UTC, datetime

import duckdb

from digest_pipeline.clusters.claims import load_vectors
from digest_pipeline.clusters.store import LAST_VERDICTS
from digest_pipeline.errors import DigestError
from digest_pipeline.scoring.claims import ScoringClaim
from digest_pipeline.scoring.verdicts import NO_OPINION, Judged, Kind, Opinion, Verdict, opinions_of
from digest_pipeline.settings import Settings

WITHDRAWN = "withdrawn"
JUDGED = f"""
with last_ones as ({LAST_VERDICTS})
select l.claim_id, l.verdict, l.note, l.given_at, c.headline, coalesce(f.title, f.shown_url, ''), c.episode_id,
    c.rejected_reason is null and not c.is_ad
        and l.claim_id not in (select claim_id from raw.digest_items where retracted_at is not null)
from last_ones l
join raw.claim_candidates c using (claim_id)
join raw.episodes e using (episode_id)
left join raw.feeds f using (feed_url)
join raw.claim_embeddings v on v.claim_id = l.claim_id and v.model = ?
order by l.given_at, l.claim_id
"""  # noqa: S608 - a constant
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


def judged_claims(con: duckdb.DuckDBPyConnection, model: str) -> Judged:
    """Every judged claim that ``model`` has embedded; the others cannot be compared with anything."""
    rows = con.execute(JUDGED, [model]).fetchall()
    verdicts = [Verdict(claim_id, Kind(verdict), note, given_at) for claim_id, verdict, note, given_at, *_ in rows]
    vectors = load_vectors(con, [verdict.claim_id for verdict in verdicts], model)
    quotable = frozenset(row[0] for row in rows if row[7])
    headlines, shows, episodes = ([row[column] for row in rows] for column in (4, 5, 6))
    return Judged(verdicts, headlines, shows, episodes, vectors, quotable)


def opinion_of_now(con: duckdb.DuckDBPyConnection, claim_id: str, settings: Settings, model: str) -> Opinion:
    """What the verdicts of now mean for a stored claim; nothing where ``model`` has not embedded it."""
    claims = [ScoringClaim(*row) for row in con.execute(CLAIM, [model, claim_id]).fetchall()]
    vectors = load_vectors(con, [claim.claim_id for claim in claims], model)
    found = opinions_of(claims, vectors, judged_claims(con, model), settings.max_similarity)
    return found.get(claim_id, NO_OPINION)
