-- The site: what a permanent page shows beside its digest, kept as it was published, and which insights are akin.

alter table raw.digest_items add column theme_id varchar;        -- null: of no theme
alter table raw.digest_items add column said_before varchar;     -- the talk around the quote; null: not kept
alter table raw.digest_items add column said_after varchar;

update raw.digest_items as i set theme_id = s.cluster_id from raw.scored_insights as s
where s.claim_id = i.claim_id and s.digest_date = i.digest_date and i.theme is not null;

create table raw.related_insights (      -- written when claim_id is published: its nearest of that day or before
    claim_id varchar not null,
    related_id varchar not null,
    similarity double not null,          -- cosine
    primary key (claim_id, related_id)
);
