"""Numbers as they are said and written, with what they count: unit or noun, rate, bound and range. English."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from text_to_num import alpha2digit

from digest_pipeline.claims.checks.lexis import EMPTY, lemma
from digest_pipeline.claims.checks.units import UNITS

MULTIPLES = {
    "thousand": 1e3, "k": 1e3, "million": 1e6, "m": 1e6, "mn": 1e6, "billion": 1e9, "bn": 1e9, "b": 1e9,
    "trillion": 1e12, "hundred": 1e2,
}  # fmt: skip
WORDS = {  # (value, unit) that a single word says
    "half": (0.5, "share"), "third": (1 / 3, "share"), "quarter": (0.25, "share"), "twice": (2.0, "times"),
    "double": (2.0, "times"), "doubled": (2.0, "times"), "doubles": (2.0, "times"), "doubling": (2.0, "times"),
    "triple": (3.0, "times"), "tripled": (3.0, "times"), "triples": (3.0, "times"), "tripling": (3.0, "times"),
    "thrice": (3.0, "times"), "quadruple": (4.0, "times"), "quadrupled": (4.0, "times"), "quintupled": (5.0, "times"),
    "halved": (0.5, "share"), "halves": (0.5, "share"), "dozen": (12.0, ""), "dozens": (12.0, ""),
}  # fmt: skip
BELOW, ABOVE, NEAR, ABOUT = "below", "above", "near", "about"
AT_MOST, AT_LEAST = "at most", "at least"
ONWARD = "onward"  # "80 plus": above, or at least
_BOUND = re.compile(  # right before a number
    r"\b(?:(?P<at_most>(?:no|not) (?:more|greater|higher|larger) than|up to|at (?:the )?most|a maximum of)"
    r"|(?P<at_least>(?:no|not) (?:less|fewer|lower|smaller) than|at (?:the )?(?:very )?least|a minimum of)"
    r"|(?P<below>under|below|(?:less|fewer|lower|smaller) than|short of)|(?P<onward>upwards? of)"
    r"|(?P<above>over|above|(?:more|greater|higher|larger) than|north of|beyond|(?<!the )past|exceed(?:s|ed|ing)?)|(?P<near>nearly|almost|close to|approaching|not quite)"
    r"|(?P<about>about|around|roughly|approximately|some|like|maybe|perhaps))(?: an?)? $",
    re.IGNORECASE,
)
_BOUND_AFTER = re.compile(
    r"^\s?(?:(?P<onward>\+|-?plus\b)|(?P<at_least>or (?:more|higher|above)\b)|(?P<at_most>or (?:less|fewer|lower|under|below)\b))",
    re.IGNORECASE,
)
RATES = {  # what a quantity is counted by
    **UNITS, "hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month", "quarter": "quarter",
    "quarterly": "quarter", "yearly": "year", "annual": "year", "annually": "year", "person": "person", "capita": "person",
}  # fmt: skip
_RATE = re.compile(
    r"^(?:\s+(?!(?:in|within|over|after|for|with|by)\b)[^\W\d]+){0,4}?"
    r"(?:\s*/\s?|\s+(?:per|each|every)\s+|\s+an?\s+(?!person)|\s+(?=\w+ly\b))"
    rf"(?P<rate>{'|'.join(sorted(map(re.escape, RATES), key=len, reverse=True))})\b(?! (?:later|ago|after|before|and a half)\b)",
    re.IGNORECASE,
)
_UNIT = "|".join(sorted((re.escape(u) for u in UNITS if u not in "$€£"), key=len, reverse=True))
_NUMBER = re.compile(
    rf"(?P<sign>(?<![\w-])[-−](?=[$€£]?\d))?(?P<currency>[$€£])?\s?(?P<number>\d[\d,]*(?:\.\d+)?)"
    rf"(?:(?P<ordinal>st|nd|rd|th)|(?P<era>(?<=\d\d\d0)s(?!\w)))?"
    rf"(?P<multiples>(?:\s?(?:{'|'.join(MULTIPLES)})\b|\s1(?:0{{2,}})\b)*)"
    rf"(?:[\s-]?(?P<unit>(?:{_UNIT})(?![^\W_])))?",
    re.IGNORECASE,
)
SINGLE = re.compile(rf"(?<!and a )\b(?:{'|'.join(WORDS)})\b", re.IGNORECASE)
_LARGE = r"(?:dozen|hundred|thousand|million|billion|trillion)\b"
_PARTS = (  # parts of a large number in words, as figures
    (re.compile(rf"\b(?:three|3) quarters of an? (?={_LARGE})", re.IGNORECASE), "0.75 "),
    (re.compile(rf"\b(?:an? |one )?quarter (?:of )?an? (?={_LARGE})", re.IGNORECASE), "0.25 "),
    (re.compile(rf"\b(?:one )?half (?:of )?an? (?={_LARGE})", re.IGNORECASE), "0.5 "),
    (re.compile(rf"\b(?:an? |one )({_LARGE}) and a half\b", re.IGNORECASE), r"1.5 \1"),
    (re.compile(r"\b(0\.25|0\.5|0\.75|1\.5) dozen\b", re.IGNORECASE), lambda m: f"{float(m[1]) * 12:g}"),
    (re.compile(r"\b(per|each|every) second\b", re.IGNORECASE), r"\1 sec"),  # else it is read as "2nd"
)
_AND_A_HALF = re.compile(r"(?<![\d.,])(\d+) and a half\b")
_MINUS = re.compile(r"\b(?:minus|negative) (?=[$€£]?\d)", re.IGNORECASE)
_TO = re.compile(
    r"^(?:\s*(?:to|or|and|up|down|all|the|way|maybe|even|like|about|around|[-–])(?=\s|$)|\s*[-–]$)+\s*$", re.IGNORECASE
)
_OF = re.compile(r"^ (?:out )?(?:of|in)(?: the| every)?\s?$", re.IGNORECASE)  # "two of the twelve"
_OF_WHAT = re.compile(
    r"\s+of\s+(?:(?:all|an?|the|each|every|these|those|this|that|our|their|its|his|her|my|your)\s+)*(?P<whole>[^\W\d]\w*)",
    re.IGNORECASE,
)
_FROM = re.compile(r"\bfrom(?: \w+)? $", re.IGNORECASE)
_WAY = re.compile(r"(?<!\bup )\b(by|to)(?: (?:about|around|roughly|almost|nearly|only|just))?\s?$", re.IGNORECASE)
_BETWEEN = re.compile(r"\bbetween(?: \w+)? $", re.IGNORECASE)
_LABELLED = re.compile(r"(?:-|\b[A-Z]\w* )$")  # "GPT-4", "Python 3": no count of what follows
ORDINAL, ERA = "ordinal", "era"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit, "" where it has none; ``text`` is how a reader would write it.

    ``noun`` is the word of meaning that follows where there is no unit, ``whole`` what it is a part of ("percent of the
    users"), ``rate`` what it is counted by ("a month"), ``bound`` what stands before it ("below" for "up to"), ``way``
    "by" or "to" right before it, ``other_end`` the other number of "ten to twenty", and ``begin`` the number that it
    came from in "from ten to twenty".
    """

    value: float
    unit: str
    text: str
    noun: str = ""
    whole: str = ""
    rate: str = ""
    bound: str = ""
    way: str = ""
    other_end: float | None = None
    begin: float | None = None


