"""A text cut into pieces that state one thing each: which figures and directions, and what they are said of. English.

Clauses (``lexis``) are what a wording was made of. Pieces are smaller: "Visa fell as Bitcoin rose" is two. A piece that
says two things at once has both figures, and both directions cancel out.
"""

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from digest_pipeline.claims.checks.comparison import AXES
from digest_pipeline.claims.checks.lexis import BORDER, EMPTY, WORD, content_words, lemma, words_in
from digest_pipeline.claims.checks.numerals import MULTIPLES, ORDINAL, Quantity, as_figures, quantities_in
from digest_pipeline.claims.checks.quantities import is_same_amount
from digest_pipeline.claims.checks.units import UNITS

AMOUNT = "amount"
RISES = (
    r"ris(?:es?|en|ing)|rose|rais(?:es?|ed|ing)|increas\w*|gr(?:ow(?:s|n|ing|th)?|ew)|gain(?:s|ed|ing)?"
    r"|climb(?:s|ed|ing)?|jump(?:s|ed|ing)?|surg(?:es?|ed|ing)|soar(?:s|ed|ing)?|expand(?:s|ed|ing)?|doubl(?:es?|ed|ing)"
    r"|tripl(?:es?|ed|ing)|higher|bigger|larger|greater"
)
FALLS = (
    r"(?<!the )(?<!this )(?<!last )(?<!next )fall|falls|fallen|falling|fell|drop(?:s|ped|ping)?|declin(?:es?|ed|ing)"
    r"|decreas\w*|shr(?:inks?|inking|ank|unk)|reduc\w*|lower(?:s|ed|ing)?|cut(?:s|ting)?|los(?:es?|ing|t)"
    r"|halv(?:es?|ed|ing)|plung(?:es?|ed|ing)|plummet(?:s|ed|ing)?|tumbl(?:es?|ed|ing)|slump(?:s|ed|ing)?|s[aiu]nks?|slid"
    r"|slips?|slipped|crash(?:es|ed|ing)?|fewer|smaller"
)
AMOUNT_NEXT = r"(?: (?:by|about|around|nearly|almost|over|some|roughly))* (?:an? )?[-−]?[$€£]?\d"
WENT = r"(?:goes|going|gone|go|went|is|are|was|were|been|came|comes?|moved?|moves|edged|ticked)"
SIDES = tuple(
    (axis, side, re.compile(rf"\b(?:{words})\b", re.IGNORECASE))
    for axis, *sides in (
        (
            AMOUNT,
            rf"{RISES}|up(?={AMOUNT_NEXT})|{WENT} up|(?<=[\d%] )more|(?<=percent )more",
            rf"{FALLS}|down(?={AMOUNT_NEXT})|{WENT} down|(?<=[\d%] )less|(?<=percent )less",
        ),
        *(axis for axis in AXES if axis[0] in {"speed", "price", "quality", "effort"}),
    )
    for side, words in enumerate(sides)
)
NO_DIRECTION = re.compile(  # bounds of a number, and times
    rf"\b(?:(?:(?:more|less|fewer|greater|higher|lower|larger|bigger|smaller) than|(?:up|down) to)(?={AMOUNT_NEXT})"
    r"|later\b|sooner\b)",
    re.IGNORECASE,
)
JOINT = re.compile(r"\s(?=(?:as|after|before|if|since|against|versus|vs|compared|than|with|yet|or)\s)", re.IGNORECASE)
STANDS_FOR = re.compile(
    r"\b(?:it|they|he|she|which|who|those|these|the (?:others?|rest|former|latter))\b", re.IGNORECASE
)
FRONTED = re.compile(
    r"^(?:(?:and|but|so|while|whereas|then|now|even|also|because|that|yet|or)\s+)*(?:in|at|on|for|by|with|without|since"
    r"|from|under|over|during|after|before|among|across|within|per|to|of|as|compared|against|versus|unlike|despite|until"
    r"|through|if|when)\b",
    re.IGNORECASE,
)
CARDINAL = re.compile(r"\b\d(?!\d*(?:st|nd|rd|th)\b)")
PERIOD = re.compile(r"\b(?:this|last|next) (?:year|month|week|quarter|decade)\b", re.IGNORECASE)
MEASURES = frozenset(lemma(word) for name in (*UNITS, *MULTIPLES) for word in words_in(name))
LONGEST_NAME = 4  # words that may stand before a comma or "and" without saying anything of their own
Side = tuple[str, int]  # an axis and one of its two directions


