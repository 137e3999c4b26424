-- Marts: which models the incremental ones were built by.

create table raw.marts_built (           -- one row after the first whole build
    sources_hash varchar not null,       -- of dbt's files: another one means a whole build
    built_at timestamp not null
);
