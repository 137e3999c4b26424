"""Numbers in a wording: each must have been said, with its unit, rate, bound and range, as figure or in words."""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from digest_pipeline.claims.checks.lexis import lemmas_of
from digest_pipeline.claims.checks.numerals import (
    ABOUT,
    ABOVE,
    AT_LEAST,
    AT_MOST,
    BELOW,
    NEAR,
    ONWARD,
    ORDINAL,
    RATES,
    Quantity,
    quantities_in,
)
from digest_pipeline.claims.checks.units import AMBIGUOUS

BOUNDS_KEPT = {  # bound of the talk: those of a wording that say no more
    "": {"", ABOUT}, ABOUT: {"", ABOUT, NEAR}, NEAR: {NEAR, ABOUT, BELOW}, BELOW: {BELOW}, AT_MOST: {AT_MOST},
    ABOVE: {ABOVE, ONWARD}, AT_LEAST: {AT_LEAST, ONWARD}, ONWARD: {ONWARD, ABOVE, AT_LEAST},
}  # fmt: skip


def unsaid_quantity(wording: str, said: str) -> Quantity | None:
    """The first number of a wording that ``said`` does not have, or has of another unit, rate, bound or range."""
    worded, available = quantities_in(wording), _readings(quantities_in(said))
    talk = lemmas_of(said)
    for quantity in worded:
        if quantity.value == 1 and quantity.unit in {"", ORDINAL}:
            continue  # "one of the", "the first"
        if not any(_says(other, quantity, worded, available, talk) for other in available):
            return quantity
    return None


def _readings(quantities: Sequence[Quantity]) -> list[Quantity]:
    """The quantities, and neighbours read as one year: "twenty twenty four"."""
    years = [
        Quantity(a.value * 100 + b.value, "", f"{a.text} {b.text}")
        for a, b in pairwise(quantities)
        if a.value in {18, 19, 20} and 0 <= b.value < 100 and not a.unit
    ]
    return [*quantities, *years]


def _says(
    said: Quantity, worded: Quantity, others: Sequence[Quantity], available: Sequence[Quantity], talk: frozenset[str]
) -> bool:
    """Whether a quantity of the talk bears one of the wording; ``others`` are all numbers of the wording."""
    return (
        _is_equal(said, worded, available, others)
        and worded.bound in BOUNDS_KEPT[said.bound]
        and (said.other_end is None or any(said.other_end == other.value for other in others))
        and (not worded.rate or worded.rate == said.rate or (not said.rate and _names_rate(talk, worded.rate)))
        and not _counts_other(said, worded, available, talk)
        and not _leads_elsewhere(said, worded)
    )


def _is_equal(said: Quantity, worded: Quantity, available: Sequence[Quantity], others: Sequence[Quantity]) -> bool:
    """Equal in value and unit; either text may leave the unit to another number: "ten, not twelve dollars"."""
    a, b = _as_share(worded), _as_share(said)
    if a.unit == b.unit or a.unit in AMBIGUOUS.get(b.unit, ()) or b.unit in AMBIGUOUS.get(a.unit, ()):
        return math.isclose(a.value, b.value)
    is_left_out = _leaves_out(said, worded.unit, available) or _leaves_out(worded, said.unit, others)
    return is_left_out and worded.value == said.value


def _leaves_out(quantity: Quantity, unit: str, others: Sequence[Quantity]) -> bool:
    return not quantity.unit and not quantity.noun and any(other.unit == unit for other in others)


def is_same_amount(one: Quantity, other: Quantity) -> bool:
    """Whether two numbers are equal in value and unit, where both have one."""
    if not one.unit or not other.unit:
        return one.value == other.value
    a, b = _as_share(one), _as_share(other)
    return a.unit == b.unit and math.isclose(a.value, b.value)


def _counts_other(said: Quantity, worded: Quantity, available: Sequence[Quantity], talk: frozenset[str]) -> bool:
    """Whether the numbers count different things: one that is not in the talk, or that another number counts there."""
    if not said.noun or not worded.noun or said.noun == worded.noun:
        return False
    return worded.noun not in talk or any(q.noun == worded.noun and q.value != worded.value for q in available)


def _leads_elsewhere(said: Quantity, worded: Quantity) -> bool:
    """Whether "by forty percent" has become "to forty percent", or the other way round."""
    is_amount = bool(worded.unit) and worded.unit != ORDINAL and not worded.whole and said.other_end is None
    return is_amount and {said.way, worded.way} == {"by", "to"}


def _names_rate(talk: frozenset[str], rate: str) -> bool:
    return any(RATES.get(word) == rate for word in talk)


def _as_share(quantity: Quantity) -> Quantity:
    return replace(quantity, value=quantity.value / 100, unit="share") if quantity.unit == "percent" else quantity
