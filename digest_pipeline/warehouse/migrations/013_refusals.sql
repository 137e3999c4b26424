-- Language models: what they refuse to answer, so that it is not paid for again each time that a day runs.

create table raw.llm_refusals (          -- key as in llm_replies; a question whose row is removed is asked again
    cache_key varchar primary key,
    reason varchar not null,
    refused_at timestamp not null
);
