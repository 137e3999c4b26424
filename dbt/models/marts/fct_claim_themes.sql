{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='digest_date',
    pre_hook="{% if is_incremental() and env_var('DBT_DUCKDB_DAY', '') %}delete from {{ this }} where digest_date > (select digest_date - window_days from {{ ref('stg_clustered_days') }} where digest_date = '{{ env_var('DBT_DUCKDB_DAY') }}'){% endif %}"
) }}

-- A claim's theme is the one that it had when its day was last clustered. The members of all days grow with the window
-- times the history; a run reads only those of its own day, which cover the days of its window, and of later ones. A day
-- of the window whose claims are in no theme any more has no rows to replace its old ones: they go before.
with members as (
    select *
    from {{ ref('stg_theme_members') }}
    {% if is_incremental() and env_var('DBT_DUCKDB_DAY', '') %}
    where as_of >= '{{ env_var("DBT_DUCKDB_DAY") }}'::date
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
