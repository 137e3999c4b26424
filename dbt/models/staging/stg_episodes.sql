select
    episode_id,
    feed_url,
    title as episode_title,
    published_at,
    first_seen_at,
    digest_date,
    link,
    audio_url,
    duration_seconds,
    status,
    status_reason
from {{ source('raw', 'episodes') }}
