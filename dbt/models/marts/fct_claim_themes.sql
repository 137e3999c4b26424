{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='digest_date') }}

-- A claim's theme is the one that it had when its day was last clustered. The members of all days grow with the window
-- times the history; a run reads only those of its own day, which cover the days of its window, and of later ones.
with members as (
    select *
    from {{ ref('stg_theme_members') }}
    {% if is_incremental() and env_var('DBT_DUCKDB_DAY', '') %}
    where as_of >= '{{ env_var("DBT_DUCKDB_DAY") }}'::date
    {% endif %}
),

clustered as (
    select digest_date, max(as_of) as as_of
    from members
    group by digest_date
)

select
    m.claim_id,
    m.digest_date,
    m.cluster_id,
    m.probability,
    m.as_of
from members as m
inner join clustered using (digest_date, as_of)
