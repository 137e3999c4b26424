-- Feeds: where they moved, how they are, what an operator set for each; episodes: what identifies them, and what the
-- publisher says beside title and audio. raw.feeds has no defaults here: DuckDB 1.5 cannot add several in a transaction
-- to a table with a key.

alter table raw.feeds add column moved_to varchar;            -- asked instead of feed_url, which stays the name
alter table raw.feeds add column shown_url varchar;           -- what people may see of its address
alter table raw.feeds add column is_private boolean;  -- its addresses open one subscriber's feed
alter table raw.feeds add column podcast_guid varchar;        -- Podcasting 2.0: the show, wherever its feed lies
alter table raw.feeds add column body_hash varchar;           -- of the document last read: not parsed twice
alter table raw.feeds add column last_checked_at timestamp;
alter table raw.feeds add column last_success_at timestamp;
alter table raw.feeds add column failing_since timestamp;     -- first failure after the last success
alter table raw.feeds add column retry_after_at timestamp;    -- the host asked not to be asked before
alter table raw.feeds add column last_episode_at timestamp;   -- publication of its newest episode
alter table raw.feeds add column cadence_days double;         -- usual days between two episodes
alter table raw.feeds add column tags varchar[];
alter table raw.feeds add column own_language varchar;        -- set by the operator, over what the feed says
alter table raw.feeds add column whisper_model varchar;       -- null: the general setting
alter table raw.feeds add column weight double;     -- multiplies the scores of its claims; null: 1
alter table raw.feeds add column lookback_days integer;       -- null: the general setting
alter table raw.feeds add column max_per_day integer;         -- episodes that one day takes; null: all
alter table raw.feeds add column is_paused boolean;

alter table raw.episodes add column available_at timestamp;   -- when a day could first take it (UTC)
alter table raw.episodes add column duplicate_of varchar;     -- the episode that this is a second copy of
alter table raw.episodes add column audio_bytes bigint;
alter table raw.episodes add column audio_key varchar;        -- evidence, normalised: see feeds.identity
alter table raw.episodes add column title_key varchar;
alter table raw.episodes add column season integer;
alter table raw.episodes add column episode_number double;
alter table raw.episodes add column episode_type varchar default 'full';
alter table raw.episodes add column chapters json;            -- [{start_seconds, title, url, end_seconds, is_hidden}]
alter table raw.episodes add column persons json;             -- [{name, role, group}]
alter table raw.episodes add column soundbites json;          -- [{start_seconds, duration_seconds, title}]
update raw.episodes set available_at = least(coalesce(published_at, first_seen_at), first_seen_at);
