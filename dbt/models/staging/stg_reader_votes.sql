select
    claim_id,
    sum(worth)::integer as readers_worth,
    sum(not_worth)::integer as readers_not_worth
from {{ source('raw', 'reader_votes') }}
group by claim_id
