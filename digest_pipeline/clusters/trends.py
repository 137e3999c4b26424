"""Whether a theme is rising, steady or fading: its recent days against its own past, and how sure that is.

An episode speaks of a theme or does not, however many claims it makes of it: five claims of one talk are one mention.
With r of R episodes in the recent days and e of E in those before, and nothing known beforehand (Jeffreys' prior), the
share of all mentions that are recent is Beta(r + 1/2, e + 1/2), and the theme has grown where that exceeds R / (R + E):
the conditional comparison of two Poisson rates, where a day with twice the episodes has twice the chances.

Source: Przyborowski & Wilenski 1940 (the condition); Brown, Cai & DasGupta 2001 (Jeffreys' interval).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

RECENT_DAYS = 7
LEAST_MENTIONS = 5  # episodes of the theme, recent and earlier together
LEAST_PAST = 10  # episodes of any theme in the earlier days: less is no past to compare with
SURE = 0.975  # probability from which a trend is called: one theme in forty is, by chance, on either side
RISING, STEADY, FADING, UNKNOWN = "rising", "steady", "fading", "too little evidence"


@dataclass(frozen=True, slots=True)
class Trend:
    """Episodes that spoke of a theme and that could have, recently and earlier, and what follows.

    ``growth`` is the theme's share of episodes, recent over earlier (halves added, so that none is infinite);
    ``probability`` that it has grown. Both are ``None`` with too little evidence.
    """

    recent_episodes: int
    recent_scanned: int
    earlier_episodes: int
    earlier_scanned: int
    growth: float | None
    probability: float | None
    trend: str


def trend_of(theme_days: Mapping[date, int], all_days: Mapping[date, int], day: date) -> Trend:
    """The trend of a theme on ``day``.

    Args:
        theme_days: episodes that spoke of it by the day they came.
        all_days: episodes with a usable claim by day, over the whole window.
        day: the last of the ``RECENT_DAYS``.
    """
    from scipy.stats import beta

    border = day - timedelta(days=RECENT_DAYS)
    recent, recent_all = _after(theme_days, border), _after(all_days, border)
    earlier, earlier_all = sum(theme_days.values()) - recent, sum(all_days.values()) - recent_all
    if recent + earlier < LEAST_MENTIONS or earlier_all < LEAST_PAST or not recent_all:
        return Trend(recent, recent_all, earlier, earlier_all, None, None, UNKNOWN)
    growth = ((recent + 0.5) / recent_all) / ((earlier + 0.5) / earlier_all)
    probability = float(beta.sf(recent_all / (recent_all + earlier_all), recent + 0.5, earlier + 0.5))
    trend = RISING if probability >= SURE else FADING if probability <= 1 - SURE else STEADY
    return Trend(recent, recent_all, earlier, earlier_all, growth, probability, trend)


def _after(days: Mapping[date, int], border: date) -> int:
    return sum(count for day, count in days.items() if day > border)
