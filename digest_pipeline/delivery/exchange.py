"""Subscribers as CSV: what other programs give, and what an export gives back without loss.

A cell of several shows or themes separates them by semicolons; one that contains a semicolon is quoted there.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from digest_pipeline.dates import WEEKDAYS
from digest_pipeline.delivery.addresses import MAIL
from digest_pipeline.delivery.hours import read_hour, read_weekday
from digest_pipeline.delivery.subscribers import ACTIVE, PENDING, SubscriberBook, new_id
from digest_pipeline.errors import SubscriberError
from digest_pipeline.models import Subscriber

SUBJECTS = ("followed_shows", "muted_shows", "followed_themes", "muted_themes")
COLUMNS = ("address", "channel", "status", "timezone", "hour", "weekday", "interests", *SUBJECTS, "last_day")


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was not taken. ``reason`` carries no address."""

    line: int
    reason: str


def write_csv(subscribers: Iterable[Subscriber], last_days: Mapping[str, str]) -> str:
    """All subscribers with all their wishes and the day of their last digest, by their ids; and a header."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in subscribers:
        status = ACTIVE if one.is_active else PENDING
        hour = "" if one.hour is None else one.hour
        weekday = "" if one.weekday is None else WEEKDAYS[one.weekday].lower()
        subjects = (_join(getattr(one, name)) for name in SUBJECTS)
        last_day = last_days.get(one.subscriber_id, "")
        writer.writerow(
            [one.address, one.channel, status, one.timezone or "", hour, weekday, one.interests, *subjects, last_day]
        )
    return text.getvalue()


def import_csv(text: str, book: SubscriberBook, *, are_confirmed: bool) -> Iterator[Subscriber | BadRow]:
    """Save each row; what is wrong with a row stops only that one. What the file has no column for stays as it is.

    Args:
        text: of the file: a header with ``address`` and any of the other ``COLUMNS``.
        book: where the rows go.
        are_confirmed: whether rows without a status are of people who agreed to get the digest.

    Yields:
        What was saved of each row, or why it was not.

    Raises:
        SubscriberError: the header lacks ``address`` or has a column of another name.
    """
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    try:
        header = [name.strip().lower() for name in next(rows, [])]
    except csv.Error as error:
        raise SubscriberError(f"the file is not CSV: {error}", remedy="export it as CSV from a spreadsheet") from error
    if "address" not in header or (unknown := [name for name in header if name not in COLUMNS]):
        fault = "has no column address" if "address" not in header else f"has an unknown column {unknown[0]!r}"
        raise SubscriberError(f"the file {fault}", remedy=f"its first line names columns of: {', '.join(COLUMNS)}")
    while True:
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield BadRow(rows.line_num, f"it is not CSV from here on: {error}")
            return
        if any(cell.strip() for cell in cells):
            yield _save(rows.line_num, header, cells, book, are_confirmed=are_confirmed)


def _save(
    line: int, header: list[str], cells: list[str], book: SubscriberBook, *, are_confirmed: bool
) -> Subscriber | BadRow:
    if len(cells) != len(header):
        return BadRow(line, f"it has {len(cells)} cells, the header {len(header)}")
    row = dict(zip(header, (cell.strip() for cell in cells), strict=True))
    channel, address = row.get("channel") or MAIL, row["address"]
    try:
        known = book.find(channel, address)
        if known is None and book.is_suppressed(channel, address):
            return BadRow(line, "this address has unsubscribed")
        base = known or Subscriber(new_id(), channel, address)
        last_day = _day(row.get("last_day", ""))
        saved = book.save(replace(base, **_wishes(row), is_active=_is_active(row, are_confirmed)))
        if known is None and last_day:
            book.start_after(saved, last_day)
        return saved
    except SubscriberError as error:
        return BadRow(line, str(error))


def _is_active(row: dict[str, str], are_confirmed: bool) -> bool:
    status = row.get("status", "").lower()
    if status not in {"", ACTIVE, PENDING}:
        raise SubscriberError(f"{status!r} is no status", remedy=f"{ACTIVE} or {PENDING}")
    return status == ACTIVE or (not status and are_confirmed)


def _day(cell: str) -> str:
    try:
        return date.fromisoformat(cell).isoformat() if cell else ""
    except ValueError as error:
        raise SubscriberError(f"{cell!r} is no day", remedy="a date like 2026-09-14") from error


def _wishes(row: dict[str, str]) -> dict[str, Any]:
    wishes: dict[str, Any] = {name: _split(row[name]) for name in SUBJECTS if name in row}
    if "interests" in row:
        wishes["interests"] = row["interests"]
    if "timezone" in row:
        wishes["timezone"] = row["timezone"] or None
    if "weekday" in row:
        wishes["weekday"] = read_weekday(row["weekday"])
    if "hour" in row:
        wishes["hour"] = read_hour(row["hour"])
    return wishes


def _join(subjects: frozenset[str]) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator="").writerow(sorted(subjects))
    return text.getvalue() if subjects else ""


def _split(cell: str) -> frozenset[str]:
    subjects = (subject.strip() for row in csv.reader([cell], delimiter=";") for subject in row)
    return frozenset(subject for subject in subjects if subject)
