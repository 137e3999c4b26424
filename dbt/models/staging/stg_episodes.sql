select
    e.episode_id,
    e.feed_url,
    e.title as episode_title,
    e.published_at,
    e.first_seen_at,
    e.available_at,
    e.digest_date,
    -- addresses of a private feed's episodes open them to anybody
    case when not f.is_private then e.link end as link,
    case when not f.is_private then e.audio_url end as audio_url,
    e.duration_seconds,
    e.season,
    e.episode_number,
    e.episode_type,
    e.status,
    e.status_reason,
    e.duplicate_of
from {{ source('raw', 'episodes') }} as e
inner join {{ ref('stg_feeds') }} as f using (feed_url)
