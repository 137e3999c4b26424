select
    cluster_id,
    digest_date,
    recent_days,
    recent_episodes,
    recent_scanned,
    earlier_days,
    earlier_episodes,
    earlier_scanned,
    growth,
    growth_probability,
    trend
from {{ source('raw', 'theme_trends') }}
