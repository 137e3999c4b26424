-- Publishing: insights that were taken back after readers had seen them. The row stays, so that they do not come again.

alter table raw.digest_items add column retracted_at timestamp;  -- null: it stands
alter table raw.digest_items add column retraction varchar;      -- what readers are told instead; null: it stands
