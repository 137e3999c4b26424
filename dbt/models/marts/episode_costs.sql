-- what each episode asked of language models, replies kept from earlier included as calls without tokens
select
    c.digest_date,
    c.episode_id,
    any_value(f.show_title) as show_title,
    any_value(e.episode_title) as episode_title,
    count(*) as llm_calls,
    count(*) filter (where c.cached) as replies_kept,
    count(*) filter (where not c.cached and c.outcome not like 'ok%') as unusable_replies,
    sum(c.tokens_in)::bigint as tokens_in,
    sum(c.tokens_out)::bigint as tokens_out,
    sum(c.tokens_cached)::bigint as tokens_cached,
    -- unknown prices make the episode's cost unknown, not zero
    case when bool_or(c.usd is null) then null else sum(c.usd) end as usd
from {{ ref('stg_llm_calls') }} as c
inner join {{ ref('stg_episodes') }} as e using (episode_id)
inner join {{ ref('stg_feeds') }} as f using (feed_url)
group by c.digest_date, c.episode_id
