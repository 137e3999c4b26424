{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='digest_date',
    pre_hook="{% if is_incremental() and env_var('DBT_DUCKDB_DAY', '') %}delete from {{ this }} where digest_date = '{{ env_var('DBT_DUCKDB_DAY') }}'{% endif %}"
) }}

with relations as (
    select claim_id, arg_max(relation, similarity) as relation
    from {{ ref('stg_claim_relations') }}
    where is_earlier
    group by claim_id
)

select
    i.claim_id,
    i.digest_date,
    f.show_title,
    e.episode_id,
    e.episode_title,
    e.published_at,
    e.link,
    e.audio_url,
    c.headline,
    c.explanation,
    c.quote,
    c.speaker,
    c.start_seconds,
    c.end_seconds,
    c.extractor,
    i.cluster_id,
    t.theme,
    i.score,
    i.worthiness,
    i.clarity,
    i.novelty,
    i.specificity,
    i.corroboration,
    i.momentum,
    i.verdicts,
    i.recency,
    case when d.digest_date is not null then coalesce(r.relation, 'new') end as relation,
    i.rank,
    i.rank is not null as is_chosen,
    i.why,
    i.why_not
from {{ ref('stg_scored_insights') }} as i
inner join {{ ref('stg_claims') }} as c using (claim_id)
inner join {{ ref('stg_episodes') }} as e using (episode_id)
inner join {{ ref('stg_feeds') }} as f using (feed_url)
left join {{ ref('stg_themes') }} as t on t.cluster_id = i.cluster_id and t.digest_date = i.digest_date
left join relations as r using (claim_id)
left join {{ ref('stg_clustered_days') }} as d on d.digest_date = i.digest_date
{% if is_incremental() and env_var('DBT_DUCKDB_DAY', '') %}
-- the day that was run, and days that show what was changed since: a title, or the addresses of a feed now private
where
    i.digest_date = '{{ env_var("DBT_DUCKDB_DAY") }}'::date
    or i.digest_date in (
        select o.digest_date
        from {{ this }} as o
        inner join {{ ref('stg_episodes') }} as e using (episode_id)
        inner join {{ ref('stg_feeds') }} as f using (feed_url)
        where
            o.show_title is distinct from f.show_title
            or o.episode_title is distinct from e.episode_title
            or o.published_at is distinct from e.published_at
            or o.link is distinct from e.link
            or o.audio_url is distinct from e.audio_url
    )
{% endif %}
