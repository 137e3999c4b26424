"""A theme over time as a small drawing: a bar for each day, week or four weeks, of the claims made in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil

MOST_BARS = 60
WIDEST_BAR = 36.0
WIDTHS = {1: "day", 7: "week", 28: "four weeks"}


@dataclass(frozen=True, slots=True)
class Bar:
    """One column: what it counts, and its shape in a drawing of ``Timeline.width`` by ``Timeline.height``."""

    first: date
    claims: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """Bars from the first day to the last, in units of the drawing. ``unit`` is what a bar spans."""

    bars: tuple[Bar, ...]
    unit: str
    most: int
    width: int = 640
    height: int = 120

    @property
    def claims(self) -> int:
        """Claims in all bars."""
        return sum(bar.claims for bar in self.bars)


def timeline(claims: Mapping[date, int]) -> Timeline:
    """Lay out the claims of each day, of which there is at least one."""
    first, last = min(claims), max(claims)
    days = (last - first).days + 1
    span = next((width for width in WIDTHS if ceil(days / width) <= MOST_BARS), max(WIDTHS))
    counts = [0] * ceil(days / span)
    for day, number in claims.items():
        counts[(day - first).days // span] += number
    empty = Timeline((), WIDTHS[span], max(counts))
    step = empty.width / len(counts)
    width = min(step * 0.8, WIDEST_BAR)
    bars = [
        Bar(
            first + timedelta(days=place * span), number, round(place * step + (step - width) / 2, 2),
            round(empty.height * (1 - number / empty.most), 2), round(width, 2),
            round(empty.height * number / empty.most, 2),
        )
        for place, number in enumerate(counts)
    ]  # fmt: skip
    return Timeline(tuple(bars), empty.unit, empty.most)
