with transcribed as (
    select
        e.digest_date,
        count(*) as episodes,
        sum(t.audio_seconds) filter (where t.source = 'asr') / 60 as transcribed_minutes,
        sum(t.audio_seconds * t.real_time_factor) as transcription_compute_seconds
    from {{ ref('stg_transcripts') }} as t
    inner join {{ ref('stg_episodes') }} as e using (episode_id)
    where e.digest_date is not null
    group by e.digest_date
),

extracted as (
    select digest_date, sum(compute_seconds) as extraction_compute_seconds
    from {{ source('raw', 'extractions') }}
    group by digest_date
),

called as (
    select
        digest_date,
        count(*) as llm_calls,
        sum(tokens_in) as tokens_in,
        sum(tokens_out) as tokens_out,
        -- unknown prices make the day's cost unknown, not zero
        case when bool_or(usd is null) then null else sum(usd) end as usd
    from {{ ref('stg_llm_calls') }}
    group by digest_date
)

select
    t.digest_date,
    t.episodes,
    coalesce(t.transcribed_minutes, 0) as transcribed_minutes,
    t.transcription_compute_seconds,
    x.extraction_compute_seconds,
    coalesce(c.llm_calls, 0) as llm_calls,
    coalesce(c.tokens_in, 0) as tokens_in,
    coalesce(c.tokens_out, 0) as tokens_out,
    case when c.digest_date is null then 0 else c.usd end as usd
from transcribed as t
left join extracted as x using (digest_date)
left join called as c using (digest_date)
