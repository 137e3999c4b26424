"""The rules of the house, held against a digest just before it is published: what breaks one is not published."""

from collections.abc import Sequence
from datetime import date

import duckdb
import numpy as np

from digest_pipeline.clusters.claims import load_vectors
from digest_pipeline.models import Digest
from digest_pipeline.scoring.claims import ROUNDING
from digest_pipeline.settings import Settings

RULES = {
    "quotes_are_in_their_transcript": "Every quote stands verbatim in the stored segments at its time.",
    "no_advertisement_is_published": "No insight touches a sponsor read, an intro or an outro.",
    "digest_keeps_its_length": "A digest has at most top_n insights.",
    "nothing_was_published_before": "No insight is, or says the same as, another digest's, unless it updates it.",
    "no_two_insights_say_the_same": "No two insights of the digest are closer than max_similarity.",
}

SAID = """
select c.claim_id, string_agg(s.text, ' ' order by s.position), bool_or(s.is_ad),
    min(s.start_seconds), max(s.end_seconds)
from raw.claim_candidates c
join raw.transcript_segments s on s.episode_id = c.episode_id
    and s.position between c.first_position and c.last_position
where c.claim_id in (select unnest($ids::varchar[])) group by c.claim_id
"""
# Of all other days: one that is run late must not repeat what later ones have sent. What was taken back of the same day
# is not repeated either.
SENT = """
select distinct i.claim_id
from raw.digest_items i join raw.claim_embeddings v on v.claim_id = i.claim_id and v.model = $model
where i.digest_date <> $day or i.retracted_at is not null order by i.claim_id
"""
EMBEDDED = """
select claim_id from raw.claim_embeddings where model = $model and claim_id in (select unnest($ids::varchar[]))
"""
UPDATES = """
select claim_id, other_claim_id from raw.claim_relations
where relation = 'updates' and claim_id in (select unnest($ids::varchar[]))
"""
CLOSE_TO_EACH_OTHER = """
select distinct unnest([v.claim_id, w.claim_id])
from raw.claim_embeddings v join raw.claim_embeddings w on w.model = v.model and w.claim_id > v.claim_id
where v.model = $model
    and v.claim_id in (select unnest($ids::varchar[])) and w.claim_id in (select unnest($ids::varchar[]))
    and list_inner_product(v.embedding, w.embedding) >= $limit
"""


def broken_rules(
    con: duckdb.DuckDBPyConnection, digest: Digest, settings: Settings, model: str
) -> dict[str, list[str]]:
    """By rule, the claims of an unpublished digest that break it, in the order of their ids.

    Args:
        con: the warehouse.
        digest: what is about to be published.
        settings: its limits.
        model: encoder whose embeddings say what is alike.
    """
    ids = sorted(item.claim_id for item in digest.items)
    said = {claim_id: rest for claim_id, *rest in con.execute(SAID, {"ids": ids}).fetchall()}
    unsaid, advertised = [], []
    for item in digest.items:
        text, is_ad, start, end = said.get(item.claim_id, ("", False, 0.0, 0.0))
        in_time = start <= item.start_seconds + 0.01 and end >= item.end_seconds - 0.01
        if item.quote not in text or not in_time:
            unsaid.append(item.claim_id)
        if is_ad:
            advertised.append(item.claim_id)
    limit = min(settings.max_similarity + ROUNDING, 1 - ROUNDING / 2)
    again = con.execute(
        "select claim_id from raw.digest_items where digest_date <> ? and claim_id in (select unnest(?::varchar[]))",
        [digest.digest_date, ids],
    ).fetchall()
    alike = con.execute(CLOSE_TO_EACH_OTHER, {"model": model, "ids": ids, "limit": limit}).fetchall()
    twice = {claim_id for claim_id in ids if ids.count(claim_id) > 1}
    found = {
        "quotes_are_in_their_transcript": unsaid,
        "no_advertisement_is_published": advertised,
        "digest_keeps_its_length": [item.claim_id for item in digest.items[settings.top_n :]],
        "nothing_was_published_before": [
            *(claim_id for (claim_id,) in again),
            *_said_on_other_days(con, digest.digest_date, ids, model, limit),
        ],
        "no_two_insights_say_the_same": [*twice, *(claim_id for (claim_id,) in alike)],
    }
    return {rule: sorted(set(found[rule])) for rule in RULES}


def _said_on_other_days(
    con: duckdb.DuckDBPyConnection, day: date, ids: Sequence[str], model: str, limit: float
) -> set[str]:
    """The claims among ``ids`` that say the same as what another day published, and that are no marked update of it."""
    sent = [claim_id for (claim_id,) in con.execute(SENT, {"model": model, "day": day}).fetchall()]
    own = [claim_id for (claim_id,) in con.execute(EMBEDDED, {"model": model, "ids": ids}).fetchall()]
    if not sent or not own:
        return set()
    likeness = load_vectors(con, own, model) @ load_vectors(con, sent, model).T  # DuckDB takes ten times as long
    updates = set(con.execute(UPDATES, {"ids": ids}).fetchall())
    close = zip(*np.nonzero(likeness >= limit), strict=True)
    return {own[row] for row, column in close if (own[row], sent[column]) not in updates}
