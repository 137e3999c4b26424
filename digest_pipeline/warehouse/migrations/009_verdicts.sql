-- What analysts say of claims, and what a score gains or loses beside the mean of its components.

create table raw.verdicts (              -- nothing is overwritten: the last row of a claim counts
    claim_id varchar not null,
    given_at timestamp not null,
    verdict varchar not null,            -- good, bad, duplicate, wrong; withdrawn: none any more
    note varchar,                        -- for analysts; no reader sees it
    primary key (claim_id, given_at)
);

alter table raw.scored_insights add column verdicts double;  -- 0.5: none is near; 0: a verdict bars it
alter table raw.scored_insights add column recency double;   -- 1: published on its day
update raw.scored_insights set verdicts = 0.5, recency = 1;
