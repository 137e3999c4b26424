"""From segments back to talk: speaker turns, their sentences, and where each word stands in the audio.

Segments are cut where a caption or a recogniser cut them, often in mid-sentence. A claim never starts there: it is made
of whole sentences of one turn.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

import sentencex

from digest_pipeline.models import Segment

MAX_SENTENCE_WORDS = 75  # longer ones come from recognition without punctuation
PIECE_WORDS = 25
# Words that begin a new thought in speech; where unpunctuated talk is cut.
CUT_BEFORE = re.compile(
    r" (?=(?:so|but|because|and (?:so|then|that's|it's|i|we|the|they|you)|now|then|which means)\b)", re.I
)

ENDS = re.compile(r"[.?!…][\"”’')\]]*\s*$")
CUT_AFTER = re.compile(r"[,;:] ")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a turn: ``start`` and ``end`` are character offsets in the turn's text."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Turn:
    """What one speaker says without a break. ``offsets`` holds where each segment begins in ``text``."""

    index: int
    speaker: str | None
    segments: tuple[Segment, ...]
    text: str
    offsets: tuple[int, ...]
    sentences: tuple[Sentence, ...]

    @property
    def is_ad(self) -> bool:
        """Whether the turn is an advertisement or boilerplate; a turn is never partly one."""
        return self.segments[0].is_ad

    @property
    def doubt(self) -> str | None:
        """Why the words may not be what was said; a turn is never partly in doubt."""
        return self.segments[0].doubt

    def locate(self, start: int, end: int) -> tuple[int, int, float, float]:
        """First and last segment position and start and end seconds of ``text[start:end]``.

        Times inside a segment are its words', where they are known, else interpolated by characters.
        """
        first, last = bisect_right(self.offsets, start) - 1, bisect_right(self.offsets, max(start, end - 1)) - 1
        return (
            self.segments[first].position,
            self.segments[last].position,
            round(self.segments[first].seconds_at(start - self.offsets[first]), 2),
            round(self.segments[last].seconds_at(end - self.offsets[last], is_end=True), 2),
        )


def turns_of(segments: Iterable[Segment], language: str | None = None) -> list[Turn]:
    """Join consecutive segments of one speaker; advertisements and doubtful words make turns of their own.

    A turn that takes up a sentence that was broken off, by another voice or by an advertisement, keeps those words in
    its text but not among its sentences.
    """
    segments = list(segments)
    is_cased = sum(not s.text.islower() for s in segments) > len(segments) / 2
    turns: list[Turn] = []
    for index, ((speaker, *_), group) in enumerate(groupby(segments, key=lambda s: (s.speaker, s.is_ad, s.doubt))):
        members = tuple(group)
        offsets, length = [], 0
        for segment in members:
            offsets.append(length)
            length += len(segment.text) + 1
        text = " ".join(segment.text for segment in members)
        sentences = tuple(_sentences(text, tuple(offsets), language or "en"))
        if _continues(text, turns[-1] if turns else None, speaker, is_cased):
            sentences = sentences[1:]
        turns.append(Turn(index, speaker, members, text, tuple(offsets), sentences))
    return turns


def _continues(text: str, before: Turn | None, speaker: str | None, is_cased: bool) -> bool:
    """Whether a turn begins in mid-sentence: in lower case where case counts, or where only a flag parts it."""
    if before is None:
        return False
    is_same_voice = before.speaker == speaker
    return (is_cased and text[:1].islower()) or (is_same_voice and not ENDS.search(before.text))


def _sentences(text: str, offsets: tuple[int, ...], language: str) -> Iterator[Sentence]:
    cursor = 0
    for piece in sentencex.segment(language, text):
        spoken = piece.strip()
        if not spoken:
            continue
        start = text.index(spoken, cursor)
        cursor = start + len(spoken)
        yield from _split_long(text, start, cursor, offsets)


def _split_long(text: str, start: int, end: int, offsets: tuple[int, ...]) -> Iterator[Sentence]:
    """Cut a sentence that is too long to be one: where a new thought begins, else after a comma, else at a segment."""
    is_too_long = len(text[start:end].split()) > MAX_SENTENCE_WORDS
    while is_too_long and len(text[start:end].split()) > 2 * PIECE_WORDS:
        thoughts = [match.end() for match in CUT_BEFORE.finditer(text, start, end)]
        commas = [match.end() for match in CUT_AFTER.finditer(text, start, end)]
        for borders in (thoughts, commas, [offset for offset in offsets if start < offset < end]):
            far_enough = [b for b in borders if len(text[start:b].split()) >= PIECE_WORDS]
            if far_enough and len(text[far_enough[0] : end].split()) >= PIECE_WORDS // 2:
                break
        else:
            break
        cut = far_enough[0]
        yield Sentence(text[start:cut].strip(), start, start + len(text[start:cut].rstrip()))
        start = cut
    yield Sentence(text[start:end], start, end)
