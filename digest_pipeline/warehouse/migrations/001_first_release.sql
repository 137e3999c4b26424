-- All that Python writes. Ids are text and derive from content; _at columns are UTC; _seconds are audio time;
-- digest_date is the daily partition; scores are in 0..1.

create table raw.feeds (
    feed_url varchar primary key,
    title varchar,
    link varchar,
    language varchar,
    added_at timestamp not null,
    etag varchar,
    last_modified varchar,
    last_status varchar,                 -- 'ok', or what went wrong
    consecutive_failures integer not null default 0,
    next_check_at timestamp,             -- not before; null: at the next run
    disabled_reason varchar              -- null: the feed is scanned
);

create table raw.episodes (
    episode_id varchar primary key,
    feed_url varchar not null,
    guid varchar,
    title varchar not null,
    published_at timestamp,
    first_seen_at timestamp not null,
    digest_date date,                    -- null: no day has taken it yet
    link varchar,
    audio_url varchar,
    audio_type varchar,
    duration_seconds double,
    transcript_urls json not null,       -- [{url, type, language}]
    chapters_url varchar,
    description varchar not null,
    language varchar,
    status varchar not null,             -- listed, due, transcribed, duplicate, unusable, failed
    status_reason varchar,
    attempts integer not null default 0  -- failed attempts to transcribe it
);

create table raw.transcripts (
    episode_id varchar primary key,
    source varchar not null,             -- publisher or asr
    model varchar,
    language varchar,
    word_count integer not null,
    audio_sha256 varchar,
    audio_seconds double,
    real_time_factor double,
    fingerprint ubigint[] not null,      -- smallest hashes of its word 5-grams: equal talk under another guid
    note varchar                         -- why the publisher's transcript was not used
);

create table raw.transcript_segments (
    episode_id varchar not null,
    position integer not null,
    start_seconds double not null,
    end_seconds double not null,
    speaker varchar,
    text varchar not null,
    is_ad boolean not null,
    ad_reason varchar,
    primary key (episode_id, position)
);

create table raw.extractions (           -- which extractor has read which episode, and what that took
    episode_id varchar primary key,
    digest_date date not null,
    extractor_key varchar not null,
    spans integer not null,
    candidates integer not null,
    compute_seconds double not null,
    note varchar                         -- what the extractor had to work around
);

create table raw.claim_candidates (
    claim_id varchar primary key,
    episode_id varchar not null,
    digest_date date not null,
    headline varchar not null,
    explanation varchar not null,
    quote varchar not null,              -- verbatim, found in its segments
    speaker varchar,
    start_seconds double not null,
    end_seconds double not null,
    first_position integer not null,
    last_position integer not null,
    worthiness double not null,
    is_ad boolean not null,
    extractor varchar not null,
    model varchar,
    prompt_version varchar,
    rejected_reason varchar              -- null: it takes part in clustering and scoring
);

create table raw.claim_embeddings (
    claim_id varchar not null,
    model varchar not null,
    embedding float[] not null,          -- unit length
    primary key (claim_id, model)
);

create table raw.embedding_clusters (
    cluster_id varchar not null,
    digest_date date not null,
    label varchar not null,
    keywords varchar[] not null,
    size integer not null,
    n_shows integer not null,
    first_seen_on date not null,
    last_seen_on date not null,
    centroid float[] not null,
    primary key (cluster_id, digest_date)
);

create table raw.cluster_members (
    claim_id varchar not null,
    digest_date date not null,
    cluster_id varchar not null,
    probability double not null,
    primary key (claim_id, digest_date)
);

create table raw.scored_insights (
    claim_id varchar not null,
    digest_date date not null,
    cluster_id varchar,                  -- null: it belongs to no theme
    score double not null,
    worthiness double not null,
    clarity double not null,
    novelty double not null,
    specificity double not null,
    corroboration double not null,
    momentum double not null,
    rank integer,                        -- null: not chosen
    why varchar not null,
    why_not varchar,                     -- null: chosen
    primary key (claim_id, digest_date)
);

create table raw.digests (
    digest_date date primary key,
    n_items integer not null,
    n_episodes integer not null,
    n_shows integer not null,
    n_candidates integer not null,
    content_hash varchar not null,
    published_at timestamp not null
);

create table raw.digest_items (
    digest_date date not null,
    rank integer not null,
    claim_id varchar not null,
    headline varchar not null,
    explanation varchar not null,
    quote varchar not null,
    speaker varchar,
    show_title varchar not null,
    episode_title varchar not null,
    start_seconds double not null,
    end_seconds double not null,
    audio_url varchar,
    link varchar,
    theme varchar,
    score double not null,
    components json not null,
    why varchar not null,
    primary key (digest_date, rank)
);

create table raw.deliveries (            -- written before anything leaves: at most once
    digest_date date not null,
    channel varchar not null,
    recipient varchar not null,
    content_hash varchar not null,
    status varchar not null,             -- started, done, failed
    attempts integer not null,
    message_id varchar,
    primary key (digest_date, channel, recipient)
);

create table raw.llm_calls (
    call_id varchar primary key,
    called_at timestamp not null,
    digest_date date not null,
    episode_id varchar,
    stage varchar not null,
    model varchar not null,
    tokens_in integer not null,
    tokens_out integer not null,
    usd double,                          -- null: the price is unknown
    cached boolean not null,
    outcome varchar not null             -- ok, or what was wrong with the reply
);

create table raw.llm_replies (           -- paid once: key is content, model and prompt version
    cache_key varchar primary key,
    reply varchar not null
);
