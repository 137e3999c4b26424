select
    digest_date,
    model,
    window_days,
    n_claims,
    n_themes,
    noise_share
from {{ source('raw', 'cluster_days') }}
