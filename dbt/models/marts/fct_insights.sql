{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='digest_date',
    pre_hook="
{% if is_incremental() %}
delete from {{ this }}
{% if env_var('DBT_DUCKDB_DAY', '') %}
where
    digest_date = '{{ env_var('DBT_DUCKDB_DAY') }}'
    or digest_date in (
        select digest_date
        from {{ this }} as o
        full join {{ ref('stg_scored_insights') }} as i using (claim_id, digest_date)
        where (o.score, o.rank, o.cluster_id, o.why, o.why_not) is distinct from (i.score, i.rank, i.cluster_id, i.why, i.why_not)
    )
    or digest_date in (
        select o.digest_date
        from {{ this }} as o
        left join {{ ref('stg_themes') }} as t on t.cluster_id = o.cluster_id and t.digest_date = o.digest_date
        where o.theme is distinct from t.theme
    )
    or digest_date in (
        select o.digest_date
        from {{ this }} as o
        inner join {{ ref('stg_claims') }} as c using (claim_id)
        inner join {{ ref('stg_episodes') }} as e on e.episode_id = c.episode_id
        inner join {{ ref('stg_feeds') }} as f using (feed_url)
        where
            (o.headline, o.explanation, o.quote) is distinct from (c.headline, c.explanation, c.quote)
            or (o.show_title, o.episode_title) is distinct from (f.show_title, e.episode_title)
            or (o.published_at, o.link, o.audio_url) is distinct from (e.published_at, e.link, e.audio_url)
    )
{% endif %}
{% endif %}"
) }}

-- A run takes the days that are not here. Before it, these go: its own day; days that were scored anew, or lost claims,
-- in a run that did not come as far as this; days that show what was changed since: words, a theme's or a show's title, or
-- the addresses of a feed that is private now. Without a day all go.
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
{% if is_incremental() %}
where i.digest_date not in (select digest_date from {{ this }})
{% endif %}
