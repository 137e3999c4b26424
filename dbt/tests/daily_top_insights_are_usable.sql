-- Nothing refused and no advertisement is in a digest.
select i.claim_id
from {{ ref('daily_top_insights') }} as i
inner join {{ ref('stg_claims') }} as c using (claim_id)
where c.is_ad or c.rejected_reason is not null
