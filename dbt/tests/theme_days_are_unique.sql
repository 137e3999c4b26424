-- One row a theme and day.
select cluster_id, digest_date
from {{ ref('fct_theme_days') }}
group by cluster_id, digest_date
having count(*) > 1
