"""The talk around a quote: what was said just before and just after, without advertisements and doubtful words."""

from collections.abc import Sequence

import duckdb

WORDS = 70
SEGMENTS = 40  # of a recogniser, that hold well over so many words

SEGMENTS_AROUND = """
select c.claim_id, c.quote,
    string_agg(s.text, ' ' order by s.position) filter (where s.position < c.first_position),
    string_agg(s.text, ' ' order by s.position) filter (where s.position between c.first_position and c.last_position),
    string_agg(s.text, ' ' order by s.position) filter (where s.position > c.last_position)
from raw.claim_candidates c
join raw.transcript_segments s on s.episode_id = c.episode_id
    and s.position between c.first_position - $reach and c.last_position + $reach
where c.claim_id in (select unnest($ids::varchar[]))
    and (s.position between c.first_position and c.last_position or (not s.is_ad and s.doubt is null))
group by c.claim_id, c.quote
"""


def surroundings(con: duckdb.DuckDBPyConnection, claim_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """By claim: at most ``WORDS`` words before its quote and after it, cut at a word, with an ellipsis where cut."""
    rows = con.execute(SEGMENTS_AROUND, {"ids": list(claim_ids), "reach": SEGMENTS}).fetchall()
    around = {}
    for claim_id, quote, before, within, after in rows:
        lead, _, rest = within.partition(quote)
        words_before, words_after = f"{before or ''} {lead}".split(), f"{rest} {after or ''}".split()
        around[claim_id] = (
            ("… " if len(words_before) > WORDS else "") + " ".join(words_before[-WORDS:]),
            " ".join(words_after[:WORDS]) + (" …" if len(words_after) > WORDS else ""),
        )
    return around
