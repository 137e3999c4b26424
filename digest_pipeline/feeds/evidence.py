"""What two feed items are compared by: normalised keys, and the tests for and against their being one episode."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode, urlsplit

from rapidfuzz import fuzz

from digest_pipeline.feeds.parsing.podcast_elements import AUDIO_SUFFIXES
from digest_pipeline.models import FeedItem
from digest_pipeline.words import normalise_words

# Hosts that count downloads and redirect to the real file; the file's address follows in the path.
TRACKING_HOSTS = re.compile(
    r"^(?:(?:www\.)?(?:podtrac\.com/pts/redirect\.\w+|dts\.podtrac\.com/redirect\.\w+|chtbl\.com/track/\w+"
    r"|pdst\.fm/e|chrt\.fm/track/\w+|op3\.dev/e(?:,[^/]*)?|(?:verifi\.)?podscribe\.com/rss/p|pscrb\.fm/rss/p"
    r"|mgln\.ai/e/\w+|arttrk\.com/p/\w+|tracking\.swap\.fm/track/\w+|claritaspod\.com/measure|pfx\.vpixl\.com/\w+"
    r"|prfx\.byspotify\.com/e|clrtpod\.com/m|2?gum\.fm/s|rss\.art19\.com/redirect"
    r"|growx\.podkite\.com/https?/\w+|media\.blubrry\.com/\w+|adbarker\.com/stream/\w+))/",
    re.IGNORECASE,
)
REDIRECT_BY_QUERY = re.compile(r"^.*\?(?=https?://)", re.IGNORECASE)  # podtrac.com/pts/redirect.mp3?http://…
REPEAT_MARKERS = re.compile(
    r"[\[(]?\b(?:re-?releas(?:e|ed)|re-?run|re-?broadcast|re-?publish(?:ed)?|re-?upload(?:ed)?|encore(?: presentation)?"
    r"|from the (?:archives?|vault)|best of|repeat|replay|revisited|rewind|fixed audio|corrected|updated|ad[- ]free"
    r"|early access|members? only|bonus feed)\b[\])]?",
    re.IGNORECASE,
)
NUMBER_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
ROMAN_NUMERALS = ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x")
PART = re.compile(r"\b(?:part|pt|teil|partie|parte|chapter|volume|vol|day|week|book|act)\s+(\w+)\b")
GLOBAL_GUID = re.compile(
    r"^(?:https?://\S{8,}|tag:\S{8,}|urn:\S{8,}|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})$", re.I
)
VAGUE_FILES = re.compile(
    r"^(?:audio|default|episode|file|latest|media|play|podcast|stream|download|index|track|\d{1,3})$"
)
TOKEN_PARAMETERS = re.compile(r"token|sig|expires|key|auth|hash|utm_|^aw|session|uid|source|from|ref|updated|^t$", re.I)
FILE_PARAMETERS = re.compile(r"^(?:id|ep|episode|file|filename|(?:audio|episode|file|item|media)_?id)$", re.I)
MIN_DESCRIPTION_WORDS = 8
MIN_TELLING_WORDS = 3  # a title of fewer words proves nothing across feeds
SAME_DESCRIPTION = 90.0  # rapidfuzz ratio, 0..100
COMPARED_CHARACTERS = 1000  # of show notes: comparing takes time with their square
LIKE_TITLE = 88.0
SAME_DURATION_SECONDS = 2.0
SAME_TIME = timedelta(hours=12)  # two items dated closer are not the next edition of a daily show
SAME_SEASON = timedelta(days=90)  # an early-access copy is not older
REMEMBERED = 20_000  # keys of titles and addresses: each is asked for several times while its feed is stored
LONG_DESCRIPTION_WORDS, LONG_SECONDS = 20, 900.0  # from these on, equal description and length are no chance


@dataclass(frozen=True, slots=True)
class KnownEpisode:
    """What identity needs of an episode that is already stored."""

    episode_id: str
    feed_url: str
    guid: str | None
    title: str
    audio_url: str | None
    description: str
    duration_seconds: float | None
    published_at: datetime | None = None
    link: str | None = None
    audio_bytes: int | None = None
    season: int | None = None
    episode_number: float | None = None
    episode_type: str = "full"
    duplicate_of: str | None = None


@lru_cache(maxsize=REMEMBERED)
def audio_key(url: str) -> str:
    """The address of a file without scheme, tracking prefixes, letter case of the host, and access tokens.

    A query counts where the path names no audio file, as in ``download.php?id=7``; else only what says which file it
    is, as in ``getfile.mp3?id=7``.
    """
    url = REDIRECT_BY_QUERY.sub("", url)
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return url
    key = f"{(parts.hostname or '').removeprefix('www.')}{port}{parts.path}"
    while (shorter := TRACKING_HOSTS.sub("", key)) != key:
        key = re.sub(r"^https?:/*", "", shorter).removeprefix("www.")
    if parts.path.lower().endswith(AUDIO_SUFFIXES):
        return key + _query(parts.query, FILE_PARAMETERS.search)
    return key + _query(parts.query, lambda name: not TOKEN_PARAMETERS.search(name))


def _query(query: str, counts: Callable[[str], object]) -> str:
    """The parameters that count, in the order of their names."""
    kept = sorted((name, value) for name, value in parse_qsl(query) if counts(name))
    return f"?{urlencode(kept)}" if kept else ""


@lru_cache(maxsize=REMEMBERED)
def file_name(url: str | None) -> str | None:
    """The last part of an address, where it is telling enough to be a file's own name."""
    address, _, query = REDIRECT_BY_QUERY.sub("", url or "").partition("?")
    name = address.rsplit("/", 1)[-1].lower()
    stem = name.rsplit(".", 1)[0]
    if not name.endswith(AUDIO_SUFFIXES) or len(stem) < 5 or VAGUE_FILES.match(stem):
        return None
    return name + _query(query, FILE_PARAMETERS.search)


