{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='digest_date',
    pre_hook="
{% if is_incremental() %}
delete from {{ this }}
{% if env_var('DBT_DUCKDB_DAY', '') %}
where
    as_of = '{{ env_var('DBT_DUCKDB_DAY') }}'
    or claim_id not in (select claim_id from {{ ref('stg_claims') }})
    or (digest_date, as_of) in (
        select o.digest_date, o.as_of
        from (select distinct digest_date, as_of from {{ this }}) as o
        inner join {{ ref('stg_clustered_days') }} as d
            on d.digest_date > o.as_of and o.digest_date > d.digest_date - d.window_days
    )
{% endif %}
{% endif %}"
) }}
-- depends_on: {{ ref('stg_claims') }}

-- A claim's theme is the one that it had when its day was last clustered. The members of all days grow with the window
-- times the history; a run reads only those of days that are not here. Before it, what its own day's clustering gave goes,
-- since another window may leave days out that it covered, and so does what a later one has replaced.
with members as (
    select *
    from {{ ref('stg_theme_members') }}
    {% if is_incremental() %}
    -- by the claims of those days: they are few, and the members many
    where claim_id in (
        select claim_id from {{ ref('stg_claims') }} where digest_date not in (select digest_date from {{ this }})
    )
    {% endif %}
),

clustered as (
    -- later clusterings that left no claim of the day in a theme count too; earlier releases noted only the members
    select m.digest_date, greatest(m.as_of, max(d.digest_date)) as as_of
    from (select digest_date, max(as_of) as as_of from members group by digest_date) as m
    left join {{ ref('stg_clustered_days') }} as d
        on d.digest_date > m.as_of and m.digest_date > d.digest_date - d.window_days
    group by m.digest_date, m.as_of
)

select
    m.claim_id,
    m.digest_date,
    m.cluster_id,
    m.probability,
    m.as_of
from members as m
inner join clustered using (digest_date, as_of)
