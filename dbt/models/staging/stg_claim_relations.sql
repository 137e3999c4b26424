select
    claim_id,
    digest_date,
    other_claim_id,
    relation,
    similarity,
    is_independent,
    reason
from {{ source('raw', 'claim_relations') }}
