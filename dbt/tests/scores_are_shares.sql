-- Scores and their components lie in 0..1.
select claim_id
from {{ ref('fct_insights') }}
where least(score, worthiness, clarity, novelty, specificity, corroboration, momentum, verdicts, recency) < 0
    or greatest(score, worthiness, clarity, novelty, specificity, corroboration, momentum, verdicts, recency) > 1