@lru_cache(maxsize=REMEMBERED)
def title_key(title: str) -> tuple[str, bool]:
    """The title's words without a repeat marker, and whether there was one."""
    without = REPEAT_MARKERS.sub(" ", title)
    return " ".join(normalise_words(without)), without != title


@lru_cache(maxsize=REMEMBERED)
def title_numbers(title: str) -> tuple[str, ...]:
    """The numbers of a title in its order of kinds: digits, then parts and a last word that are numbers in words."""
    words = title_key(title)[0]
    numbers = [number.lstrip("0") or "0" for number in re.findall(r"\d+", words)]
    parts = PART.findall(words)
    for word in parts or words.split()[-1:]:
        if word in NUMBER_WORDS:
            numbers.append(str(NUMBER_WORDS.index(word)))
        elif word in ROMAN_NUMERALS and (parts or len(word) > 1):  # a last "I" is a pronoun
            numbers.append(str(ROMAN_NUMERALS.index(word)))
    return tuple(numbers)


def are_apart(known: KnownEpisode, item: FeedItem) -> bool:
    """The guard: what two copies of one episode cannot differ in."""
    pairs = ((known.season, item.season), (known.episode_number, item.episode_number))
    if have_other_numbers(known, item) or any(a is not None and b is not None and a != b for a, b in pairs):
        return True
    if "trailer" in {known.episode_type, item.episode_type} and known.episode_type != item.episode_type:
        return True
    lengths = sorted((known.duration_seconds or 0.0, item.duration_seconds or 0.0))
    return lengths[0] > 0 and lengths[1] > 1.25 * lengths[0]


def is_reused(known: KnownEpisode, item: FeedItem) -> bool:
    """Whether a guid or file address that two items share was given to one after the other, and proves nothing."""
    if not are_other_editions(known, item):
        return False
    names = file_name(known.audio_url), file_name(item.audio_url)
    is_same_name = bool(names[0]) and names[0] == names[1]
    if known.guid == item.guid:
        if is_same_name:
            return False
    elif known.audio_url and item.audio_url:
        if not any(names):
            return True  # latest.mp3 under another guid on another day
        if is_same_name and have_other_numbers(known, item):
            return True  # newscast.mp3, likewise
    if have_like_titles(known, item) or have_equal_descriptions(known, item):
        return False
    return is_same_name or not have_same_file(known, item)


def have_other_numbers(known: KnownEpisode, item: FeedItem) -> bool:
    """Both titles have numbers, and they differ."""
    numbers = title_numbers(known.title), title_numbers(item.title)
    return all(numbers) and numbers[0] != numbers[1]


def have_same_file(known: KnownEpisode, item: FeedItem) -> bool:
    """The same address, counting redirects and tokens aside."""
    return bool(known.audio_url and item.audio_url) and audio_key(known.audio_url or "") == audio_key(
        item.audio_url or ""
    )


def are_other_editions(known: KnownEpisode, item: FeedItem) -> bool:
    """Dated so far apart that equal titles may be those of a daily show."""
    if not known.published_at or not item.published_at:
        return False
    return abs(known.published_at - item.published_at) > SAME_TIME


def are_seasons_apart(known: KnownEpisode, item: FeedItem) -> bool:
    """Dated further apart than an early-access copy is from its public one."""
    if not known.published_at or not item.published_at:
        return False
    return abs(known.published_at - item.published_at) > SAME_SEASON


def have_like_titles(known: KnownEpisode, item: FeedItem) -> bool:
    """Nearly the same words, in any order."""
    return fuzz.token_sort_ratio(title_key(known.title)[0], title_key(item.title)[0]) >= LIKE_TITLE


def have_equal_length(known: KnownEpisode, item: FeedItem) -> bool:
    """Both lengths are known and the same to two seconds."""
    lengths = known.duration_seconds, item.duration_seconds
    return bool(lengths[0] and lengths[1] and abs(lengths[0] - lengths[1]) <= SAME_DURATION_SECONDS)


def have_unequal_length(known: KnownEpisode, item: FeedItem) -> bool:
    """Both lengths are known and differ."""
    return bool(known.duration_seconds and item.duration_seconds) and not have_equal_length(known, item)


def have_equal_descriptions(known: KnownEpisode, item: FeedItem, words: int = MIN_DESCRIPTION_WORDS) -> bool:
    """Both have show notes of at least ``words`` words, which begin nearly the same."""
    if min(len(known.description.split()), len(item.description.split())) < words:
        return False
    notes = known.description[:COMPARED_CHARACTERS], item.description[:COMPARED_CHARACTERS]
    return fuzz.ratio(*notes, score_cutoff=SAME_DESCRIPTION) >= SAME_DESCRIPTION


def are_long(known: KnownEpisode, item: FeedItem) -> bool:
    """Long talk and long, equal show notes: an equal length is then no chance."""
    return (item.duration_seconds or 0) >= LONG_SECONDS and have_equal_descriptions(known, item, LONG_DESCRIPTION_WORDS)
