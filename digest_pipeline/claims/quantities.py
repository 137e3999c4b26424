"""Numbers in a wording: each must have been said, with its unit, as figure or in words."""

import math
import re
from dataclasses import dataclass
from itertools import pairwise

from text_to_num import alpha2digit

MULTIPLES = {
    "thousand": 1e3, "k": 1e3, "million": 1e6, "m": 1e6, "mn": 1e6, "billion": 1e9, "bn": 1e9, "b": 1e9, "trillion": 1e12,
    "hundred": 1e2,
}  # fmt: skip
UNITS = {
    "%": "percent", "percent": "percent", "per cent": "percent", "percentage points": "points", "percentage point": "points",
    "$": "dollar", "dollar": "dollar", "dollars": "dollar", "bucks": "dollar", "usd": "dollar",
    "€": "euro", "euro": "euro", "euros": "euro", "£": "pound", "pound": "pound", "pounds": "pound",
    "cent": "cent", "cents": "cent", "ms": "millisecond", "millisecond": "millisecond", "milliseconds": "millisecond",
    "s": "second", "second": "second", "seconds": "second", "sec": "second", "minute": "minute", "minutes": "minute",
    "min": "minute", "hour": "hour", "hours": "hour", "day": "day", "days": "day", "week": "week", "weeks": "week",
    "month": "month", "months": "month", "year": "year", "years": "year", "decade": "decade", "decades": "decade",
    "kb": "kilobyte", "kilobytes": "kilobyte", "mb": "megabyte", "megabyte": "megabyte", "megabytes": "megabyte",
    "gb": "gigabyte", "gig": "gigabyte", "gigs": "gigabyte", "gigabyte": "gigabyte", "gigabytes": "gigabyte",
    "tb": "terabyte", "terabyte": "terabyte", "terabytes": "terabyte", "kw": "kilowatt", "kilowatts": "kilowatt",
    "mw": "megawatt", "megawatt": "megawatt", "megawatts": "megawatt", "gw": "gigawatt", "gigawatt": "gigawatt",
    "gigawatts": "gigawatt", "meter": "metre", "meters": "metre", "metre": "metre", "metres": "metre", "km": "kilometre",
    "kilometers": "kilometre", "kilometres": "kilometre", "mile": "mile", "miles": "mile", "degree": "degree",
    "degrees": "degree", "times": "times", "x": "times", "fold": "times",
}  # fmt: skip
WORDS = {  # (value, unit) that a single word says
    "half": (0.5, "share"), "third": (1 / 3, "share"), "quarter": (0.25, "share"), "twice": (2.0, "times"),
    "double": (2.0, "times"), "doubled": (2.0, "times"), "doubles": (2.0, "times"), "doubling": (2.0, "times"),
    "triple": (3.0, "times"), "tripled": (3.0, "times"), "thrice": (3.0, "times"), "halved": (0.5, "share"),
    "halves": (0.5, "share"), "dozen": (12.0, ""), "dozens": (12.0, ""),
}  # fmt: skip
_UNIT = "|".join(sorted((re.escape(u) for u in UNITS if u not in "$€£"), key=len, reverse=True))
QUANTITY = re.compile(
    rf"(?P<sign>(?<![\w-])[-−](?=\d))?(?P<currency>[$€£])?\s?(?P<number>\d[\d,]*(?:\.\d+)?)(?P<ordinal>st|nd|rd|th)?"
    rf"(?P<multiples>(?:\s?(?:{'|'.join(MULTIPLES)})\b|\s1(?:0{{2,}})\b)*)"
    rf"[\s-]?(?P<unit>(?:{_UNIT})(?![^\W_]))?",
    re.IGNORECASE,
)
SINGLE = re.compile(rf"\b(?:{'|'.join(WORDS)})\b", re.IGNORECASE)
ORDINAL = "ordinal"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit, "" where it has none; ``text`` is how a reader would write it."""

    value: float
    unit: str
    text: str


def quantities_in(text: str) -> list[Quantity]:
    """Numbers of a text, spoken ones included ("two point five million dollars").

    Example:
        >>> [(q.value, q.unit) for q in quantities_in("forty percent of $2.5 million, twice")]
        [(40.0, 'percent'), (2500000.0, 'dollar'), (2.0, 'times')]
    """
    found = []
    digits = alpha2digit(re.sub(r"(?<=[a-z])-(?=[a-z])", " ", text), "en", threshold=0)
    for match in QUANTITY.finditer(digits):
        value = float(match["number"].replace(",", "").rstrip("."))
        for factor in match["multiples"].split():
            value *= float(factor) if factor.isdigit() else MULTIPLES[factor.lower()]
        unit = ORDINAL if match["ordinal"] else UNITS.get((match["unit"] or "").lower(), "")
        unit = UNITS[match["currency"]] if match["currency"] else unit
        value = -value if match["sign"] else value
        found.append(Quantity(value, unit, f"{value:,.0f} {unit}" if match["multiples"] else match[0].strip()))
    found += [Quantity(*WORDS[match[0].lower()], match[0]) for match in SINGLE.finditer(text)]
    return found


def unsaid_quantity(wording: str, said: str) -> Quantity | None:
    """The first number of a wording that ``said`` does not have, or has with another unit."""
    worded, available = quantities_in(wording), _readings(quantities_in(said))
    for quantity in worded:
        if quantity.value == 1 and quantity.unit in {"", ORDINAL}:
            continue  # "one of the", "the first"
        if not any(_same(quantity, other, worded, available) for other in available):
            return quantity
    return None


def _readings(quantities: list[Quantity]) -> list[Quantity]:
    """The quantities, and neighbours read as one year: "twenty twenty four"."""
    years = [
        Quantity(a.value * 100 + b.value, "", f"{a.text} {b.text}")
        for a, b in pairwise(quantities)
        if a.value in {18, 19, 20} and 0 <= b.value < 100 and not a.unit
    ]
    return [*quantities, *years]


def _same(worded: Quantity, said: Quantity, wording: list[Quantity], available: list[Quantity]) -> bool:
    """Equal in value and unit; a unit may be left to a neighbour, as in "from forty to sixty percent"."""
    a, b = _as_share(worded), _as_share(said)
    if a.unit == b.unit:
        return math.isclose(a.value, b.value)
    return worded.value == said.value and _left_to_neighbour(worded, said, wording, available)


def _left_to_neighbour(worded: Quantity, said: Quantity, wording: list[Quantity], available: list[Quantity]) -> bool:
    if not worded.unit:
        return any(q.unit == said.unit for q in wording)
    return not said.unit and any(q.unit == worded.unit for q in available)


def _as_share(quantity: Quantity) -> Quantity:
    return Quantity(quantity.value / 100, "share", quantity.text) if quantity.unit == "percent" else quantity
