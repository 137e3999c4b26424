-- A made-up history; bench/marts.py binds its first day and how many there are.
insert into raw.feeds (feed_url, shown_url, title, added_at, consecutive_failures)
    select 'https://shows.example/' || i, 'https://shows.example/' || i, 'Show ' || i, now()::timestamp, 0 from range(50) t(i);
insert into raw.episodes (episode_id, feed_url, title, first_seen_at, published_at, digest_date, transcript_urls, description,
    status)
    select 'ep_' || i, 'https://shows.example/' || i % 50, 'Episode ' || i, day, day, day, '[]', '', 'transcribed'
    from (select i, $first::date + (i // 10)::int as day from range($days * 10) t(i));
insert into raw.transcripts (episode_id, source, word_count, fingerprint, spoken_seconds, ad_seconds)
    select episode_id, 'publisher', 9, [], 1200, 80 from raw.episodes;
insert into raw.transcript_segments (episode_id, position, start_seconds, end_seconds, text, is_ad)
    select episode_id, p, p * 20, p * 20 + 20, 'words of a made-up talk', p % 17 = 0 from raw.episodes, range(60) t(p);
insert into raw.claim_candidates (claim_id, episode_id, digest_date, headline, explanation, quote, speaker, start_seconds,
    end_seconds, first_position, last_position, worthiness, is_ad, extractor)
    select 'cl_' || i, 'ep_' || i // 20, $first::date + (i // 200)::int, 'A claim', '', 'A claim', 'Speaker ' || i % 211,
        i % 20 * 60, i % 20 * 60 + 20, 0, 0, 0.5, false, 'made up' from range($days * 200) t(i);
insert into raw.embedding_clusters (cluster_id, digest_date, label, keywords, size, n_shows, first_seen_on, last_seen_on, centroid)
    select 'th_' || k, $first::date + d::int, 'Theme ' || k, [], 100, 9, $first::date, $first::date + d::int, []
    from range($days) t(d), range(40) u(k);
insert into raw.cluster_members
    select c.claim_id, $first::date + d::int, 'th_' || hash(c.claim_id) % 40, 1
    from range($days) t(d) join raw.claim_candidates c
        on c.digest_date between $first::date + d::int - 44 and $first::date + d::int and hash(c.claim_id, 1) % 2 = 0;
insert into raw.cluster_days select $first::date + d::int, 'made up', 45, 9000, 40, 0.5 from range($days) t(d);
insert into raw.scored_insights
    select claim_id, digest_date, 'th_' || hash(claim_id) % 40, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5,
        case when row_number() over (partition by digest_date order by claim_id) <= 5
            then row_number() over (partition by digest_date order by claim_id) end, 'Why.', 'Why not.', 0.5, 1
    from raw.claim_candidates;
