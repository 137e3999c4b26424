select
    m.claim_id,
    c.digest_date,
    m.digest_date as as_of,
    m.cluster_id,
    m.probability
from {{ source('raw', 'cluster_members') }} as m
inner join {{ ref('stg_claims') }} as c using (claim_id)