@dataclass(frozen=True, slots=True)
class Piece:
    """What states one thing.

    ``words`` are lemmas of what it speaks of, in order, and ``subject`` those before its figure or direction.
    ``has_subject``: it names what it speaks of, and first. ``sides``: the directions that it gives, one of an axis.
    """

    text: str
    words: tuple[str, ...]
    subject: tuple[str, ...]
    figures: tuple[Quantity, ...]
    sides: frozenset[Side]
    has_subject: bool

    def about(self, *but: Quantity) -> frozenset[str]:
        """Its words, and its other figures: "in 2020" tells two figures apart as well."""
        others = (f for f in self.figures if not any(is_same_amount(f, one) for one in but))
        return frozenset((*self.words, *(f"{f.value:g}" for f in others)))


@lru_cache(maxsize=512)
def pieces_of(text: str) -> Sequence[Piece]:
    """The pieces of a text, numbers in figures. One without words of its own ("up 3 percent", "it fell") has those of
    the piece before it, and one without a subject ("and fell in Europe") that of the piece before it.
    """
    pieces: list[Piece] = []
    before, is_new = None, False
    for part, border in _parts(as_figures(text)):
        piece = _piece(part, before if not is_new or STANDS_FOR.search(part) else None)
        pieces.append(piece)
        before, is_new = piece if piece.words else before, border[:1] in {".", "!", "?"}
    return pieces


def _parts(text: str) -> Iterator[tuple[str, str]]:
    """Stretches between borders and joints, each with the border behind it."""
    bits = BORDER.split(text)
    name = ""  # the first of several: "Paris, London and Rome grew by 3, 4 and 5 percent"
    for bit, border in zip(map(str.strip, bits[::2]), [*map(str.strip, bits[1::2]), "."], strict=True):
        whole, name = f"{name} {bit}".strip(), ""
        is_short = border in {"", ","} and len(bit.split()) <= LONGEST_NAME
        if is_short and not _states(whole) and not FRONTED.match(whole):
            name = whole
            continue
        held = ""
        for piece in JOINT.split(whole):
            if _states(held) and _states(piece) and content_words(piece):
                yield held, ""
                held = piece
            else:
                held = f"{held} {piece}".strip()
        if held:
            yield held, border


def _states(text: str) -> bool:
    return CARDINAL.search(text) is not None or bool(_directions(text))


def _directions(text: str) -> list[tuple[Side, int, int]]:
    """The directions in a piece, and from where to where they stand."""
    plain = NO_DIRECTION.sub(lambda match: " " * len(match[0]), text)
    return [((axis, side), *match.span()) for axis, side, words in SIDES for match in words.finditer(plain)]


def _piece(text: str, before: Piece | None) -> Piece:
    figures = tuple(q for q in quantities_in(text) if q.unit != ORDINAL and (q.value != 1 or q.unit))
    directions = _directions(text)
    sides = {side for side, *_ in directions}
    words = _words(text, {q.noun for q in figures if q.noun}, [(start, end) for _, start, end in directions])
    starts = [start for _, start, _ in directions] + [match.start() for match in CARDINAL.finditer(text)]
    subject = tuple(word for at, word in words if at < min(starts, default=len(text)))
    wholes = {q.whole for q in figures if q.whole}
    own = tuple(word for _, word in words if not subject or word not in wholes)
    is_named = bool(subject) or not wholes.isdisjoint(own[:1])  # "3 percent of adults smoke"
    is_open = STANDS_FOR.search(text) is not None or FRONTED.match(text) is not None
    if before and not own:
        own = before.words
    elif before and not is_named and not is_open:
        subject = before.subject
        own = (*subject, *own)
    clear = frozenset((axis, side) for axis, side in sides if (axis, 1 - side) not in sides)
    return Piece(text, own, subject, figures, clear, is_named and not is_open)


def _words(text: str, counted: Container[str], taken: Sequence[tuple[int, int]]) -> list[tuple[int, str]]:
    """Where words of meaning stand; units, what is ``counted`` and directions go with the figures and are left out."""
    found = [(match.start(), match[0].lower()) for match in PERIOD.finditer(text)]
    for match in WORD.finditer(text.replace("’", "'")):
        word = lemma(match[0])
        is_empty = len(word) < 2 or CARDINAL.match(word) or word in EMPTY or match[0].lower() in EMPTY
        if is_empty or word in MEASURES or word in counted:
            continue
        if not any(start <= match.start() < end for start, end in taken):
            found.append((match.start(), word))
    return sorted(found)
