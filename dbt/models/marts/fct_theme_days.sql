select
    m.cluster_id,
    c.digest_date,
    arg_max(t.theme, t.digest_date) as theme,
    count(distinct m.claim_id) as claims,
    count(distinct e.feed_url) as shows,
    min(t.first_seen_on) as first_seen_on
from {{ source('raw', 'cluster_members') }} as m
inner join {{ ref('stg_claims') }} as c using (claim_id)
inner join {{ ref('stg_episodes') }} as e using (episode_id)
inner join {{ ref('stg_themes') }} as t on t.cluster_id = m.cluster_id and t.digest_date = m.digest_date
group by m.cluster_id, c.digest_date
