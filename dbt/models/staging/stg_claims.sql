select
    claim_id,
    episode_id,
    digest_date,
    headline,
    explanation,
    quote,
    speaker,
    start_seconds,
    end_seconds,
    worthiness,
    is_ad,
    extractor,
    model,
    rejected_reason
from {{ source('raw', 'claim_candidates') }}
