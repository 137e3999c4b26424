with claims as (
    select
        episode_id,
        count(*) as candidates,
        count(*) filter (where rejected_reason is null) as usable_claims
    from {{ ref('stg_claims') }}
    group by episode_id
)

select
    e.episode_id,
    f.shown_url as feed_url,
    f.show_title,
    e.episode_title,
    e.published_at,
    e.digest_date,
    e.link,
    e.audio_url,
    e.duration_seconds,
    e.season,
    e.episode_number,
    e.episode_type,
    e.status,
    e.status_reason,
    e.duplicate_of,
    t.source as transcript_source,
    t.model as transcript_model,
    t.language,
    t.word_count,
    t.spoken_seconds,
    t.ad_seconds,
    t.ad_seconds / nullif(t.spoken_seconds, 0) as ad_share,
    coalesce(c.candidates, 0) as candidates,
    coalesce(c.usable_claims, 0) as usable_claims
from {{ ref('stg_episodes') }} as e
inner join {{ ref('stg_feeds') }} as f using (feed_url)
left join {{ ref('stg_transcripts') }} as t using (episode_id)
left join claims as c using (episode_id)
