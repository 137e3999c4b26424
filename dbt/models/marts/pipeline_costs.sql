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

claimed as (
    select
        digest_date,
        count(*) as candidates,
        count(*) filter (where rejected_reason is null) as usable_claims
    from {{ ref('stg_claims') }}
    group by digest_date
),

chosen as (
    select digest_date, count(*) as chosen_insights
    from {{ ref('stg_scored_insights') }}
    where rank is not null
    group by digest_date
),

called as (
    select
        digest_date,
        count(*) as llm_calls,
        sum(tokens_in)::bigint as tokens_in,
        sum(tokens_out)::bigint as tokens_out,
        -- unknown prices make the day's cost unknown, not zero
        case when bool_or(usd is null) then null else sum(usd) end as usd
    from {{ ref('stg_llm_calls') }}
    group by digest_date
),

days as (
    select digest_date from transcribed
    union
    select digest_date from {{ ref('stg_clustered_days') }}  -- with those that had no episodes
)

select
    d.digest_date,
    coalesce(t.episodes, 0) as episodes,
    coalesce(t.transcribed_minutes, 0) as transcribed_minutes,
    t.transcription_compute_seconds,
    x.extraction_compute_seconds,
    coalesce(k.candidates, 0) as candidates,
    coalesce(k.usable_claims, 0) as usable_claims,
    coalesce(p.chosen_insights, 0) as chosen_insights,
    coalesce(c.llm_calls, 0) as llm_calls,
    coalesce(c.tokens_in, 0) as tokens_in,
    coalesce(c.tokens_out, 0) as tokens_out,
    case when c.digest_date is null then 0 else c.usd end as usd
from days as d
left join transcribed as t using (digest_date)
left join extracted as x using (digest_date)
left join claimed as k using (digest_date)
left join chosen as p using (digest_date)
left join called as c using (digest_date)
