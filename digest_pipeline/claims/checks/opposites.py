"""Whether two clauses say opposite things of the same: safe and unsafe, faster and slower, in and out. English."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from digest_pipeline.claims.checks.lexis import EMPTY, lemma, lemmas_of, words_in

# The sides of a row are apart by "/"; other forms of a word ("bigger", "opened", "slowly") go without saying. What
# denies by itself (``polarity.NEGATION``) and verbs that tell a deed from either end ("send", "receive") are left out.
_OPPOSITES = """
more / less fewer; most / least; majority / minority; high / low; long / short; large big huge / small tiny
deep / shallow; wide broad / narrow; thick / thin; tight / loose; full / empty; heavy / light; strong / weak
top / bottom; fast quick rapid / slow; early / late; first initial / last final; new newer modern / old ancient
young / old; summer / winter; before / after since; above / below; internal / external
north northern / south southern; east eastern / west western
cheap affordable / expensive costly pricey dear; rich wealthy / poor; hard / soft
easy simple / hard difficult complex complicated; simplify / complicate; hot warm / cold cool; wet / dry
good better best great excellent awesome / bad worse worst poor terrible awful; safe secure / dangerous risky
healthy / sick ill; clean / dirty; positive / negative; common / rare; guilty / innocent; gain / lose lost loss
rise rose risen raise increase grow grew grown growth climb soar surge double triple
 / fall fell fallen drop decrease decline shrink shrank reduce cut plunge halve
