-- How well a stranger can read a claim, as the encoder that embeds it sees the wording.

alter table raw.claim_embeddings add column clarity double;  -- 0..1; null: not read yet, which the next clustering mends
