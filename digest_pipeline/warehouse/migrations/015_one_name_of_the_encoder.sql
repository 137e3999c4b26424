-- The packaged encoder has one name, by whichever of its names the settings call it. Under another one the window's claims
-- were embedded anew, and what had been sent before was forgotten.

delete from raw.claim_embeddings as e where model = 'sentence-transformers/all-MiniLM-L6-v2' and exists (
    select 1 from raw.claim_embeddings as o where o.claim_id = e.claim_id and o.model = 'all-MiniLM-L6-v2'
);
update raw.claim_embeddings set model = 'all-MiniLM-L6-v2' where model = 'sentence-transformers/all-MiniLM-L6-v2';
update raw.cluster_days set model = 'all-MiniLM-L6-v2' where model = 'sentence-transformers/all-MiniLM-L6-v2';
