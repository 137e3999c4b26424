"""Whether a wording says each figure and each direction of what the talk says it of. English.

"Visa fell 20 percent while Bitcoin rose 3" has every word and number of "Visa rose 3 percent while Bitcoin fell 20
percent", and is false. Here alone a faithful wording is not to be refused: only a clear exchange is a fault, where the
talk names both sides and nothing in the wording speaks for it.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import combinations

from digest_pipeline.claims.checks.numerals import Quantity
from digest_pipeline.claims.checks.pieces import AMOUNT, SIDES, Piece, pieces_of
from digest_pipeline.claims.checks.quantities import is_same_amount

RESPECTIVELY = re.compile(r"\brespective(?:ly)?\b", re.IGNORECASE)
CHANGES = frozenset({"percent", "points"})  # units of what rises and falls, unless they are of something
Pair = tuple[frozenset[str], frozenset[str]]


def exchange_fault(wording: str, said: str) -> str | None:
    """What the talk says of one thing and the wording of another."""
    if RESPECTIVELY.search(f"{wording} {said}"):
        return None
    worded, talk = pieces_of(wording), pieces_of(said)
    return _figure_fault(worded, talk) or _direction_fault(worded, talk)


def _figure_fault(worded: Sequence[Piece], talk: Sequence[Piece]) -> str | None:
    figures = [figure for piece in worded for figure in piece.figures if _with(figure, talk)]
    for one, other in combinations(figures, 2):
        if not is_same_amount(one, other) and _change_places(one, other, worded, talk):
            return f"{one.text} is said of “{_with(one, talk)[0].text}”"
    rivals = [figure for piece in talk for figure in piece.figures]
    for figure in figures:
        mine, own = _with(figure, worded), _with(figure, talk)
        for rival in rivals:
            is_other = rival.unit == figure.unit and not is_same_amount(rival, figure)
            if is_other and _is_moved(mine, own, _with(rival, talk), figure, rival):
                return f"{figure.text} is said of “{own[0].text}”"
        if figure.unit in CHANGES and not figure.whole and _is_turned(mine, own):
            return f"{figure.text} goes the other way in “{own[0].text}”"
    return None


def _change_places(one: Quantity, other: Quantity, worded: Sequence[Piece], talk: Sequence[Piece]) -> bool:
    mine, theirs, ones, others = _with(one, worded), _with(other, worded), _with(one, talk), _with(other, talk)
    return _is_crossed((_wholes(one, ones), _wholes(other, others)), (_wholes(one, mine), _wholes(other, theirs))) or (
        _is_crossed(
            (_about(ones, one, other), _about(others, one, other)),
            (_about(mine, one, other), _about(theirs, one, other)),
            (_first(mine), _first(theirs)),
        )
    )


def _direction_fault(worded: Sequence[Piece], talk: Sequence[Piece]) -> str | None:
    for axis in dict.fromkeys(axis for axis, *_ in SIDES):
        up, down = ([piece for piece in talk if (axis, side) in piece.sides] for side in (0, 1))
        rising, falling = ([piece for piece in worded if (axis, side) in piece.sides] for side in (0, 1))
        if not up or not down or not _about([*rising, *falling]) <= _about(talk):
            continue  # a word that the talk has not may turn it round: who has fewer jobs has more unemployment
        said, told = (_about(up), _about(down)), (_about(rising), _about(falling))
        if _is_crossed(said, told, (_first(rising), _first(falling))):
            return f"which way it goes in “{up[0].text}” and “{down[0].text}”"
        for mine, own, other in ((rising, up, down), (falling, down, up)):
            if mine and _is_moved(mine, own, other):
                return f"which way it goes in “{other[0].text}”"
    return None


def _is_crossed(said: Pair, *worded: Pair) -> bool:
    """Whether two things have changed places: each is with words of the other alone, and with none of its own; by all
    words, or by those that the pieces begin with, since verbs go with their figures.
    """
    own, other = said[0] - said[1], said[1] - said[0]
    for one, two in worded:
        mine, theirs = one - two, two - one
        if mine & other and theirs & own and not mine & own and not theirs & other:
            return True
    return False


def _is_moved(mine: Sequence[Piece], own: Sequence[Piece], other: Sequence[Piece], *but: Quantity) -> bool:
    """Whether one thing is said of nothing but what another one is said of. Pieces that leave open what they speak of
    ("it fell", "and fell in Europe") decide nothing.
    """
    if not all(piece.has_subject for piece in (*mine, *own, *other)) or any(piece in other for piece in own):
        return False
    here, there, elsewhere = _about(mine, *but), _about(own, *but), _about(other, *but)
    left = here - (there & elsewhere)
    return bool(left) and left <= elsewhere


def _is_turned(mine: Sequence[Piece], own: Sequence[Piece]) -> bool:
    """Whether a figure of the same subject goes one way in the wording and the other way in the talk."""
    if _first(mine).isdisjoint(word for piece in own for word in piece.subject or piece.words):
        return False  # what one gains another loses
    here, there = ({side for piece in pieces for axis, side in piece.sides if axis == AMOUNT} for pieces in (mine, own))
    return len(here) == len(there) == 1 and here != there


def _with(figure: Quantity, pieces: Iterable[Piece]) -> list[Piece]:
    return [piece for piece in pieces if any(is_same_amount(figure, other) for other in piece.figures)]


def _wholes(figure: Quantity, pieces: Iterable[Piece]) -> frozenset[str]:
    same = (other for piece in pieces for other in piece.figures if is_same_amount(figure, other))
    return frozenset(other.whole for other in same if other.whole)


def _about(pieces: Iterable[Piece], *but: Quantity) -> frozenset[str]:
    return frozenset[str]().union(*(piece.about(*but) for piece in pieces))


def _first(pieces: Iterable[Piece]) -> frozenset[str]:
    return frozenset(piece.words[0] for piece in pieces if piece.words)
