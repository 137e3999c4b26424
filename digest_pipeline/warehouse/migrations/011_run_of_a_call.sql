-- Language models: a run's budget holds for all its stages.

alter table raw.llm_calls add column run_id varchar;  -- of Dagster, or of a command; null: before this release
