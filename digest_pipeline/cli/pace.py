"""How long the rest of a range of days will take."""

import time
from collections import deque
from collections.abc import Callable
from datetime import timedelta

RECENT_DAYS = 7  # a week has quiet days and full ones; days that were done before take next to nothing


class Pace:
    """Tells after each day of a range how long the others will take, at the pace of the last ones.

    Args:
        days: of the whole range.
        clock: gives seconds.

    Example:
        >>> seconds = iter([0.0, 60.0, 180.0])
        >>> pace = Pace(10, lambda: next(seconds))
        >>> pace.after_day()
        'about 0:09:00 left'
        >>> pace.after_day()
        'about 0:12:00 left'
    """

    def __init__(self, days: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._left, self._clock = days, clock
        self._ends = deque([clock()], maxlen=RECENT_DAYS + 1)

    def after_day(self) -> str:
        """In words, when another day is done."""
        self._left -= 1
        self._ends.append(self._clock())
        each = (self._ends[-1] - self._ends[0]) / (len(self._ends) - 1)
        return f"about {timedelta(seconds=round(each * self._left))} left" if self._left else "done"
