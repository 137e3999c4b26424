select
    t.episode_id,
    t.source,
    t.model,
    t.language,
    t.word_count,
    t.audio_seconds,
    t.real_time_factor,
    t.note,
    t.has_own_times,
    t.unheard_seconds,
    s.spoken_seconds,
    s.ad_seconds
from {{ source('raw', 'transcripts') }} as t
left join (
    select
        episode_id,
        max(end_seconds) as spoken_seconds,
        coalesce(sum(end_seconds - start_seconds) filter (where is_ad), 0) as ad_seconds
    from {{ source('raw', 'transcript_segments') }}
    group by episode_id
) as s using (episode_id)
