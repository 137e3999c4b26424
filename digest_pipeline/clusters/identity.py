"""A theme keeps its id while it lives: today's clusters are matched with the themes of the days before by the claims
that they share, and where none are left to share by their centroids. What happened to a theme is an event with a date.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from digest_pipeline.encoder import Vectors
from digest_pipeline.models import stable_id

SAME_THEME_SHARE = 0.34  # of the claims of the smaller side, a theme's side being what it was on its last day
SAME_THEME_CLAIMS = 2  # shared at the least: one may be all that is left of a theme
SAME_CENTROID = 0.90  # cosine: two days' centroids of one theme lie at 0.95 and more
MOVED_SHARE = 0.5  # of a theme's claims that end up elsewhere: then it went there, or came from there
DEAD = 0.5  # weight of a theme that had died: one that lives goes first

BORN, REVIVED, SPLIT, MERGED, DIED = "born", "revived", "split", "merged", "died"


@dataclass(frozen=True, slots=True)
class Group:
    """A cluster of today: its claim ids and unit centroid."""

    claims: frozenset[str]
    centroid: Vectors


@dataclass(frozen=True, slots=True)
class PastTheme:
    """A theme as the last day that had it left it: those of its claims that are in today's window, and its centroid.

    ``centroid`` is ``None`` where another encoder made it. ``is_alive``: it lived on the last day that was clustered.
    ``size``: its claims on that day, with those that have left the window since.
    """

    cluster_id: str
    claims: frozenset[str]
    centroid: Vectors | None
    is_alive: bool
    size: int


@dataclass(frozen=True, slots=True)
class ThemeEvent:
    """What happened to a theme. ``others`` are those that left it or went into it, or where it came from or went."""

    event: str
    cluster_id: str
    others: tuple[str, ...] = ()


def assign_ids(groups: Sequence[Group], past: Sequence[PastTheme], day: date) -> list[str]:
    """An id for each group, in their order: of the past theme that it continues, or new.

    Together the groups keep as many claims in their theme as can be (the assignment problem); a theme passes its id on
    once. The same groups and past give the same ids.
    """
    from scipy.optimize import linear_sum_assignment

    worth = np.array([[_continues(group, theme) for theme in past] for group in groups], dtype=np.float64)
    ids: dict[int, str] = {}
    if worth.size:
        for row, column in zip(*linear_sum_assignment(worth, maximize=True), strict=True):
            if worth[row, column] > 0:
                ids[int(row)] = past[int(column)].cluster_id
    return [ids.get(row) or stable_id("th", day.isoformat(), *sorted(group.claims)) for row, group in enumerate(groups)]


def events_of_day(groups: Sequence[Group], ids: Sequence[str], past: Sequence[PastTheme]) -> list[ThemeEvent]:
    """Births, revivals, splits, mergers and deaths between the last day and today, in order of ids."""
    alive = {theme.cluster_id: theme for theme in past if theme.is_alive}
    known = {theme.cluster_id for theme in past}
    events = []
    left: dict[str, list[str]] = {}
    joined: dict[str, list[str]] = {}
    for group, cluster_id in zip(groups, ids, strict=True):
        if cluster_id in alive:
            continue
        origin = next((i for i in alive if _share(group.claims, alive[i].claims, group.claims) >= MOVED_SHARE), None)
        if origin:
            left.setdefault(origin, []).append(cluster_id)
        event = REVIVED if cluster_id in known else BORN
        events.append(ThemeEvent(event, cluster_id, (origin,) if origin else ()))
    for theme in alive.values():
        if theme.cluster_id in ids:
            continue
        heirs = (
            i for g, i in zip(groups, ids, strict=True) if _share(theme.claims, g.claims, theme.claims) >= MOVED_SHARE
        )
        heir = next(heirs, None)
        if heir:
            joined.setdefault(heir, []).append(theme.cluster_id)
        events.append(ThemeEvent(DIED, theme.cluster_id, (heir,) if heir else ()))
    events += [ThemeEvent(SPLIT, theme, tuple(sorted(others))) for theme, others in left.items()]
    events += [ThemeEvent(MERGED, theme, tuple(sorted(others))) for theme, others in joined.items()]
    return sorted(events, key=lambda e: (e.cluster_id, e.event))


def _continues(group: Group, theme: PastTheme) -> float:
    """How much speaks for a group to be a theme of the past: the claims shared, closeness deciding between equals.

    The few claims that a dead theme has left in the window say little of it: where not enough are shared, the centroids
    decide.
    """
    weight = 1.0 if theme.is_alive else DEAD
    shared = len(group.claims & theme.claims)
    closeness = 0.0 if theme.centroid is None else max(0.0, float(group.centroid @ theme.centroid))
    share = shared / max(1, min(len(group.claims), theme.size))
    if shared >= SAME_THEME_CLAIMS and share >= SAME_THEME_SHARE:
        return weight * (shared + 0.1 * closeness)
    return weight * 0.1 * closeness if closeness >= SAME_CENTROID else 0.0


def _share(one: frozenset[str], other: frozenset[str], of: frozenset[str]) -> float:
    return len(one & other) / len(of) if of else 0.0


def themes_of_last_day(claims: Sequence[str], past: Sequence[PastTheme]) -> npt.NDArray[np.int64]:
    """For each claim the place in ``past`` of the theme that had it on the last day, or -1."""
    places = {claim: place for place, theme in enumerate(past) if theme.is_alive for claim in theme.claims}
    return np.array([places.get(claim, -1) for claim in claims], dtype=np.int64)
