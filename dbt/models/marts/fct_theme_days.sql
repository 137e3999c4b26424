{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='digest_date') }}

-- A claim's theme is the one that it had when its day was last clustered. The members of all days grow with the window
-- times the history; a run reads only those of its own day, which cover the days of its window, and of later ones.
with members as (
    select *
    from {{ ref('stg_theme_members') }}
    {% if is_incremental() and var('day') %}
    where as_of >= '{{ var("day") }}'::date
    {% endif %}
),

clustered as (
    select digest_date, max(as_of) as as_of
    from members
    group by digest_date
)

select
    m.cluster_id,
    m.digest_date,
    any_value(t.theme) as theme,
    count(*) as claims,
    count(distinct e.feed_url) as shows,
    count(distinct e.episode_id) as episodes,
    count(distinct c.speaker) as speakers,
    arg_min(m.claim_id, (e.published_at, c.start_seconds, m.claim_id)) as first_claim_id,
    min(t.first_seen_on) as first_seen_on
from members as m
inner join clustered using (digest_date, as_of)
inner join {{ ref('stg_claims') }} as c using (claim_id)
inner join {{ ref('stg_episodes') }} as e using (episode_id)
inner join {{ ref('stg_themes') }} as t on t.cluster_id = m.cluster_id and t.digest_date = m.as_of
group by m.cluster_id, m.digest_date
