"""From a feed document to ``ParsedFeed``: feedparser reads it, lxml adds what feedparser flattens.

feedparser keeps one of several equal elements of a foreign namespace, and ``podcast:transcript`` (Podcasting 2.0) comes
in one per format. Those are read from the tree, item by item.
"""

import calendar
import io
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import feedparser
from lxml import etree

from digest_pipeline.errors import FeedError
from digest_pipeline.models import FeedItem, ParsedFeed, TranscriptLink

PODCAST_NAMESPACES = (
    "https://podcastindex.org/namespace/1.0",
    "https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/1.0.md",
    "http://podcastindex.org/namespace/1.0",
)


def parse_feed(body: bytes, *, url: str) -> ParsedFeed:
    """Read an RSS or Atom document.

    Args:
        body: the document as received.
        url: its address, the base of relative links.

    Raises:
        FeedError: the document is not a feed.
    """
    feed = feedparser.parse(io.BytesIO(body), response_headers={"content-location": url})
    if not feed.get("version") and not feed.entries:  # an empty body has no version at all
        start = body.lstrip()[:40].decode("utf-8", "replace")
        raise FeedError(f"this is no RSS or Atom feed; it begins with {start!r}", remedy="check the feed's address")
    extras = _podcast_elements(body)
    items = tuple(_item(entry, extras, url) for entry in feed.entries)
    channel = feed.feed
    return ParsedFeed(
        title=_text(channel.get("title")) or urlsplit(url).hostname or url,
        link=_http(channel.get("link"), url),
        language=_language(channel.get("language")),
        items=items,
    )


def _item(entry: Any, extras: dict[str, "_Extra"], base: str) -> FeedItem:
    audio = next((e for e in entry.get("enclosures", []) if _is_audio(e)), None)
    audio_url = _http(audio.get("href"), base) if audio else None
    guid = _text(entry.get("id")) or None
    extra = next(
        (extras[key] for key in (guid, audio and audio.get("href"), entry.get("title")) if key in extras), None
    )
    contents = [c.get("value", "") for c in entry.get("content", [])]
    description = max([entry.get("summary", ""), *contents], key=len)
    transcripts = tuple(
        TranscriptLink(link, kind, language)
        for href, kind, language in (extra.transcripts if extra else [])
        if (link := _http(href, base))
    )
    return FeedItem(
        guid=guid,
        title=_text(entry.get("title")) or "Untitled",
        # dict.get: the entry's own falls back from one date to the other, with a warning that it will not for long
        published_at=_date(dict.get(entry, "published_parsed") or dict.get(entry, "updated_parsed")),
        link=_http(entry.get("link"), base),
        audio_url=audio_url,
        audio_type=audio.get("type") or None if audio else None,
        duration_seconds=parse_duration(entry.get("itunes_duration")),
        transcripts=transcripts,
        chapters_url=_http(extra.chapters_url, base) if extra else None,
        description=description[:20_000],
        language=_language(entry.get("language")),
    )


class _Extra:
    """What one item says in the podcast namespace."""

    def __init__(self, item: Any) -> None:
        self.transcripts: list[tuple[str, str, str | None]] = []
        self.chapters_url: str | None = None
        self.keys: set[str] = set()
        for child in item:
            if not isinstance(child.tag, str):
                continue
            namespace, _, name = child.tag.rpartition("}")  # not QName: with recovery a prefix may be unbound
            is_podcast = namespace.removeprefix("{") in PODCAST_NAMESPACES
            if is_podcast and name == "transcript" and child.get("url"):
                self.transcripts.append((child.get("url"), child.get("type") or "", child.get("language")))
            elif is_podcast and name == "chapters":
                self.chapters_url = child.get("url")
            elif name == "enclosure" and child.get("url"):
                self.keys.add(child.get("url"))
            elif name in {"guid", "id", "title"} and (child.text or "").strip():
                self.keys.add(child.text.strip())


def _podcast_elements(body: bytes) -> dict[str, _Extra]:
    """Podcast-namespace elements by the guid, enclosure address and title of their item."""
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError:
        root = None  # feedparser's lenient parser still reads the items, without their transcripts
    if root is None:
        return {}
    found: dict[str, _Extra] = {}
    for item in root.iter("{*}item", "{*}entry"):
        extra = _Extra(item)
        for key in extra.keys:
            found.setdefault(key, extra)
    return found


def parse_duration(text: Any) -> float | None:
    """Seconds from ``itunes:duration``: ``"3723"``, ``"62:03"`` or ``"1:02:03"``; ``None`` when unreadable."""
    match = re.fullmatch(r"\s*(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d+)?)\s*", str(text or ""))
    if not match:
        return None
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds or None


def _is_audio(enclosure: Any) -> bool:
    kind = (enclosure.get("type") or "").lower()
    path = urlsplit(enclosure.get("href") or "").path.lower()
    return kind.startswith(("audio/", "video/mp4")) or path.endswith((".mp3", ".m4a", ".ogg", ".opus", ".wav", ".flac"))


def _http(address: Any, base: str) -> str | None:
    """An absolute http(s) address, or ``None``: a feed may say ``javascript:`` or nothing."""
    if not isinstance(address, str) or not address.strip():
        return None
    try:
        absolute = urljoin(base, address.strip())
        return absolute if urlsplit(absolute).scheme in {"http", "https"} else None
    except ValueError:
        return None


def _date(parsed: Any) -> datetime | None:
    """A naive UTC timestamp, as DuckDB stores it."""
    if not parsed:
        return None
    try:
        return datetime.fromtimestamp(calendar.timegm(parsed), UTC).replace(tzinfo=None)
    except (ValueError, OverflowError, OSError):
        return None


def _language(text: Any) -> str | None:
    return _text(text).lower().split("-")[0][:8] or None


def _text(value: Any) -> str:
    return " ".join(str(value or "").split())
