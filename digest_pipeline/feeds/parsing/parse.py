"""From a feed document to ``ParsedFeed``.

Three readers, each for what it does best: fastfeedparser reads RSS 0.9x to 2.0, RDF, Atom and JSON Feed a hundred times
faster than the next; feedparser reads what that one refuses (broken markup, odd encodings); ``podcast_elements`` adds
what both flatten.
"""

import calendar
import io
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import fastfeedparser
import feedparser
from lxml import etree

from digest_pipeline.errors import FeedError
from digest_pipeline.feeds.parsing.encodings import decoded, rightly_declared
from digest_pipeline.feeds.parsing.json_feed import add_durations, without_nulls
from digest_pipeline.feeds.parsing.podcast_elements import (
    MOST_TITLE,
    Elements,
    Enclosure,
    enclosures_of,
    read_elements,
    seconds_of,
)
from digest_pipeline.feeds.parsing.references import with_known_references, with_whole_characters
from digest_pipeline.models import FeedItem, ParsedFeed, TranscriptLink
from digest_pipeline.words import readable

MOST_DESCRIPTION = 20_000
DATES = "published", "updated"  # what both parsers call them
# A tag of four bytes takes two hundred in memory, an entry a thousand: what is small on the way may be large here.
MOST_TAGS, MOST_ENTRIES = 1_000_000, 50_000
ENTRY = re.compile(rb"<(?:\w+:)?(?:item|entry)[\s/>]")
END = re.compile(rb"</(?:\w+:)?(?:rss|feed|rdf)\s*>", re.IGNORECASE)
# feedparser takes about a second for a mebibyte: what is broken and larger is refused.
MOST_BROKEN_BYTES = 4 * 1024 * 1024
TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<!--")
REFERENCE = re.compile(r"&#?\w+;")
PLAIN_ADDRESS = re.compile(r"https?://[a-z0-9.-]+(?::[0-9]+)?(?:[/?#]|$)", re.IGNORECASE)
# Atom's way to write a zone, in a date of RSS: fastfeedparser takes it for UTC.
ZONE_COLON = re.compile(rb":(?<=\d [+-]\d\d:)(?=\d\d\s*(?:\]\]>\s*)?</pubDate)", re.IGNORECASE)
# A date in another language than RSS asks for; the beginnings of its month in those that are met, English first.
DAY_MONTH_YEAR = re.compile(r"\b(\d\d?)\.? (?:de )?([^\W\d_]+)\.? (?:de )?(\d{4})\b( \d\d?:\d\d.{0,20})?")
# Day first, wherever dots are used; fastfeedparser takes the month to be.
DOTTED_DATE = re.compile(r"(?<![\d.])(\d\d?)\.(\d\d?)\.(\d{4})\b(?:,? (\d\d?:\d\d.{0,20}))?")
MONTHS = {
    name: names.split()[0]
    for names in (
        "jan ene gen янв", "feb fév fev фев", "mar mär mrz mrt мар", "apr avr abr апр", "may mai mag mei май мая",
        "jun juin giu июн", "jul juil lug июл", "aug aoû aou ago авг", "sep set сен", "oct okt out ott окт", "nov ноя",
        "dec déc dez dic дек",
    )
    for name in names.split()
}  # fmt: skip
YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
UNDECODED = "\N{REPLACEMENT CHARACTER}"


def parse_feed(body: bytes, *, url: str) -> ParsedFeed:
    """Read an RSS, Atom or JSON Feed document.

    Args:
        body: the document as received.
        url: its address, the base of relative links.

    Raises:
        FeedError: the document is not a feed.
    """
    tags = body.count(b"<")
    if tags > MOST_TAGS or (tags > MOST_ENTRIES and len(ENTRY.findall(body)) > MOST_ENTRIES):
        raise FeedError(
            f"this is more than a feed: over {MOST_TAGS} tags or {MOST_ENTRIES} entries",
            remedy="ask its publisher for one with the latest episodes",
        )
    body = without_nulls(ZONE_COLON.sub(b"", with_whole_characters(rightly_declared(body))))
    channel, entries = _read(body)
    if any(UNDECODED in str(entry.get("title")) for entry in entries) and (guessed := decoded(body)):
        body = guessed
        channel, entries = _read(body)
    about, elements, is_well_formed = read_elements(body)
    if not is_well_formed and (mended := with_known_references(body)) != body:
        channel, entries = _read(mended)
        about, elements, _ = read_elements(mended)
    return ParsedFeed(
        title=plain_text(channel.get("title")) or urlsplit(url).hostname or url,
        link=http_address(channel.get("link"), url),
        language=_language(about.language or channel.get("language")),
        items=tuple(
            _item(entry, extra, about, url) for entry, extra in zip(entries, _paired(entries, elements), strict=True)
        ),
        podcast_guid=about.podcast_guid,
        moved_to=http_address(about.new_feed_url, url),
    )


