select
    claim_id,
    digest_date,
    cluster_id,
    score,
    worthiness,
    clarity,
    novelty,
    specificity,
    corroboration,
    momentum,
    verdicts,
    recency,
    rank,
    why,
    why_not
from {{ source('raw', 'scored_insights') }}
