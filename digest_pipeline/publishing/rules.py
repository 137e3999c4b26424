"""The rules of the house, held against a digest just before it is published: what breaks one is not published."""

from datetime import timedelta

import duckdb

from digest_pipeline.models import Digest
from digest_pipeline.settings import Settings

RULES = {
    "quotes_are_in_their_transcript": "Every quote stands verbatim in the stored segments at its time.",
    "no_advertisement_is_published": "No insight touches a sponsor read, an intro or an outro.",
    "digest_keeps_its_length": "A digest has at most top_n insights.",
    "nothing_was_published_before": "No insight is, or says the same as, an earlier digest's, unless it updates it.",
    "no_two_insights_say_the_same": "No two insights of the digest are closer than max_similarity.",
}
ROUNDING = 1e-4  # between the cosine that chose and the one that checks

SAID = """
select c.claim_id, string_agg(s.text, ' ' order by s.position), bool_or(s.is_ad),
    min(s.start_seconds), max(s.end_seconds)
from raw.claim_candidates c
join raw.transcript_segments s on s.episode_id = c.episode_id
    and s.position between c.first_position and c.last_position
where c.claim_id in (select unnest($ids::varchar[])) group by c.claim_id
"""
CLOSE_TO_EARLIER = """
select v.claim_id
from raw.claim_embeddings v
join raw.digest_items i on i.digest_date < $day and i.digest_date >= $after
join raw.claim_embeddings w on w.claim_id = i.claim_id and w.model = v.model
where v.model = $model and v.claim_id in (select unnest($ids::varchar[]))
    and list_inner_product(v.embedding, w.embedding) >= $limit
    and not exists (  -- a marked update may resemble what it updates
        select 1 from raw.claim_relations r
        where r.claim_id = v.claim_id and r.other_claim_id = w.claim_id and r.relation = 'updates'
    )
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
    limits = {"model": model, "ids": ids, "limit": settings.max_similarity + ROUNDING}
    window = {"day": digest.digest_date, "after": digest.digest_date - timedelta(days=settings.cluster_window_days)}
    again = con.execute(
        "select claim_id from raw.digest_items where digest_date <> ? and claim_id in (select unnest(?::varchar[]))",
        [digest.digest_date, ids],
    ).fetchall()
    close = con.execute(CLOSE_TO_EARLIER, limits | window).fetchall()
    alike = con.execute(CLOSE_TO_EACH_OTHER, limits).fetchall()
    twice = {claim_id for claim_id in ids if ids.count(claim_id) > 1}
    found = {
        "quotes_are_in_their_transcript": unsaid,
        "no_advertisement_is_published": advertised,
        "digest_keeps_its_length": [item.claim_id for item in digest.items[settings.top_n :]],
        "nothing_was_published_before": [claim_id for (claim_id,) in [*again, *close]],
        "no_two_insights_say_the_same": [*twice, *(claim_id for (claim_id,) in alike)],
    }
    return {rule: sorted(set(found[rule])) for rule in RULES}
