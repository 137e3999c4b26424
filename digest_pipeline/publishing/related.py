"""Which published insights are akin: for each, at its publication, its nearest of that day and of all days before.

What is found then stays. A page lists these, and also the later insights that found it, so that an old page learns of
newer relatives: a new insight adds at most ``RELATED`` pairs, and only the pages of a pair change.
"""

import duckdb

from digest_pipeline.models import Digest

RELATED = 5
LEAST_SIMILARITY = 0.35  # cosine of all-MiniLM-L6-v2 under which two claims seldom share a subject

NEAREST = """
insert into raw.related_insights
select claim_id, related_id, round(similarity, 4) from (
    select v.claim_id, w.claim_id as related_id, max(list_inner_product(v.embedding, w.embedding)) as similarity
    from raw.claim_embeddings v
    join raw.claim_embeddings w on w.model = v.model and w.claim_id <> v.claim_id
    where v.model = $model and v.claim_id in (select unnest($ids::varchar[]))
        and w.claim_id in (select claim_id from raw.digest_items where digest_date <= $day and retracted_at is null)
    group by all
)
where similarity >= $least
qualify row_number() over (partition by claim_id order by similarity desc, related_id) <= $count
"""


def relate(con: duckdb.DuckDBPyConnection, digest: Digest, model: str) -> None:
    """Keep the relatives of a published digest's insights, once: a digest that has some keeps them."""
    ids = [item.claim_id for item in digest.items]
    known = con.execute(
        "select 1 from raw.related_insights where claim_id in (select unnest(?::varchar[])) limit 1", [ids]
    ).fetchall()
    if not known:
        con.execute(
            NEAREST,
            {"model": model, "ids": ids, "day": digest.digest_date, "least": LEAST_SIMILARITY, "count": RELATED},
        )
