-- The site: the language of each published insight, so that a page can say which one its words are in.

alter table raw.digest_items add column language varchar;        -- of its transcript; null: not known

update raw.digest_items as i set language = t.language
from raw.claim_candidates as c join raw.transcripts as t using (episode_id)
where c.claim_id = i.claim_id;
