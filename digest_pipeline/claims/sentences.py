"""Sentences of talk, with or without punctuation.

Where the transcript has punctuation, a rule-based library finds its sentences. Raw recognition has little or none: what
is too long to be a sentence is cut by a small model of sentence borders, a logistic regression on the words around each
gap, whose weights are hashed into ``boundaries.npz`` (made by ``bench/worthiness/boundaries.py`` from punctuated
transcripts; its figures stand in ``MODEL_CARD.md``).
"""

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import as_file, files
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import sentencex

MAX_WORDS = 60  # a longer "sentence" is looked at again: most often its full stops are missing
MIN_PIECE, MAX_PIECE = 5, 40  # words of a piece that the model cuts
COMMA = 1.5  # log-odds that a comma before a word adds
HASH_BITS = 15
ABBREVIATION = re.compile(r"(?:mr|mrs|ms|dr|vs|etc|e\.g|i\.e)\.", re.IGNORECASE)
# A full stop inside a closing quotation mark ends a sentence even before a small letter: "simplicity." ngtop is ...
# So does a pause before a capital letter: "... really... So look at what you get"
BORDER = re.compile(r"(?<=[\w)][.!?][\"”]) +|(?:(?<=\w\.\.\.)|(?<=\w…)) +(?=[A-Z])")
WORD = re.compile(r"\S+")

Scores = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a turn: ``start`` and ``end`` are character offsets in the turn's text."""

    text: str
    start: int
    end: int


def sentences_of(text: str, language: str) -> Iterator[Sentence]:
    """The sentences of a text, in order; together they hold all its words."""
    cursor = 0
    for piece in (half for whole in sentencex.segment(language, text) for half in BORDER.split(whole)):
        spoken = piece.strip()
        if not spoken:
            continue
        start = text.index(spoken, cursor)
        cursor = start + len(spoken)
        if len(spoken.split()) <= MAX_WORDS:
            yield Sentence(spoken, start, cursor)
        else:
            yield from _cut(text, start, cursor)


def _cut(text: str, start: int, end: int) -> Iterator[Sentence]:
    """Cut ``text[start:end]`` into pieces of ``MIN_PIECE`` to ``MAX_PIECE`` words at its most likely borders."""
    places = [match.span() for match in WORD.finditer(text, start, end)]
    words = [text[a:b] for a, b in places]
    edges = [0, *_best_borders(border_scores(words)), len(words)]
    for first, last in pairwise(edges):
        a, b = places[first][0], places[last - 1][1]
        yield Sentence(text[a:b], a, b)


def _best_borders(scores: Scores) -> list[int]:
    """Indices before which to cut: the set with the highest sum of scores (dynamic programming over the gaps)."""
    count = len(scores)
    best = np.full(count + 1, -np.inf)
    best[0] = 0.0
    came_from = np.zeros(count + 1, dtype=int)
    for end in range(1, count + 1):
        for start in range(max(0, end - MAX_PIECE), end):
            length = end - start
            if length < MIN_PIECE and not (start == 0 and end == count):
                continue
            gain = best[start] + (scores[end] if end < count else 0.0)
            if gain > best[end]:
                best[end], came_from[end] = gain, start
    borders: list[int] = []
    end = count
    while end > 0 and np.isfinite(best[end]):
        end = int(came_from[end])
        if end:
            borders.append(end)
    return borders[::-1]


def border_scores(words: Sequence[str]) -> Scores:
    """Log-odds that a sentence begins at each word, above the threshold that works best."""
    weights, intercept = _load_boundaries()
    scores: Scores = weights[hashed_context(words)].sum(axis=1) + intercept
    scores[1:] += np.array([COMMA if word[-1] in ",;:" else 0.0 for word in words[:-1]], dtype=np.float32)
    return scores


def hashed_context(words: Sequence[str]) -> npt.NDArray[np.int64]:
    """Hashes of the words around the gap before each word: shape (words, 8). Case and punctuation do not count."""
    plain = ["<s>", "<s>", *(plain_word(word) for word in words), "</s>", "</s>", "</s>"]
    rows = []
    for before2, before, after, after2, after3 in zip(plain, plain[1:], plain[2:], plain[3:], plain[4:], strict=False):
        rows.append(
            [
                zlib.crc32(feature.encode())
                for feature in (
                    f"a{before}", f"b{after}", f"c{before2} {before}", f"d{after} {after2}", f"e{before} {after}",
                    f"f{after} {after2} {after3}", f"g{before2}", f"i{after2}",
                )
            ]
        )  # fmt: skip
    return np.array(rows[: len(words)], dtype=np.int64) & ((1 << HASH_BITS) - 1)


def plain_word(word: str) -> str:
    """A word as raw recognition has it: lower case, no punctuation."""
    return re.sub(r"[^\w'%$-]", "", word.replace("’", "'").lower()).strip("'-")


@lru_cache(maxsize=1)
def _load_boundaries() -> tuple[Scores, float]:
    with as_file(files("digest_pipeline.claims") / "boundaries.npz") as path, np.load(path) as stored:
        return stored["weights"].astype(np.float32) * float(stored["unit"]), float(stored["intercept"])
