"""The form on which readers say what they get: their wishes as its fields, and back.

A show or theme comes onto it from the mail that it stood in, so nobody types a name. What the form does not speak of
stays as it was.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from digest_pipeline.delivery.hours import read_hour, read_weekday
from digest_pipeline.delivery.subscribers import PREFERENCES
from digest_pipeline.delivery.wishes import plain
from digest_pipeline.errors import SubscriberError
from digest_pipeline.models import Subscriber

KINDS = ("show", "theme")
SAID = {1: "follow", 0: "mute"}  # in the form, of what `PREFERENCES` marks so
MOST_SUBJECTS = 200  # shows and themes that one reader follows or mutes by the form
MOST_SHOWN = 60  # of them on it: a form is no list of hundreds

READERS: Mapping[str, Callable[[str], Any]] = {
    "weekday": read_weekday,
    "hour": read_hour,
    "timezone": lambda text: text.strip() or None,
    "interests": str.strip,
}


@dataclass(frozen=True, slots=True)
class Subject:
    """A show or theme on the form, and what its reader says of it: ``follow``, ``mute``, or nothing."""

    kind: str
    subject: str
    wish: str = ""

    @property
    def field(self) -> str:
        """What it is called in the form."""
        return f"{self.kind}:{self.subject}"


def subjects_of(subscriber: Subscriber, asked: Iterable[Subject] = ()) -> list[Subject]:
    """What the form has of shows and themes: those that a mail asks about, then those that have a wish.

    Example:
        >>> ann = Subscriber("su_1", "mail", "ann@example.org", muted_shows=frozenset({"Lenny's"}))
        >>> [(one.field, one.wish) for one in subjects_of(ann, [Subject("show", "Lenny’s"), Subject("theme", "th_1")])]
        [("show:Lenny's", 'mute'), ('theme:th_1', '')]
    """
    known = {
        (kind, plain(subject)): Subject(kind, subject, SAID[is_followed])
        for attribute, kind, is_followed in PREFERENCES
        for subject in sorted(getattr(subscriber, attribute), key=plain)
    }
    first = [known.get((one.kind, plain(one.subject)), one) for one in asked]
    return list(dict.fromkeys([*first, *known.values()]))[:MOST_SHOWN]


def with_wishes(subscriber: Subscriber, fields: Mapping[str, str]) -> Subscriber:
    """The subscriber as the form says.

    Raises:
        SubscriberError: a field says what cannot be, or there are more than ``MOST_SUBJECTS`` shows and themes.
    """
    changes: dict[str, Any] = {name: read(fields[name]) for name, read in READERS.items() if name in fields}
    for attribute, kind, is_followed in PREFERENCES:
        said = {name.removeprefix(f"{kind}:"): wish for name, wish in fields.items() if name.startswith(f"{kind}:")}
        now = {subject for subject, wish in said.items() if subject.strip() and wish == SAID[is_followed]}
        changes[attribute] = (getattr(subscriber, attribute) - said.keys()) | now
    changed = replace(subscriber, **changes)
    if _count(changed) > max(MOST_SUBJECTS, _count(subscriber)):  # who was imported with more keeps them
        raise SubscriberError("these are very many shows and themes", remedy=f"keep {MOST_SUBJECTS} of them")
    return changed


def _count(subscriber: Subscriber) -> int:
    return sum(len(getattr(subscriber, attribute)) for attribute, *_ in PREFERENCES)


@cache
def timezones() -> list[str]:
    """The names of zones that a person knows: of places, and UTC."""
    places = (name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/")))
    return ["UTC", *sorted(places)]
