"""Candidate spans: runs of one to four whole sentences in one turn, of a length that a reader takes in at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from digest_pipeline.claims.turns import Sentence, Turn

MAX_SENTENCES = 4
MIN_WORDS = 14
MAX_WORDS = 85


@dataclass(frozen=True, slots=True)
class Span:
    """Sentences ``first..last`` (inclusive) of a turn. ``position`` is where in the episode it starts, 0..1."""

    turn: Turn
    first: int
    last: int
    position: float
    after_question: bool

    @property
    def sentences(self) -> Sequence[Sentence]:
        """The sentences, in order."""
        return self.turn.sentences[self.first : self.last + 1]

    @property
    def quote(self) -> str:
        """The words as they were transcribed: a substring of the turn's text."""
        return self.turn.text[self.sentences[0].start : self.sentences[-1].end]

    def overlaps(self, other: "Span") -> bool:
        """Whether the two share a sentence."""
        return self.turn.index == other.turn.index and self.first <= other.last and other.first <= self.last


def spans_of(turns: Sequence[Turn]) -> Iterator[Span]:
    """Every candidate span of an episode, advertisements included (they are barred later, with their reason)."""
    end = max((turn.segments[-1].end_seconds for turn in turns), default=0.0) or 1.0
    question_before = False
    for turn in turns:
        start_of = [turn.locate(s.start, s.end)[2] / end for s in turn.sentences]
        words = [len(s.text.split()) for s in turn.sentences]
        for first in range(len(turn.sentences)):
            asked = question_before if first == 0 else turn.sentences[first - 1].text.endswith("?")
            for last in range(first, min(first + MAX_SENTENCES, len(turn.sentences))):
                length = sum(words[first : last + 1])
                if length > MAX_WORDS and last > first:
                    break
                if turn.speaker is None and turn.sentences[last].text.endswith("?"):
                    break  # nobody knows who answers
                if length >= MIN_WORDS:
                    yield Span(turn, first, last, min(1.0, start_of[first]), asked)
        question_before = turn.text.rstrip().endswith("?")
