select * exclude (is_chosen, why_not)
from {{ ref('fct_insights') }}
where is_chosen