def plain_text(markup: Any) -> str:
    """The words of a text that may be HTML, whitespace collapsed, without control characters."""
    text = str(markup or "")
    if ("<" in text and TAG.search(text)) or ("&" in text and REFERENCE.search(text)):
        try:
            parser = etree.HTMLParser(remove_comments=True, remove_pis=True)  # its own: threads wait for a shared one
            text = " ".join(etree.fromstring(f"<div>{text}</div>", parser).itertext())
        except (etree.ParserError, etree.XMLSyntaxError, ValueError):
            text = TAG.sub(" ", text)
    one_line = " ".join(text.split())  # line ends out first: what has none is mostly found readable at a glance
    return " ".join(readable(one_line).split())


def _read(body: bytes) -> tuple[Any, list[Any]]:
    """(channel, entries) as mappings with the field names that both parsers share."""
    try:
        feed = fastfeedparser.parse(body)
        if feed.entries or (feed.feed.get("title") and not ENTRY.search(body)):
            add_durations(feed.entries, body)
            return feed.feed, feed.entries
    except (ValueError, TypeError, AttributeError, etree.LxmlError):
        pass  # not what it knows, or JSON of other types: the lenient parser has the last word
    if len(body) > MOST_BROKEN_BYTES:
        raise FeedError(
            f"this is no well-formed feed, and {len(body) // 1024} kB are too much to mend",
            remedy="ask its publisher to validate it",
        )
    try:
        lenient = feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
    except Exception as error:  # it meets wild input, and names no errors of its own
        raise FeedError(f"no parser reads this feed: {error}", remedy="ask its publisher to validate it") from error
    # An empty body has no version at all; one that breaks off in its first line has one, and nothing else.
    has_broken_off = not lenient.feed.get("title") and not END.search(body.replace(b"\0", b""))  # UTF-16, UTF-32
    if not lenient.entries and (not lenient.get("version") or has_broken_off):
        start = body.lstrip()[:40].decode("utf-8", "replace")
        raise FeedError(f"this is no RSS or Atom feed; it begins with {start!r}", remedy="check the feed's address")
    return lenient.feed, lenient.entries


def _paired(entries: Sequence[Any], elements: list[Elements]) -> list[Elements]:
    """The elements of each entry: in order, or by what names it where one parser saw items that the other did not."""
    if len(entries) == len(elements):
        return elements
    by_key: dict[str, Elements] = {}
    for found in elements:
        for key in found.keys:
            by_key.setdefault(key, found)
    return [
        next((by_key[key] for key in (_guid(e), str(e.get("title"))) if key in by_key), None) or _without_tree(e)
        for e in entries
    ]


def _without_tree(entry: Any) -> Elements:
    """What the parser itself gives, where there is no tree: JSON Feed, and markup that only feedparser can read."""
    dates = [str(entry[name]) for name in DATES if entry.get(name)]
    found = Elements(guid=_guid(entry), dates=dates, duration=entry.get("itunes_duration"))
    for e in entry.get("enclosures") or []:
        kind, size = e.get("type") or e.get("mime_type"), e.get("length") or e.get("size_in_bytes")
        found.enclosures += enclosures_of(e.get("url") or e.get("href"), str(kind or ""), str(size or ""))
    return found


def _guid(entry: Any) -> str | None:
    """A JSON Feed may write its ids as numbers; a reader has to take them as text (JSON Feed 1.1, items)."""
    own = entry.get("id")
    return None if own is None else str(own)


