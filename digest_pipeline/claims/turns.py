"""From segments back to talk: speaker turns, their sentences, and where each word stands in the audio.

Segments are cut where a caption or a recogniser cut them, often in mid-sentence. A claim never starts there: it is made
of whole sentences of one turn.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from digest_pipeline.claims.sentences import Punctuator, Sentence, sentences_of
from digest_pipeline.models import Segment
from digest_pipeline.transcripts.speakers import is_named

ENDS = re.compile(r"[.?!…][\"”’')\]]*\s*$")


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
    def name(self) -> str | None:
        """Who speaks, where the transcript knows more than which voice it is."""
        return self.speaker if is_named(self.speaker) else None

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


def turns_of(
    segments: Iterable[Segment], language: str | None = None, punctuator: Punctuator | None = None
) -> list[Turn]:
    """Join consecutive segments of one speaker; advertisements and doubtful words make turns of their own.

    A turn that takes up a sentence that was broken off, by another voice or by an advertisement, keeps those words in
    its text but not among its sentences. ``punctuator`` finds the sentences where no punctuation does.
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
        sentences = tuple(sentences_of(text, language or "en", punctuator))
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
