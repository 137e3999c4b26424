select
    cluster_id,
    digest_date,
    coalesce(title, label) as theme,
    label,
    keywords,
    size,
    n_shows,
    first_seen_on,
    last_seen_on,
    central_claim_id,
    first_claim_id
from {{ source('raw', 'embedding_clusters') }}