def quantities_in(text: str) -> list[Quantity]:
    """Numbers of a text, spoken ones included ("two point five million dollars").

    Example:
        >>> [(q.value, q.unit) for q in quantities_in("forty percent of $2.5 million, twice")]
        [(40.0, 'percent'), (2500000.0, 'dollar'), (2.0, 'times')]
    """
    words = _with_whole_parts(text)
    singles = [
        Quantity(
            *WORDS[match[0].lower()],
            match[0],
            whole=_whole(words[match.end() :]),
            bound=_bound(words, match.start(), match.end()),
        )
        for match in SINGLE.finditer(words)
    ]
    return [*_figures(as_figures(text)), *singles]


def as_figures(text: str) -> str:
    """A text with its spoken numbers in figures."""
    digits = alpha2digit(_with_whole_parts(text), "en", threshold=0)
    return _MINUS.sub("-", _AND_A_HALF.sub(r"\1.5", digits))


def _with_whole_parts(text: str) -> str:
    words = re.sub(r"(?<=[a-z])-(?=[a-z])", " ", text)
    for part, figure in _PARTS:
        words = part.sub(figure, words)
    return words


def _figures(text: str) -> Iterator[Quantity]:
    matches = list(_NUMBER.finditer(text))
    found = [_figure(match, text) for match in matches]
    for i, (one, other) in enumerate(pairwise(matches)):
        gap, before = text[one.end() : other.start()], text[max(0, one.start() - 40) : one.start()].rstrip() + " "
        is_between = _BETWEEN.search(before) is not None
        if _OF.match(gap) and not _is_year(found[i + 1]):
            found[i + 1] = replace(found[i + 1], other_end=found[i].value)
        if not _TO.match(gap) or ("and" in gap.split() and not is_between):
            continue
        first, last = found[i], replace(found[i + 1], bound="")
        scale = _scale(other, last.value)
        if not (one["multiples"] or one["unit"] or first.noun) and first.value < last.value / scale:
            first = replace(first, value=first.value * scale)
        if not (_is_year(first) or _is_year(last)):
            first = replace(first, unit=first.unit or last.unit)
            last = last if last.noun else replace(last, unit=last.unit or first.unit)
        first = replace(first, rate=first.rate or last.rate)
        if _FROM.search(before):
            last = replace(last, begin=first.value)
        else:
            first, last = replace(first, other_end=last.value), replace(last, other_end=first.value)
        found[i : i + 2] = [first, last]
    yield from found


