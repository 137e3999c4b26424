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
from {{ ref('fct_claim_themes') }} as m
inner join {{ ref('stg_claims') }} as c using (claim_id)
inner join {{ ref('stg_episodes') }} as e using (episode_id)
inner join {{ ref('stg_themes') }} as t on t.cluster_id = m.cluster_id and t.digest_date = m.as_of
group by m.cluster_id, m.digest_date
