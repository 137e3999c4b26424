-- Recognised speech: what a guard doubts, when each word is spoken; failed episodes: when they are tried again.

alter table raw.transcript_segments add column doubt varchar;          -- null: nothing speaks against the words
alter table raw.transcript_segments add column word_times double[][];  -- [start, end] of each word of text; null: unknown

alter table raw.episodes add column retry_on date;                     -- first day that tries a failed episode again
