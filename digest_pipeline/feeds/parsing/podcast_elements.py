"""What the iTunes, Podcasting 2.0 and Podlove namespaces say of items, read from the tree.

General feed parsers flatten or drop these elements: several ``podcast:transcript`` of one item, persons with their
roles, highlights. Names follow https://podcasting2.org/docs/podcast-namespace, Apple's podcast DTD and Podlove Simple
Chapters.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from lxml import etree

from digest_pipeline.models import Chapter, Person, Soundbite

# Namespaces are compared in lower case and by what they contain: publishers write them in many ways.
NAMESPACES = {
    "itunes.com/dtds/podcast": "itunes",
    "podcastindex.org/namespace": "podcast",
    "podcast-namespace/blob": "podcast",
    "podlove.org/simple-chapters": "psc",
    "search.yahoo.com/mrss": "media",
    "www.w3.org/2005/atom": "atom",
    "purl.org/atom/ns": "atom",
}
AUDIO_SUFFIXES = (".mp3", ".m4a", ".m4b", ".mp4", ".aac", ".ogg", ".oga", ".opus", ".wav", ".flac", ".m4v", ".mov")
OTHER_SUFFIXES = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".pdf", ".html", ".htm", ".zip", ".epub", ".torrent")
VAGUE_TYPES = ("", "application/octet-stream", "binary/octet-stream", "application/force-download")
LEAST_AUDIO_BYTES = 10_000  # below, the length of an enclosure is made up
MOST_CHAPTERS, MOST_PERSONS, MOST_SOUNDBITES = 500, 50, 20
MOST_TRANSCRIPTS = 50  # a dozen languages in four formats; each that will not do costs a request
MOST_TITLE = 300
LONGEST_SECONDS = 12 * 3600  # beyond, a duration is in another unit than the DTD's


@dataclass(slots=True)
class Enclosure:
    """A file of an item: its address, its type as the feed has it, its length in bytes where that is believable."""

    url: str
    type: str
    length: int | None

    @property
    def is_playable(self) -> bool:
        """Audio, or video for its sound. One without a telling type counts by its suffix."""
        try:
            scheme, _, path, *_ = urlsplit(self.url.lower())
        except ValueError:
            return False
        if scheme not in {"", "http", "https"}:  # ipfs: and magnet: beside the file that all can read
            return False
        if self.type.startswith(("audio/", "video/")) or path.endswith(AUDIO_SUFFIXES):
            return True
        return self.type in VAGUE_TYPES and not path.endswith(OTHER_SUFFIXES)


@dataclass(slots=True)
class Elements:
    """The elements of one item, or of the channel, by what they mean. Texts are as they stand in the document."""

    keys: list[str] = field(default_factory=list)  # guid, enclosure addresses, title: how the item is found again
    base: str | None = None
    guid: str | None = None
    enclosures: list[Enclosure] = field(default_factory=list)
    alternates: list[Enclosure] = field(default_factory=list)
    dates: list[str] = field(default_factory=list)
    duration: str | None = None
    season: int | None = None
    number: float | None = None
    kind: str = "full"
    transcripts: list[tuple[str, str, str | None]] = field(default_factory=list)
    chapters_url: str | None = None
    chapters: list[Chapter] = field(default_factory=list)
    persons: list[Person] = field(default_factory=list)
    soundbites: list[Soundbite] = field(default_factory=list)
    language: str | None = None
    podcast_guid: str | None = None
    new_feed_url: str | None = None

    def audio(self) -> Enclosure | None:
        """The enclosure to listen to, rather sound alone than a film; an alternate one only where there is no other."""
        playable = ([e for e in found if e.is_playable] for found in (self.enclosures, self.alternates))
        return next((min(found, key=lambda e: e.type.startswith("video/")) for found in playable if found), None)


def read_elements(body: bytes) -> tuple[Elements, list[Elements], bool]:
    """(channel, items in the document's order, whether it is well-formed); empty when it is beyond repair.

    Entities are not expanded and nothing is fetched.
    """
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    if root is None:
        return Elements(), [], False
    items = list(root.iter("{*}item", "{*}entry"))
    channel = next((element for element in root.iter("{*}channel")), root)
    with_base = b"xml:base" in body
    elements = [_elements(item, with_base=with_base) for item in items]
    return _elements(channel, with_base=with_base), elements, not len(parser.error_log)


def seconds_of(text: str | None) -> float | None:
    """Seconds from ``3723``, ``62:03``, ``1:02:03.5`` or ``PT1H2M3S``; ``None`` when unreadable or nothing.

    What is longer than any episode was meant otherwise: ``45:30:00`` in minutes and seconds, ``2730000`` in
    milliseconds.
    """
    text = (text or "").strip()
    if iso := re.fullmatch(r"PT(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?", text, re.IGNORECASE):
        parts: tuple[str | None, ...] = iso.groups()
    elif clock := re.fullmatch(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d+)?)", text):
        parts = clock.groups()
    else:
        return None
    hours, minutes, seconds = (float(part or 0) for part in parts)
    total = hours * 3600 + minutes * 60 + seconds
    if total > LONGEST_SECONDS:
        total /= 60 if hours else 1000
    return total if 0 < total <= LONGEST_SECONDS else None


def _elements(parent: Any, *, with_base: bool) -> Elements:
    found = Elements(base=parent.base if with_base else None)
    for child in parent:
        tag = child.tag  # a comment's is no text; made anew each time
        if isinstance(tag, str) and (read := READERS.get(_name(tag))):
            read(found, child)
    return found


@lru_cache(maxsize=4096)
def _name(tag: str) -> str:
    """``itunes:duration`` for the tag of that element, whatever namespace it was given; plain names stay plain."""
    namespace, _, name = tag.rpartition("}")
    if not namespace and ":" in name:  # an unbound prefix, as recovery leaves it
        prefix, _, name = name.partition(":")
        return f"{prefix.lower()}:{name.lower()}"
    lowered = namespace.lower()
    prefix = next((prefix for part, prefix in NAMESPACES.items() if part in lowered), "")
    return f"{prefix}:{name.lower()}" if prefix and prefix != "atom" else name.lower()


def _text(element: Any) -> str:
    text = "".join(element.itertext()) if len(element) else element.text or ""
    return " ".join(text.split())


def _number(text: str | None) -> float | None:
    match = re.fullmatch(r"\s*(\d{1,6}(?:\.\d{1,3})?)\s*", text or "")
    return float(match[1]) if match else None


def enclosures_of(url: str | None, kind: str | None, length: str | None) -> Iterator[Enclosure]:
    """The enclosure that these attributes make, or nothing without an address."""
    if url and url.strip():
        size = int(length) if length and re.fullmatch(r"[0-9]{1,15}", length.strip()) else 0
        yield Enclosure(url.strip(), (kind or "").strip().lower(), size if size >= LEAST_AUDIO_BYTES else None)


def _read_key(found: Elements, element: Any) -> None:
    if text := _text(element):
        found.keys.append(text)


def _read_guid(found: Elements, element: Any) -> None:
    text = _text(element)
    found.guid = found.guid or text or None
    _read_key(found, element)


def _read_enclosure(found: Elements, element: Any) -> None:
    found.enclosures += enclosures_of(element.get("url"), element.get("type"), element.get("length"))
    found.keys += [e.url for e in found.enclosures[-1:]]


def _read_link(found: Elements, element: Any) -> None:
    if element.get("rel") == "enclosure":  # Atom
        found.enclosures += enclosures_of(element.get("href"), element.get("type"), element.get("length"))


def _read_media(found: Elements, element: Any) -> None:
    kind = element.get("type") or ("audio/" if element.get("medium") == "audio" else "image/")
    found.alternates += enclosures_of(element.get("url"), kind, element.get("fileSize"))


def _read_alternate(found: Elements, element: Any) -> None:
    for source in element.iter("{*}source"):
        kind = source.get("contentType") or element.get("type")
        found.alternates += enclosures_of(source.get("uri"), kind, element.get("length"))


def _read_transcript(found: Elements, element: Any) -> None:
    if element.get("url") and len(found.transcripts) < MOST_TRANSCRIPTS:
        found.transcripts.append((element.get("url"), element.get("type") or "", element.get("language")))


def _read_simple_chapters(found: Elements, element: Any) -> None:
    if found.chapters:
        return  # Podlove: one list an item
    for chapter in element:
        start = chapter.get("start") if isinstance(chapter.tag, str) else None
        title = " ".join((chapter.get("title") or "").split())[:MOST_TITLE]
        seconds = 0.0 if re.fullmatch(r"[0:.]+", start or "") else seconds_of(start)
        if seconds is not None and title and len(found.chapters) < MOST_CHAPTERS:
            found.chapters.append(Chapter(seconds, title, chapter.get("href")))


def _read_person(found: Elements, element: Any) -> None:
    name = _text(element)[:MOST_TITLE]
    person = Person(name, (element.get("role") or "host").lower(), (element.get("group") or "cast").lower())
    if name and person not in found.persons and len(found.persons) < MOST_PERSONS:
        found.persons.append(person)


def _read_soundbite(found: Elements, element: Any) -> None:
    start, duration = _number(element.get("startTime")), _number(element.get("duration"))
    if start is not None and duration and len(found.soundbites) < MOST_SOUNDBITES:
        found.soundbites.append(Soundbite(start, duration, _text(element)[:MOST_TITLE]))


def _read_season(found: Elements, element: Any) -> None:
    number = _number(_text(element))
    found.season = int(number) if number is not None else found.season


def _read_number(found: Elements, element: Any) -> None:
    number = _number(_text(element))
    found.number = number if number is not None else found.number


def _read_kind(found: Elements, element: Any) -> None:
    kind = _text(element).lower()
    found.kind = kind if kind in {"full", "trailer", "bonus"} else "full"


def _read_date(found: Elements, element: Any) -> None:
    if text := _text(element):
        found.dates.append(text)


def _read_duration(found: Elements, element: Any) -> None:
    found.duration = found.duration or _text(element)


def _read_chapters_url(found: Elements, element: Any) -> None:
    found.chapters_url = found.chapters_url or element.get("url")


def _read_language(found: Elements, element: Any) -> None:
    found.language = found.language or _text(element) or None


def _read_podcast_guid(found: Elements, element: Any) -> None:
    found.podcast_guid = _text(element)[:64] or None


def _read_new_feed_url(found: Elements, element: Any) -> None:
    found.new_feed_url = _text(element) or None


READERS = {
    "guid": _read_guid,
    "language": _read_language,
    "id": _read_guid,
    "title": _read_key,
    **dict.fromkeys(("pubdate", "published", "issued", "date", "updated", "modified"), _read_date),
    "lastbuilddate": _read_date,
    "enclosure": _read_enclosure,
    "link": _read_link,
    "media:content": _read_media,
    "itunes:duration": _read_duration,
    "itunes:season": _read_season,
    "itunes:episode": _read_number,
    "itunes:episodetype": _read_kind,
    "itunes:new-feed-url": _read_new_feed_url,
    "podcast:season": _read_season,
    "podcast:episode": _read_number,
    "podcast:transcript": _read_transcript,
    "podcast:chapters": _read_chapters_url,
    "podcast:person": _read_person,
    "podcast:soundbite": _read_soundbite,
    "podcast:alternateenclosure": _read_alternate,
    "podcast:guid": _read_podcast_guid,
    "psc:chapters": _read_simple_chapters,
}
