with episodes as (
    select
        e.feed_url,
        count(*) filter (where e.status = 'transcribed') as episodes,
        count(*) filter (where e.status = 'duplicate') as duplicates,
        count(*) filter (where e.status in ('failed', 'unusable')) as unusable,
        sum(t.spoken_seconds) filter (where e.status = 'transcribed') / 3600 as hours,
        sum(t.ad_seconds) filter (where e.status = 'transcribed')
        / nullif(sum(t.spoken_seconds) filter (where e.status = 'transcribed'), 0) as ad_share
    from {{ ref('stg_episodes') }} as e
    left join {{ ref('stg_transcripts') }} as t using (episode_id)
    group by e.feed_url
),

repeats as (
    select distinct claim_id
    from {{ ref('stg_claim_relations') }}
    where relation = 'same' and is_earlier
),

claims as (
    select
        e.feed_url,
        count(*) as candidates,
        count(*) filter (where c.rejected_reason is null) as usable,
        count(*) filter (where i.rank is not null) as chosen,
        avg(i.score) as mean_score,
        avg(i.novelty) as mean_novelty,
        coalesce(sum(v.readers_worth + v.readers_not_worth), 0)::integer as reader_votes,
        sum(v.readers_worth) / nullif(sum(v.readers_worth + v.readers_not_worth), 0) as worth_share,
        -- only days on which claims were held against the history
        count(*) filter (where c.rejected_reason is null and d.digest_date is not null and r.claim_id is null)
        / nullif(count(*) filter (where c.rejected_reason is null and d.digest_date is not null), 0) as original_share
    from {{ ref('stg_claims') }} as c
    inner join {{ ref('stg_episodes') }} as e using (episode_id)
    left join {{ ref('stg_scored_insights') }} as i using (claim_id)
    left join repeats as r using (claim_id)
    left join {{ ref('stg_reader_votes') }} as v using (claim_id)
    left join {{ ref('stg_clustered_days') }} as d on d.digest_date = c.digest_date
    group by e.feed_url
)

select
    f.shown_url as feed_url,
    f.show_title,
    coalesce(x.episodes, 0) as episodes,
    coalesce(x.duplicates, 0) as duplicates,
    coalesce(x.unusable, 0) as unusable,
    x.hours,
    x.ad_share,
    coalesce(c.candidates, 0) as candidates,
    coalesce(c.usable, 0) as usable_claims,
    coalesce(c.chosen, 0) as chosen_insights,
    c.chosen / nullif(c.candidates, 0) as survival_share,
    c.original_share,
    c.mean_score,
    c.mean_novelty,
    coalesce(c.reader_votes, 0) as reader_votes,
    c.worth_share
from {{ ref('stg_feeds') }} as f
left join episodes as x using (feed_url)
left join claims as c using (feed_url)
