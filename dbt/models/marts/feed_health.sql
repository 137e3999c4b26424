with episodes as (
    select
        feed_url,
        count(*) filter (where status <> 'duplicate') as episodes,
        count(*) filter (where status = 'duplicate') as duplicates,
        count(*) filter (where status = 'failed') as failed
    from {{ ref('stg_episodes') }}
    group by feed_url
)

select
    f.shown_url as feed_url,
    f.show_title,
    f.last_checked_at,
    f.last_success_at,
    f.last_episode_at,
    f.cadence_days,
    f.consecutive_failures,
    f.failing_since,
    f.last_status,
    f.disabled_reason,
    f.is_paused,
    f.next_check_at,
    coalesce(e.episodes, 0) as episodes,
    coalesce(e.duplicates, 0) as duplicates,
    coalesce(e.failed, 0) as failed_episodes
from {{ ref('stg_feeds') }} as f
left join episodes as e using (feed_url)
where coalesce(f.disabled_reason, '') <> 'removed'
