"""What can be found: an episode's usable claims, and its talk cut into passages of a paragraph's length.

Advertisements and doubtful words are left out, as they are from claims.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import duckdb
import numpy as np

from digest_pipeline.claims.sentences import Punctuator
from digest_pipeline.claims.turns import Turn, turns_of
from digest_pipeline.encoder import Vectors
from digest_pipeline.models import Segment

MOST_WORDS = 80  # of a passage of talk: an encoder reads it whole, and a reader at a glance
FEWEST_WORDS = 8  # a turn that is shorter says nothing by itself

Reader = Callable[[], AbstractContextManager[duckdb.DuckDBPyConnection]]
PunctuatorOf = Callable[[str | None], Punctuator | None]
"""What finds the sentences of talk in a language where a transcript has no punctuation."""


def unpunctuated(language: str | None) -> None:
    """Nothing does, in any language."""


@dataclass(frozen=True, slots=True)
class Passage:
    """One thing to find. ``claim_id`` is ``None`` for talk; times are audio seconds.

    ``text`` is what words are looked up in, ``meaning`` what is embedded.
    """

    claim_id: str | None
    speaker: str | None
    start_seconds: float
    end_seconds: float
    text: str
    meaning: str


@dataclass(frozen=True, slots=True)
class EpisodePassages:
    """All passages of an episode, claims first, and the stored vectors of those claims that have one."""

    episode_id: str
    signature: str
    passages: tuple[Passage, ...]
    known: dict[str, Vectors]

    @property
    def claims(self) -> int:
        """How many of the passages are claims."""
        return sum(passage.claim_id is not None for passage in self.passages)


SIGNATURES = """
select e.episode_id, md5(concat_ws('|',
    (select string_agg(c.claim_id || c.headline || c.explanation, '|' order by c.claim_id)
     from raw.claim_candidates c where c.episode_id = e.episode_id and c.rejected_reason is null),
    (select string_agg(s.text, '|' order by s.position)
     from raw.transcript_segments s where s.episode_id = e.episode_id and not s.is_ad and s.doubt is null)
))
from (select unnest($ids::varchar[]) as episode_id) e
"""
CLAIMS = """
select claim_id, speaker, start_seconds, end_seconds, headline, explanation, quote
from raw.claim_candidates
where episode_id = ? and rejected_reason is null
order by start_seconds, claim_id
"""
SEGMENTS = """
select position, start_seconds, end_seconds, speaker, text, is_ad, ad_reason, doubt, word_times
from raw.transcript_segments where episode_id = ? order by position
"""


def signatures(con: duckdb.DuckDBPyConnection, episode_ids: Sequence[str]) -> dict[str, str]:
    """By episode: a hash of what there is to find in it."""
    return dict(con.execute(SIGNATURES, {"ids": list(episode_ids)}).fetchall())


def read_passages(read: Reader, episode_id: str, model: str, punctuator_of: PunctuatorOf) -> EpisodePassages:
    """Everything to find in an episode.

    Args:
        read: opens the warehouse for reading; it is closed again before sentences are looked for.
        episode_id: a transcribed episode.
        model: the encoder whose stored vectors are wanted.
        punctuator_of: of the talk's language.
    """
    with read() as con:
        said = con.execute(CLAIMS, [episode_id]).fetchall()
        vectors = con.execute(
            "select claim_id, embedding from raw.claim_embeddings where model = ? and claim_id in (select unnest(?))",
            [model, [claim_id for claim_id, *_ in said]],
        ).fetchall()
        found = con.execute("select language from raw.transcripts where episode_id = ?", [episode_id]).fetchone()
        rows = con.execute(SEGMENTS, [episode_id]).fetchall()
        signature = signatures(con, [episode_id])[episode_id]
    claims = [
        Passage(claim_id, speaker, start, end, _joined(headline, explanation, quote), f"{headline} {explanation}")
        for claim_id, speaker, start, end, headline, explanation, quote in said
    ]
    language = found[0] if found else None
    segments = [Segment(*(*row[:8], tuple((a, b) for a, b in row[8] or ()))) for row in rows]
    talk = [p for turn in turns_of(segments, language, punctuator_of(language)) for p in passages_of(turn)]
    return EpisodePassages(
        episode_id,
        signature,
        (*claims, *talk),
        {claim_id: np.array(vector, dtype=np.float32) for claim_id, vector in vectors},
    )


def passages_of(turn: Turn) -> Iterator[Passage]:
    """A turn's talk in runs of whole sentences, of at most ``MOST_WORDS`` words where sentences allow."""
    if turn.is_ad or turn.doubt:
        return
    start, end = 0, 0
    for border in [*(sentence.end for sentence in turn.sentences), len(turn.text)]:
        if end > start and len(turn.text[start:border].split()) > MOST_WORDS:
            yield from _passage(turn, start, end)
            start = end
        end = border
    yield from _passage(turn, start, end)


def _passage(turn: Turn, start: int, end: int) -> Iterator[Passage]:
    text = turn.text[start:end]
    start += len(text) - len(text.lstrip())
    text = text.strip()
    if len(text.split()) >= FEWEST_WORDS:
        _, _, begins, ends = turn.locate(start, start + len(text))
        yield Passage(None, turn.name, begins, ends, text, text)


def _joined(*texts: str) -> str:
    """The texts, without those that another one holds: words said once count once."""
    distinct = list(dict.fromkeys(texts))
    return "\n".join(text for text in distinct if not any(text in other for other in distinct if other != text))