strengthen / weaken; lengthen / shorten; widen / narrow; tighten / loosen; accelerate / slow
maximum maximize / minimum minimize; profit / loss; surplus / deficit; asset / liability; supply / demand
win won winner succeed success pass / lose lost loser fail failure; praise / criticize criticise; attract / repel
allow permit approve accept legalize pass / ban prohibit forbid forbade block reject veto outlaw refuse
include / exclude except; add / remove delete; support favor favour back / oppose; for / against; friend / enemy
buy bought buyer purchase / sell sold seller; import importer / export exporter; lender / borrower
landlord / tenant; employer / employee; sender / receiver recipient; hire recruit / fire dismiss; senior / junior
man men male boy husband / woman women female girl wife wives; open opening / close closure shut proprietary
start begin began begun establish / end finish abolish; arrive enter join / leave left quit exit
cause / prevent cure; create build built / destroy demolish; remember / forget forgot; wholesale / retail
public / private; domestic / foreign; rural / urban; remote / local; static / dynamic; manual / automatic
optional voluntary / mandatory compulsory; temporary / permanent; centralized / decentralized; client / server
bullish / bearish; synchronous / asynchronous
"""
DENYING = ("un", "in", "il", "im", "ir", "dis", "non")
PAIRED = (("over", "under"), ("up", "down"), ("in", "out"), ("pre", "post"), ("front", "back"), ("en", "de"))
ENDINGS = ("s", "es", "d", "ed", "ing", "r", "er", "st", "est", "ly")
# No other form of these is meant: "it lasts" has nothing to do with "the first", nor "goods" with "bad".
_AS_IT_IS = frozenset({"first", "last", "good", "for"})
_GOES = re.compile(r"\b(?:goes|going|gone|go|went|is|are|was|were|comes?|came|moves?|moved) (up|down)\b", re.IGNORECASE)
_LESS = re.compile(r"\bless (\w+)", re.IGNORECASE)
_THAN = re.compile(r"^(.*)\bthan\b(.*)$", re.IGNORECASE)
Pair = tuple[frozenset[str], frozenset[str]]
Side = tuple[int, int]  # a row and one of its two sides


def is_opposite(one: str, other: str, beside: Iterable[str] = ()) -> bool:
    """Whether a word of one clause is denied by a word of the other: safe and unsafe, win and lose.

    "A is cheaper than B" and "B is dearer than A" are not opposite: what is turned twice stays as it was. Nor is a side
    that is said of it ``beside`` the other clause: "sales fell in May and rose in June".
    """
    mine, theirs = lemmas_of(one), lemmas_of(other)
    mine, theirs = mine - theirs, theirs - mine
    prefixed = sum(f"{prefix}{a}" in b for a, b in _crosswise(mine, theirs) if len(a) > 3 for prefix in DENYING)
    paired = sum(_are_paired(a, b) for a in mine for b in theirs)
    exchanged = are_exchanged(_compared(one), _compared(other))
    return (prefixed + paired + len(_turned(one, other) - _sides(*beside)) + exchanged) % 2 == 1


def is_converse(one: str, other: str) -> bool:
    """Whether a comparison is told from its other end: "B is dearer than A" for "A is cheaper than B"."""
    return bool(_turned(one, other)) and are_exchanged(_compared(one), _compared(other))


def are_exchanged(worded: Iterable[Pair], talk: Sequence[Pair]) -> bool:
    """Whether two sides have changed places, against those of the talk that share most with them."""
    for left, right in worded:
        before, after = max(
            talk, key=lambda pair: len((left | right) & (pair[0] | pair[1])), default=(frozenset(), frozenset())
        )
        straight, crossed = len(left & before) + len(right & after), len(left & after) + len(right & before)
        if (left & after and right & before) or crossed > straight:
            return True
    return False


def pair_of(one: str, other: str) -> Pair:
    """The words of two sides; a word of both tells nothing."""
    left, right = (
        frozenset(lemma(word) for word in words_in(side) if word.lower() not in EMPTY) for side in (one, other)
    )
    return left - right, right - left


def without_sides(words: Iterable[str]) -> frozenset[str]:
    """The words that have no opposite here."""
    return frozenset(word for word in words if word not in _SIDES)


def _compared(text: str) -> list[Pair]:
    found = _THAN.search(text)
    return [pair_of(found[1], found[2])] if found else []


def _turned(one: str, other: str) -> set[Side]:
    """The sides of one clause of which the other has the opposite alone, in words that they do not share."""
    mine, theirs = _words(one), _words(other)
    here, there = _sides(*(mine - theirs)), _sides(*(theirs - mine))
    return {
        (row, side)
        for row, side in here
        if (row, 1 - side) in there and (row, 1 - side) not in here and (row, side) not in there
    }


def sides_of(word: str) -> set[Side]:
    """The rows of opposites that have a word, and on which side."""
    return _SIDES.get(word.lower(), set())


def _sides(*texts: str) -> set[Side]:
    return {side for text in texts for word in _words(text) for side in sides_of(word)}


def _words(text: str) -> set[str]:
    moved = _GOES.sub(lambda found: "rose" if found[1].lower() == "up" else "fell", text)
    return {word.lower() for word in words_in(_LESS.sub(_turn, moved))}


def _turn(found: re.Match[str]) -> str:
    """What "less hard" says: "soft". One word for it, since what is turned twice stays as it was."""
    row, side = min(_SIDES.get(found[1].lower(), {(-1, 0)}))
    return next((word for word, known in _SIDES.items() if (row, 1 - side) in known), found[0])


def _are_paired(one: str, other: str) -> bool:
    pairs = ((x, y, a, b) for x, y in ((one, other), (other, one)) for a, b in PAIRED)
    return any(x == a + (rest := x.removeprefix(a)) and y == b + rest and len(rest) > 2 for x, y, a, b in pairs)


def _crosswise(mine: frozenset[str], theirs: frozenset[str]) -> list[tuple[str, frozenset[str]]]:
    return [*((word, theirs) for word in mine), *((word, mine) for word in theirs)]


def _forms(word: str) -> list[str]:
    """A word, and whatever its other forms might be; those that do not exist do no harm."""
    stems = {word, word.removesuffix("e"), f"{word}{word[-1]}", f"{word[:-1]}i" if word.endswith("y") else word}
    forms = {f"{stem}{end}" for stem in stems for end in ENDINGS}
    return [word, *sorted(forms - EMPTY)] if word not in _AS_IT_IS else [word]


def _table() -> Mapping[str, set[Side]]:
    sides: defaultdict[str, set[Side]] = defaultdict(set)
    for row, line in enumerate(re.split(r";|\n(?! )", _OPPOSITES.strip())):
        for side, words in enumerate(line.split("/")):
            for word in words.split():
                for form in _forms(word):
                    sides[form].add((row, side))
    return sides


_SIDES = _table()
