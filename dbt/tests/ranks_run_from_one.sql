-- A digest's ranks are 1, 2, ... without a gap.
select digest_date
from {{ ref('daily_top_insights') }}
group by digest_date
having min(rank) <> 1 or max(rank) <> count(*)
