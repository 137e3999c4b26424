"""A theme over time as a small drawing: a bar for each day, week or four weeks, of the claims made in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil

WIDTH, HEIGHT = 640, 120
MOST_BARS = 60
WIDEST_BAR = 36.0
SPANS = {1: "day", 7: "week", 28: "four weeks"}  # in days, of a bar


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
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def claims(self) -> int:
        """Claims in all bars."""
        return sum(bar.claims for bar in self.bars)


def timeline(claims: Mapping[date, int]) -> Timeline:
    """Lay out the claims of each day, of which there is at least one."""
    first, last = min(claims), max(claims)
    days = (last - first).days + 1
    span = next((span for span in SPANS if ceil(days / span) <= MOST_BARS), max(SPANS))
    counts = [0] * ceil(days / span)
    for day, number in claims.items():
        counts[(day - first).days // span] += number
    step, most = WIDTH / len(counts), max(counts)
    width = min(step * 0.8, WIDEST_BAR)
    bars = [
        Bar(
            first + timedelta(days=place * span), number, round(place * step + (step - width) / 2, 2),
            round(HEIGHT * (1 - number / most), 2), round(width, 2), round(HEIGHT * number / most, 2),
        )
        for place, number in enumerate(counts)
    ]  # fmt: skip
    return Timeline(tuple(bars), SPANS[span], most)
