"""Nothing is published that was not said: a claim's quote is found in the talk, by fuzzy alignment.

The place is widened to whole sentences, so that "I don't believe that" in front of a quote is not lost with its start.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from digest_pipeline.claims.turns import Turn
from digest_pipeline.words import UNSPACED, count_words, normalise_words

MIN_ALIGNMENT = 88.0  # rapidfuzz partial ratio, 0..100: a letter or comma may differ, a word may not be made up
MIN_QUOTE_WORDS, MAX_QUOTE_WORDS = 5, 110
CONTEXT_CHARACTERS = 600
EDGE_WORDS = 4


@dataclass(frozen=True, slots=True)
class Located:
    """Where a quote stands: ``turn.text[start:end]`` is the verbatim wording, ``score`` how well it fits, 0..100."""

    turn: Turn
    start: int
    end: int
    score: float

    @property
    def quote(self) -> str:
        """The words as they were transcribed."""
        return self.turn.text[self.start : self.end]

    @property
    def evidence(self) -> str:
        """The whole sentences that the quote is part of: what a headline is held against."""
        start, end = _sentences_around(self.turn, self.start, self.end)
        return self.turn.text[start:end]

    @property
    def context(self) -> str:
        """The quote and what the same speaker says around it, in whole sentences: what an explanation may draw on."""
        start, end = max(0, self.start - CONTEXT_CHARACTERS), self.end + CONTEXT_CHARACTERS
        start, end = _sentences_around(self.turn, start, end)
        return self.turn.text[start:end]


def locate_quote(quote: str, turns: Sequence[Turn]) -> Located | None:
    """Find a quote in the talk, or ``None`` when nobody said it.

    The place is widened to whole sentences as long as it stays readable; a quote that spans two speakers is not found,
    for nobody said it.
    """
    if count_words(quote) < MIN_QUOTE_WORDS:
        return None
    best: Located | None = None
    for turn in turns:
        if len(turn.text) < len(quote) * 0.8:
            continue
        alignment = fuzz.partial_ratio_alignment(_lowered(quote), _lowered(turn.text), score_cutoff=MIN_ALIGNMENT)
        if alignment and (best is None or alignment.score > best.score):
            start, end = alignment.dest_start, alignment.dest_end
            while start > 0 and not _is_border(turn.text[start - 1]):
                start -= 1
            while end < len(turn.text) and not _is_border(turn.text[end]):
                end += 1
            best = Located(turn, *_trim(turn.text, start, end, quote), round(alignment.score, 1))
    if best is None:
        return None
    start, end = _sentences_around(best.turn, best.start, best.end)
    if count_words(best.turn.text[start:end]) > MAX_QUOTE_WORDS:
        return best
    return Located(best.turn, start, end, best.score)


def _lowered(text: str) -> str:
    """A text in lower case, letter by letter as long as it was: ``"İ".lower()`` are two."""
    return "".join(letter.lower()[0] for letter in text)


def _is_border(letter: str) -> bool:
    return letter.isspace() or UNSPACED.match(letter) is not None


def _sentences_around(turn: Turn, start: int, end: int) -> tuple[int, int]:
    touched = [s for s in turn.sentences if s.end > start and s.start < end]
    return (min(start, touched[0].start), max(min(end, len(turn.text)), touched[-1].end)) if touched else (start, end)


def _trim(text: str, start: int, end: int, quote: str) -> tuple[int, int]:
    """Drop words at the edges of an aligned stretch that are not the quote's first and last: an alignment is as long
    as the quote, so where the wording differs inside, it overshoots at an end.
    """
    places = [(start + m.start(), start + m.end()) for m in re.finditer(r"\S+", text[start:end])]
    words = [" ".join(normalise_words(text[a:b])) for a, b in places]
    wanted = [word for word in (" ".join(normalise_words(w)) for w in quote.split()) if word]
    head, tail = words[:EDGE_WORDS], words[::-1][:EDGE_WORDS]
    first = head.index(wanted[0]) if wanted and wanted[0] in head else 0
    last = tail.index(wanted[-1]) if wanted and wanted[-1] in tail else 0
    return places[first][0], places[len(places) - 1 - last][1]
