select
    cluster_id,
    digest_date,
    label as theme,
    keywords,
    size,
    n_shows,
    first_seen_on,
    last_seen_on
from {{ source('raw', 'embedding_clusters') }}
