select
    feed_url,
    coalesce(title, feed_url) as show_title,
    link,
    language,
    added_at,
    last_status,
    consecutive_failures,
    disabled_reason
from {{ source('raw', 'feeds') }}
