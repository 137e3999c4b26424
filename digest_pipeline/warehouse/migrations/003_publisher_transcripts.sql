-- Publishers' transcripts: how far their times can be trusted.

alter table raw.transcripts add column has_own_times boolean;  -- false: estimated from the words; null: not known
alter table raw.transcripts add column unheard_seconds double;              -- audio beyond its end: times may be early by it
