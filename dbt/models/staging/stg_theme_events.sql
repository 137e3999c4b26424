select
    digest_date,
    cluster_id,
    event,
    other_ids
from {{ source('raw', 'theme_events') }}
