-- Language models: what they add to a claim, what a call cost, and batches that a provider still works on.

alter table raw.claim_candidates add column kind varchar;         -- claim, prediction, number, contrarian, how-to
alter table raw.claim_candidates add column entities varchar[];   -- people, organisations and products it is about
alter table raw.claim_candidates add column quote_score double;   -- how well the quote was found, 0..100; null: cut from the transcript

alter table raw.llm_calls add column prompt_version varchar;
alter table raw.llm_calls add column tokens_cached integer;        -- of tokens_in, from the provider's prompt cache
alter table raw.llm_calls add column usd_at_most double;          -- what the budget counts where usd is null

create table raw.llm_batches (           -- written when sent: a run that died goes on waiting, and pays once
    batch_id varchar primary key,
    digest_date date not null,
    model varchar not null,
    cache_keys varchar[] not null,       -- what was asked
    sent_at timestamp not null,
    status varchar not null              -- sent, completed, or why nothing came of it
);
