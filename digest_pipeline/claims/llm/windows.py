"""Stretches of talk for one call of a model: whole turns, each window beginning with the end of the one before."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from digest_pipeline.claims.turns import Turn
from digest_pipeline.words import count_words


@dataclass(frozen=True, slots=True)
class Piece:
    """``turn.text[start:end]``: a turn, or whole sentences or segments of one that is longer than a window."""

    turn: Turn
    start: int
    end: int

    @property
    def text(self) -> str:
        """What is said in it."""
        return self.turn.text[self.start : self.end]

    @property
    def words(self) -> int:
        """How many."""
        return count_words(self.text)


Window = Sequence[Piece]


def windows_of(turns: Sequence[Turn], words: int, overlap: int) -> Sequence[Window]:
    """Windows of about ``words`` words on the borders of turns; the last pieces of a window, up to ``overlap`` words,
    open the next one, so that a thought at a border is read whole once. Advertisements and doubtful words are left out.
    """
    windows: list[list[Piece]] = []
    size = words
    for piece in _pieces(turns, words):
        if size + piece.words > words:
            windows.append(_tail(windows[-1], overlap) if windows else [])
            size = sum(p.words for p in windows[-1])
        windows[-1].append(piece)
        size += piece.words
    return windows


def _tail(window: Sequence[Piece], words: int) -> list[Piece]:
    tail: list[Piece] = []
    for piece in reversed(window):
        words -= piece.words
        if words < 0:
            break
        tail.insert(0, piece)
    return tail


def _pieces(turns: Sequence[Turn], words: int) -> Iterator[Piece]:
    """Turns, cut between sentences where they are longer than a third of a window."""
    longest = max(1, words // 3)
    for turn in turns:
        if turn.is_ad or turn.doubt or not turn.sentences:
            continue
        start, size = turn.sentences[0].start, 0
        for first, last in _parts(turn, longest):
            length = count_words(turn.text[first:last])
            if size and size + length > longest:
                yield Piece(turn, start, first)
                start, size = first, 0
            size += length
        yield Piece(turn, start, turn.sentences[-1].end)


def _parts(turn: Turn, most: int) -> Iterator[tuple[int, int]]:
    """Sentences; where one is longer than ``most`` words, as Chinese without punctuation is, its segments."""
    for sentence in turn.sentences:
        is_long = count_words(sentence.text) > most
        cuts = [offset for offset in turn.offsets if is_long and sentence.start < offset < sentence.end]
        yield from pairwise((sentence.start, *cuts, sentence.end))


def positions_of(window: Window) -> tuple[int, int]:
    """First and last segment position of a window."""
    first, last = window[0], window[-1]
    return first.turn.locate(first.start, first.end)[0], last.turn.locate(last.start, last.end)[1]
