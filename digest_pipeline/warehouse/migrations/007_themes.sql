-- Themes: titles, births and deaths, growth, what a day's clustering was made of; and what each claim repeats.

alter table raw.embedding_clusters add column title varchar;           -- what a person calls it; null: before this release
alter table raw.embedding_clusters add column title_by varchar;        -- 'claim', or the language model that gave it
alter table raw.embedding_clusters add column central_claim_id varchar; -- the member nearest to the centroid
alter table raw.embedding_clusters add column first_claim_id varchar;  -- the earliest that was ever a member

create table raw.cluster_days (          -- one row a day that was clustered, themes or none
    digest_date date primary key,
    model varchar not null,              -- of the embeddings
    window_days integer not null,
    n_claims integer not null,           -- usable claims of the window
    n_themes integer not null,
    noise_share double not null          -- claims in no theme
);

create table raw.theme_events (
    digest_date date not null,
    cluster_id varchar not null,         -- whom it happened to
    event varchar not null,              -- born, revived, split, merged, died
    other_ids varchar[] not null,        -- split: what left it; merged: what went into it; born of or died into: that theme
    primary key (digest_date, cluster_id, event)
);

create table raw.theme_trends (          -- a theme's recent days against the days of the window before them
    cluster_id varchar not null,
    digest_date date not null,
    recent_days integer not null,
    recent_episodes integer not null,    -- that spoke of it
    recent_scanned integer not null,     -- that could have: episodes with a usable claim
    earlier_days integer not null,
    earlier_episodes integer not null,
    earlier_scanned integer not null,
    growth double,                       -- its share of episodes, recent over earlier; null: no evidence of either
    growth_probability double,           -- that the share has grown; null: too little evidence
    trend varchar not null,              -- rising, steady, fading, too little evidence
    primary key (cluster_id, digest_date)
);

create table raw.claim_relations (       -- a usable claim without a row is new
    claim_id varchar not null,
    digest_date date not null,           -- of claim_id
    other_claim_id varchar not null,     -- said on that day or before
    relation varchar not null,           -- same, updates, contradicts
    similarity double not null,          -- cosine
    is_independent boolean not null,     -- of another show, and neither the same speaker nor the same recording
    reason varchar not null,             -- for a reader
    primary key (claim_id, other_claim_id)
);
