"""Passages that hold the words of a question, ranked by BM25. What stands in quotation marks is one term."""

import re
import sqlite3
from dataclasses import dataclass

import numpy as np

from digest_pipeline.search.nearest import Loaded, Mask

MARKS = '"“”„‟«»'  # quotation marks, which phones and editors write in their own way
PHRASE = re.compile(rf"[{MARKS}]([^{MARKS}]*)[{MARKS}]")
WORD = re.compile(r"\w+")
MOST_HITS = 20_000  # a word that more passages hold says little and costs much: it is left out beside rarer ones


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked: single words, and phrases that have to stand in every answer as they are."""

    words: tuple[str, ...]
    phrases: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> "Question":
        """Read ``any words and "a phrase"``."""
        phrases = (" ".join(WORD.findall(phrase)) for phrase in PHRASE.findall(text))
        words = WORD.findall(PHRASE.sub(" ", text).lower())
        return cls(tuple(dict.fromkeys(words)), tuple(dict.fromkeys(p for p in phrases if p)))


def holding(con: sqlite3.Connection, question: Question, loaded: Loaded) -> Mask:
    """The passages that hold every phrase of the question; all of them when it has none."""
    if not question.phrases:
        return np.ones(len(loaded.ids), dtype=np.bool_)
    query = " AND ".join(f'"{phrase}"' for phrase in question.phrases)
    return loaded.mask_of([row[0] for row in con.execute("select rowid from words where words match ?", [query])])


def matching(con: sqlite3.Connection, question: Question, loaded: Loaded, allowed: Mask, most: int) -> list[int]:
    """Ids of the passages that hold any word of the question, best first.

    Args:
        con: of the index.
        question: with at least one word or phrase.
        loaded: the index's passages.
        allowed: which of them count.
        most: how many are wanted.
    """
    terms = [f'"{term}"' for term in (*question.phrases, *question.words)]
    query = " OR ".join([term for term in terms if _is_telling(con, term)] or terms)
    if allowed.all():
        ranked = con.execute("select rowid from words where words match ? order by rank limit ?", [query, most])
        return [row[0] for row in ranked]
    rows = con.execute("select rowid, rank from words where words match ?", [query]).fetchall()
    if not rows:
        return []
    ids, ranks = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    is_allowed = np.isin(ids, loaded.ids[allowed])
    ids, ranks = ids[is_allowed], ranks[is_allowed]
    return [int(i) for i in ids[np.argsort(ranks, kind="stable")[:most]]]


def _is_telling(con: sqlite3.Connection, term: str) -> bool:
    hits: int = con.execute(
        "select count(*) from (select 1 from words where words match ? limit ?)", [term, MOST_HITS + 1]
    ).fetchone()[0]
    return 0 < hits <= MOST_HITS
