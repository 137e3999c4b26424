"""Sentences of talk, with or without punctuation.

Where the transcript has punctuation, a rule-based library finds its sentences. Raw recognition has little or none, and
captions of broadcasts have capitals alone: there a ``Punctuator`` tells where sentences begin and how they would be
written. What it restores is for reading; the transcript's own letters stay as they are, and a quote is made of those.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np
import numpy.typing as npt
import sentencex

MAX_WORDS = 60  # a longer "sentence" is looked at again: most often its full stops are missing
MIN_PIECE, MAX_PIECE = 5, 40  # words of a sentence that is found in it
AT_COMMA = 1.5  # log odds that a comma adds to a sentence beginning after it
READINESS = 0.75  # log odds that any word gets beside: on unheard shows as many sentences are found as there are
UNKNOWN = -2.0  # log odds that one begins at a word of which nothing is known
BEGINS, COMMA, ASKS, CAPITAL = range(4)
MARKS = 4
ABBREVIATION = re.compile(r"(?:mr|mrs|ms|dr|vs|etc|e\.g|i\.e)\.", re.IGNORECASE)
# A full stop inside a closing quotation mark ends a sentence even before a small letter: "simplicity." ngtop is ...
# So does a pause before a capital letter: "... really... So look at what you get"
BORDER = re.compile(r"(?<=[\w)][.!?][\"”]) +|(?:(?<=\w\.\.\.)|(?<=\w…)) +(?=[A-Z])")
WORD = re.compile(r"\S+")
MARK = re.compile(r"[.,;:?!…](?:[\"”’')\]]|\s|$)")
MARKED = re.compile(r"[.,;:?!…][\"”’')\]]*$")

Scores = npt.NDArray[np.float64]


class Punctuator(Protocol):
    """Tells which words open a sentence, what is written after them, and which have a capital."""

    def rate(self, words: Sequence[str]) -> Scores:
        """For each of these words, as ``plain_word`` gives them, and given those around it: the log odds that it begins
        a sentence, is followed by a comma, ends a question, and has a capital wherever it stands. Shape (words, 4),
        columns ``BEGINS``, ``COMMA``, ``ASKS``, ``CAPITAL``.
        """


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a turn: ``start`` and ``end`` are character offsets in the turn's text.

    ``text`` is what stands there, or how that would be written where the transcript has no punctuation.
    """

    text: str
    start: int
    end: int


def sentences_of(text: str, language: str, punctuator: Punctuator | None = None) -> Iterator[Sentence]:
    """The sentences of a text, in order; together they hold all its words.

    Where a long one is cut at a word that hardly begins a sentence, both pieces stay as transcribed: with a small
    letter or without a full stop, by which they are known as pieces. Without a punctuator, what has no full stop for
    long is cut at its commas, or else anywhere.
    """
    cursor = 0
    for piece in (half for whole in sentencex.segment(language, text) for half in BORDER.split(whole)):
        spoken = piece.strip()
        if not spoken:
            continue
        start = text.index(spoken, cursor)
        cursor = start + len(spoken)
        words = spoken.split()
        is_bare = punctuator is not None and (spoken.islower() or spoken.isupper()) and not MARK.search(spoken)
        if is_bare or len(words) > MAX_WORDS:
            yield from _cut(text, start, cursor, punctuator)
        elif punctuator is not None and spoken.isupper() and len(words) >= MIN_PIECE:
            words = spoken.lower().split()
            yield Sentence(written(words, punctuator.rate([plain_word(word) for word in words])), start, cursor)
        else:
            yield Sentence(spoken, start, cursor)


def _cut(text: str, start: int, end: int, punctuator: Punctuator | None) -> Iterator[Sentence]:
    """Cut ``text[start:end]`` into pieces of ``MIN_PIECE`` to ``MAX_PIECE`` words at its most likely borders."""
    places = [match.span() for match in WORD.finditer(text, start, end)]
    is_shouted = punctuator is not None and text[start:end].isupper()
    words = [text[a:b].lower() if is_shouted else text[a:b] for a, b in places]
    odds = punctuator.rate([plain_word(word) for word in words]) if punctuator else None
    begins = odds[:, BEGINS] + READINESS if odds is not None else np.full(len(words), UNKNOWN)
    begins[1:] += [AT_COMMA if word[-1] in ",;:" else 0.0 for word in words[:-1]]
    for first, last in pairwise([0, *best_borders(begins), len(words)]):
        a, b = places[first][0], places[last - 1][1]
        if odds is None:
            yield Sentence(text[a:b], a, b)
            continue
        is_begun = first == 0 or odds[first, BEGINS] + READINESS > 0
        is_ended = last == len(words) or odds[last, BEGINS] + READINESS > 0
        yield Sentence(written(words[first:last], odds[first:last], is_begun=is_begun, is_ended=is_ended), a, b)


def best_borders(scores: Scores) -> list[int]:
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


def written(words: Sequence[str], odds: Scores, *, is_begun: bool = True, is_ended: bool = True) -> str:
    """A sentence as it would be written; marks and capitals that are there stay.

    Args:
        words: of one sentence, as they were transcribed.
        odds: of these words, as a ``Punctuator`` gives them.
        is_begun: the first word begins a sentence and has its capital; else it continues one.
        is_ended: the last word ends one and has its mark; else the sentence goes on.

    Example:
        >>> no = [-9.0, -9.0, -9.0, -9.0]
        >>> written(["so", "prices", "fell"], np.array([[9.0, 9.0, -9.0, -9.0], no, no]))
        'So, prices fell.'
    """
    is_cased = any(letter.isupper() for word in words for letter in word)
    found = []
    for place, word in enumerate(words):
        is_capital = (place == 0 and is_begun) or (odds[place, CAPITAL] > 0 and not is_cased)
        has_comma = odds[place, COMMA] > 0 and place + 1 < len(words) and not MARKED.search(word)
        found.append((word[:1].upper() + word[1:] if is_capital else word) + ("," if has_comma else ""))
    if not is_ended:
        return " ".join(found)
    last = found[-1].rstrip(",;:")
    if not MARKED.search(last):
        last += "?" if odds[-1, ASKS] > 0 else "."
    return " ".join([*found[:-1], last])


def plain_word(word: str) -> str:
    """A word as raw recognition has it: lower case, no punctuation."""
    return re.sub(r"[^\w'%$-]", "", word.replace("’", "'").lower()).strip("'-")
