-- Publishing: the day on which an insight was taken back, as the digest's readers count days; the moment is in UTC.

alter table raw.digest_items add column retracted_on date;
update raw.digest_items set retracted_on = retracted_at::date where retracted_at is not null;
