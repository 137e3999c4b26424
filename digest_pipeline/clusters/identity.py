"""A theme keeps its id while it lives: today's clusters are matched with the last day's by the claims they share."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date

from digest_pipeline.models import stable_id

SAME_THEME_SHARE = 0.34  # of the smaller side's claims that both sides know


def assign_ids(groups: Sequence[Sequence[str]], before: Mapping[str, str], day: date) -> list[str]:
    """An id for each group of claim ids.

    Args:
        groups: today's themes as claim ids.
        before: claim id to theme id on the last day that was clustered.
        day: today, part of a new theme's id.

    Returns:
        Ids in the order of ``groups``. A theme passes its id on once: to the group with which it shares most.
    """
    sizes = Counter(before.values())
    overlaps = []
    for row, group in enumerate(groups):
        known = [before[claim] for claim in group if claim in before]
        for theme, shared in Counter(known).items():
            if shared / min(len(known), sizes[theme]) >= SAME_THEME_SHARE:
                overlaps.append((-shared, theme, row))
    ids: dict[int, str] = {}
    for _, theme, row in sorted(overlaps):
        if row not in ids and theme not in ids.values():
            ids[row] = theme
    return [ids.get(row) or stable_id("th", day.isoformat(), *sorted(group)) for row, group in enumerate(groups)]