def _scale(match: re.Match[str], value: float) -> float:
    """What the first number of "two to three million" leaves to the second: a million; 1: nothing."""
    if match["multiples"] or "," in match["number"]:
        return _factor(match)
    return next((scale for scale in (1e12, 1e9, 1e6, 1e3) if value % scale == 0 < value), 1.0)


def _factor(match: re.Match[str]) -> float:
    factors = match["multiples"].split()
    return math.prod(float(factor) if factor.isdigit() else MULTIPLES[factor.lower()] for factor in factors)


def _figure(match: re.Match[str], text: str) -> Quantity:
    value = float(match["number"].replace(",", "")) * _factor(match)
    unit = ORDINAL if match["ordinal"] else ERA if match["era"] else UNITS.get((match["unit"] or "").lower(), "")
    unit = UNITS[match["currency"]] if match["currency"] else unit
    value = -value if match["sign"] else value
    written = f"{value:,.0f} {unit}" if match["multiples"] else match[0].strip()
    rate = _RATE.match(text[match.end() :])
    quantity = Quantity(
        value,
        unit,
        written,
        whole=_whole(text[match.end() :]),
        rate=RATES[rate["rate"].lower()] if rate else "",
        bound=_bound(text, match.start(), match.end()),
        way=way[1].lower() if (way := _WAY.search(text[: match.start()])) else "",
    )
    is_label = _is_year(quantity) or _LABELLED.search(text[: match.start("number")])
    follows = re.match(r"\s+([^\W\d]\w*)", text[match.end() :])
    if unit or is_label or not follows or follows[1].lower() in EMPTY:
        return quantity
    return replace(quantity, noun=lemma(follows[1]))


def _whole(follows: str) -> str:
    found = _OF_WHAT.match(follows)
    return lemma(found["whole"]) if found and found["whole"].lower() not in EMPTY else ""


def _bound(text: str, start: int, end: int) -> str:
    found = _BOUND.search(f"{text[max(0, start - 40) : start].rstrip()} ") or _BOUND_AFTER.match(text[end:])
    return next((name.replace("_", " ") for name, words in found.groupdict().items() if words), "") if found else ""


def _is_year(quantity: Quantity) -> bool:
    return not quantity.unit and 1700 <= quantity.value <= 2100 and "," not in quantity.text and quantity.value % 1 == 0
