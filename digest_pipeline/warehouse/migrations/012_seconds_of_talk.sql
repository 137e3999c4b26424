-- Transcripts: how long the talk and its advertisements are, kept when the segments are removed.

alter table raw.transcripts add column spoken_seconds double;  -- where its last segment ends; null: removed before this release
alter table raw.transcripts add column ad_seconds double;      -- of segments flagged as advertisement or boilerplate

update raw.transcripts as t set spoken_seconds = s.spoken, ad_seconds = s.ads
from (
    select
        episode_id,
        max(end_seconds) as spoken,
        coalesce(sum(end_seconds - start_seconds) filter (where is_ad), 0) as ads
    from raw.transcript_segments
    group by episode_id
) as s
where s.episode_id = t.episode_id;
