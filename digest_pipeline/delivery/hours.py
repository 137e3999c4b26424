"""When a digest is welcome: from a subscriber's hour of the day after it, or once a week on their weekday."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from digest_pipeline.dates import WEEKDAYS
from digest_pipeline.errors import SubscriberError
from digest_pipeline.models import Subscriber
from digest_pipeline.settings import Settings

WEEK = timedelta(days=7)
WEEKLY_HOUR = 9  # of who gets a week and names no hour: by then the day before is published in most places


def read_weekday(name: str) -> int | None:
    """The number of a day of the week (0 is Monday) by its English name in any case; ``None`` for an empty one.

    Raises:
        SubscriberError: there is no such day.

    Example:
        >>> read_weekday("sunday"), read_weekday("")
        (6, None)
    """
    if not name.strip():
        return None
    try:
        return WEEKDAYS.index(name.strip().capitalize())
    except ValueError as error:
        remedy = f"one of {', '.join(day.lower() for day in WEEKDAYS)}"
        raise SubscriberError(f"{name.strip()!r} is no day of the week", remedy=remedy) from error


def read_hour(text: str) -> int | None:
    """An hour of the day; ``None`` for an empty text.

    Raises:
        SubscriberError: it is no number.
    """
    try:
        return int(text) if text.strip() else None
    except ValueError as error:
        raise SubscriberError(f"{text!r} is no hour", remedy="a whole number from 0 to 23") from error


def welcome_from(subscriber: Subscriber) -> str:
    """From when a digest is welcome, in words.

    Example:
        >>> welcome_from(Subscriber("su_1", "mail", "ann@example.org", timezone="Europe/Berlin", weekday=0))
        'Mondays 9:00 Europe/Berlin'
    """
    if subscriber.hour is None and subscriber.weekday is None:
        return "at once"
    on = "" if subscriber.weekday is None else f"{WEEKDAYS[subscriber.weekday]}s"
    return f"{on} {_hour(subscriber)}:00 {subscriber.timezone or ''}".strip()


def is_welcome(
    subscriber: Subscriber, day: date, settings: Settings, now: datetime, last_left: datetime | None = None
) -> bool:
    """Whether the digest of a day may go to a subscriber now.

    Args:
        subscriber: with an hour, a weekday, both or neither.
        day: of a published digest.
        settings: the time zone of who has none of their own.
        now: aware.
        last_left: when something last left for them; who has a weekday gets one digest from that day to the next.
    """
    local = now.astimezone(ZoneInfo(subscriber.timezone) if subscriber.timezone else settings.zone)
    if subscriber.weekday is None:
        following = day + timedelta(days=1)
        return subscriber.hour is None or (local.date(), local.hour) >= (following, subscriber.hour)
    began = local.replace(hour=_hour(subscriber), minute=0, second=0, microsecond=0)
    began -= timedelta(days=(local.weekday() - subscriber.weekday) % 7)
    began -= WEEK if began > local else timedelta()  # it is their weekday, and before their hour
    return day < began.date() and (last_left is None or last_left < began)


def _hour(subscriber: Subscriber) -> int:
    return WEEKLY_HOUR if subscriber.hour is None else subscriber.hour
