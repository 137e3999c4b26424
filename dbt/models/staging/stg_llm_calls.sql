select
    call_id,
    called_at,
    digest_date,
    episode_id,
    stage,
    model,
    tokens_in,
    tokens_out,
    tokens_cached,
    usd,
    cached,
    outcome
from {{ source('raw', 'llm_calls') }}
