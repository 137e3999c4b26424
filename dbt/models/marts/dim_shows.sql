with episodes as (
    select
        feed_url,
        count(*) as episodes,
        min(published_at) as first_episode_at,
        min(digest_date) as first_taken_on,
        max(digest_date) as last_taken_on
    from {{ ref('stg_episodes') }}
    where status <> 'duplicate'
    group by feed_url
)

select
    f.shown_url as feed_url,
    f.show_title,
    case when not f.is_private then f.link end as link,
    f.language,
    f.tags,
    f.weight,
    f.is_private,
    f.is_paused,
    coalesce(f.disabled_reason, '') = 'removed' as is_removed,
    f.added_at,
    f.cadence_days,
    coalesce(e.episodes, 0) as episodes,
    e.first_episode_at,
    e.first_taken_on,
    e.last_taken_on
from {{ ref('stg_feeds') }} as f
left join episodes as e using (feed_url)
