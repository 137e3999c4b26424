"""Candidate spans: runs of one to four whole sentences in one turn, of a length that a reader takes in at once."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from digest_pipeline.claims.sentences import Sentence
from digest_pipeline.claims.turns import ENDS, Turn

MAX_SENTENCES = 4
MIN_WORDS = 14
MAX_WORDS = 85
BROKEN_OFF = re.compile(r"(?:[,–—]|--| -)$")


@dataclass(frozen=True, slots=True)
class Span:
    """Sentences ``first..last`` (inclusive) of a turn.

    ``start_sentence`` and ``start_word`` count from the start of the episode; ``position`` is where in it the span
    starts, 0..1, by words.
    """

    turn: Turn
    first: int
    last: int
    start_sentence: int
    start_word: int
    words: int
    position: float
    after_question: bool

    @property
    def sentences(self) -> Sequence[Sentence]:
        """The sentences, in order."""
        return self.turn.sentences[self.first : self.last + 1]

    @property
    def text(self) -> str:
        """The words as they are read, with the punctuation that the transcript may lack."""
        return " ".join(sentence.text for sentence in self.sentences)

    @property
    def quote(self) -> str:
        """The words as they were transcribed: a substring of the turn's text."""
        return self.turn.text[self.sentences[0].start : self.sentences[-1].end]

    @property
    def broken_off(self) -> int:
        """How many of its sentences are pieces of one that breaks off, after a whole one; 0: it ends as it should."""
        ended = [number for number, sentence in enumerate(self.sentences, start=1) if ENDS.search(sentence.text)]
        return len(self.sentences) - ended[-1] if ended else 0

    @property
    def end_sentence(self) -> int:
        """Number, in the episode, of the sentence after the last."""
        return self.start_sentence + self.last - self.first + 1

    def is_near(self, other: "Span", words: int) -> bool:
        """Whether fewer than ``words`` words lie between the two; spans that share a sentence are near."""
        return (
            self.start_word < other.start_word + other.words + words
            and other.start_word < self.start_word + self.words + words
        )


def spans_of(turns: Sequence[Turn]) -> Iterator[Span]:
    """Every candidate span of an episode, advertisements included (they are barred later, with their reason)."""
    total = sum(turn.text.count(" ") + 1 for turn in turns)
    question_before = False
    sentence_number = word_number = 0
    for turn in turns:
        starts = [turn.text.count(" ", 0, sentence.start) for sentence in turn.sentences]
        ends = [turn.text.count(" ", 0, sentence.end) + 1 for sentence in turn.sentences]
        for first in range(len(turn.sentences)):
            asked = question_before if first == 0 else turn.sentences[first - 1].text.endswith("?")
            for last in range(first, min(first + MAX_SENTENCES, len(turn.sentences))):
                length = ends[last] - starts[first]
                if length > MAX_WORDS and last > first:
                    break
                if turn.speaker is None and turn.sentences[last].text.endswith("?"):
                    break  # nobody knows who answers
                if last + 1 == len(turn.sentences) and BROKEN_OFF.search(turn.sentences[last].text):
                    break  # another voice cut in
                if length >= MIN_WORDS:
                    start = word_number + starts[first]
                    yield Span(turn, first, last, sentence_number + first, start, length, start / total, asked)
        sentence_number += len(turn.sentences)
        word_number += turn.text.count(" ") + 1
        question_before = turn.text.rstrip().endswith("?")
