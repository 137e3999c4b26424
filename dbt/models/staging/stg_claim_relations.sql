select
    r.claim_id,
    r.digest_date,
    r.other_claim_id,
    r.relation,
    r.similarity,
    r.is_independent,
    r.reason,
    -- two claims of a day are related both ways, and only one of them came first; what is gone by now did
    o.claim_id is null
    or (o.digest_date, oe.published_at, o.start_seconds, o.claim_id)
    < (c.digest_date, ce.published_at, c.start_seconds, c.claim_id) as is_earlier
from {{ source('raw', 'claim_relations') }} as r
left join {{ ref('stg_claims') }} as c on c.claim_id = r.claim_id
left join {{ ref('stg_episodes') }} as ce on ce.episode_id = c.episode_id
left join {{ ref('stg_claims') }} as o on o.claim_id = r.other_claim_id
left join {{ ref('stg_episodes') }} as oe on oe.episode_id = o.episode_id