def _item(entry: Any, extra: Elements, about: Elements, url: str) -> FeedItem:
    base = urljoin(url, extra.base) if extra.base else url
    audio = extra.audio()
    texts = [entry.get("summary"), entry.get("description"), *(c.get("value") for c in entry.get("content") or [])]
    return FeedItem(
        guid=extra.guid,
        title=(plain_text(entry.get("title")) or _file_stem(audio) or "Untitled")[:MOST_TITLE],
        published_at=_date(entry, extra.dates),
        # a guid is a permalink by default
        link=http_address(entry.get("link"), base) or http_address(extra.guid, "about:blank"),
        audio_url=http_address(audio.url, base) if audio else None,
        audio_type=audio.type or None if audio else None,
        duration_seconds=seconds_of(extra.duration),
        transcripts=tuple(
            TranscriptLink(link, kind, language)
            for href, kind, language in extra.transcripts
            if (link := http_address(href, base))
        ),
        chapters_url=http_address(extra.chapters_url, base),
        description=plain_text(max((t for t in texts if t), key=len, default=""))[:MOST_DESCRIPTION],
        language=_language(extra.language),
        audio_bytes=audio.length if audio else None,
        season=extra.season,
        episode_number=extra.number,
        episode_type=extra.kind,
        chapters=tuple(extra.chapters),
        persons=tuple(extra.persons or about.persons),
        soundbites=tuple(extra.soundbites),
    )


def _file_stem(audio: Enclosure | None) -> str:
    name = urlsplit(audio.url).path.rsplit("/", 1)[-1] if audio else ""
    return " ".join(readable(unquote(name).rsplit(".", 1)[0].replace("_", " ")).split())


def http_address(address: Any, base: str) -> str | None:
    """An absolute http(s) address, or ``None``: a feed may say ``javascript:`` or nothing."""
    if not isinstance(address, str) or not address.strip():
        return None
    try:
        absolute = address.strip()
        if not _is_absolute(absolute):
            absolute = urljoin(base, absolute)
    except ValueError:
        return None
    return absolute if _is_absolute(absolute) else None


def _is_absolute(address: str) -> bool:
    if PLAIN_ADDRESS.match(address):  # nearly all are: no need to take them apart
        return True
    parts = urlsplit(address)
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _date(entry: Any, written: Sequence[str]) -> datetime | None:
    """A naive UTC timestamp, as DuckDB stores it, to the second.

    Args:
        entry: as a parser gives it.
        written: its dates as they stand in the document. Where fastfeedparser can read none, it tries the guid, and
            takes episode 1867 for one of that year.
    """
    if dotted := next(filter(None, map(_dotted_date, written)), None):
        return dotted
    years = set(YEAR.findall(" ".join(written)))
    for name in DATES:
        parsed = dict.get(entry, f"{name}_parsed")  # feedparser's
        text = dict.get(entry, name)  # fastfeedparser's: ISO 8601 in UTC
        try:
            if parsed:
                return datetime.fromtimestamp(calendar.timegm(parsed), UTC).replace(tzinfo=None)
            if text:
                found = datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None, microsecond=0)
                near = {f"{(found + timedelta(days=days)).year:04}" for days in (-1, 1)}  # in another zone
                if written and (not years or years & near):
                    return found
        except (ValueError, TypeError, OverflowError, OSError):
            continue
    return next(filter(None, map(_date_in_other_language, written)), None)


def _date_in_other_language(text: str) -> datetime | None:
    if not (match := DAY_MONTH_YEAR.search(text.lower())):
        return None
    day, name, year, time = match.groups()
    return _date_of(day, MONTHS.get(name[:4]) or MONTHS.get(name[:3]), year, time)


def _dotted_date(text: str) -> datetime | None:
    if not (match := DOTTED_DATE.search(text)):
        return None
    day, month, year, time = match.groups()
    return _date_of(day, dict(enumerate(dict.fromkeys(MONTHS.values()), start=1)).get(int(month)), year, time)


def _date_of(day: str, month: str | None, year: str, time: str | None) -> datetime | None:
    try:
        found = parsedate_to_datetime(f"{day} {month} {year} {time or '00:00'}")
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None


def _language(text: Any) -> str | None:
    return plain_text(text).lower().replace("_", "-").split("-")[0][:8] or None
