with latest as (
    select *
    from {{ ref('stg_themes') }}
    qualify row_number() over (partition by cluster_id order by digest_date desc) = 1
),

days as (
    select
        cluster_id,
        sum(claims)::bigint as claims,
        count(*) as days,
        max(claims) as most_claims_of_a_day,
        arg_min(first_claim_id, digest_date) as first_claim_id
    from {{ ref('fct_theme_days') }}
    group by cluster_id
),

trends as (
    select *
    from {{ ref('stg_theme_trends') }}
    qualify row_number() over (partition by cluster_id order by digest_date desc) = 1
)

select
    t.cluster_id,
    t.theme,
    t.label,
    t.keywords,
    t.first_seen_on,
    t.last_seen_on,
    t.digest_date as as_of,
    t.digest_date = (select max(digest_date) from {{ ref('stg_clustered_days') }}) as is_alive,
    t.size as claims_in_window,
    t.n_shows as shows_in_window,
    coalesce(d.claims, 0) as claims,
    coalesce(d.days, 0) as days,
    d.most_claims_of_a_day,
    coalesce(t.first_claim_id, d.first_claim_id) as first_claim_id,
    c.headline as first_headline,
    c.speaker as first_said_by,
    f.show_title as first_said_on,
    r.trend,
    r.growth,
    r.growth_probability
from latest as t
left join days as d using (cluster_id)
left join trends as r on r.cluster_id = t.cluster_id and r.digest_date = t.digest_date
left join {{ ref('stg_claims') }} as c on c.claim_id = coalesce(t.first_claim_id, d.first_claim_id)
left join {{ ref('stg_episodes') }} as e using (episode_id)
left join {{ ref('stg_feeds') }} as f using (feed_url)
