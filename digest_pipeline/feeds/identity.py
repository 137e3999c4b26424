"""Which episode is it? Evidence by evidence, so that nothing is digested twice under another guid or address.

Only what a feed says is compared here. The talk itself is compared after transcription
(``transcripts.fingerprint``), which also catches what no feed gives away.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from rapidfuzz import fuzz

from digest_pipeline.models import FeedItem, normalise_words, stable_id

# Hosts that count downloads and redirect to the real file; the file's address follows in the path.
TRACKING_HOSTS = re.compile(
    r"^(?:(?:www\.)?(?:podtrac\.com/pts/redirect\.\w+|dts\.podtrac\.com/redirect\.\w+|chtbl\.com/track/\w+"
    r"|pdst\.fm/e|chrt\.fm/track/\w+|op3\.dev/e(?:,[^/]*)?|verifi\.podscribe\.com/rss/p|pscrb\.fm/rss/p"
    r"|mgln\.ai/e/\w+|arttrk\.com/p/\w+|tracking\.swap\.fm/track/\w+))/",
    re.IGNORECASE,
)
REPEAT_MARKERS = re.compile(
    r"\(?\b(?:re-?releas(?:e|ed)|re-?run|re-?broadcast|re-?publish(?:ed)?|re-?upload(?:ed)?|encore(?: presentation)?"
    r"|from the archives?|best of|repeat|replay|fixed audio|corrected|updated)\b\)?",
    re.IGNORECASE,
)
MIN_DESCRIPTION_WORDS = 8
SAME_DESCRIPTION = 90.0  # rapidfuzz ratio, 0..100
SAME_DURATION_SECONDS = 2.0


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


@dataclass(frozen=True, slots=True)
class Match:
    """The stored episode that an item is, and why. ``is_same_row``: the item is the very row, not a second copy."""

    episode_id: str
    reason: str
    is_same_row: bool


def audio_key(url: str) -> str:
    """The address of a file without scheme, query, tracking prefixes and letter case of the host."""
    parts = urlsplit(url)
    key = f"{(parts.hostname or '').removeprefix('www.')}{f':{parts.port}' if parts.port else ''}{parts.path}"
    while (shorter := TRACKING_HOSTS.sub("", key)) != key:
        key = re.sub(r"^https?:/*", "", shorter)
    return key


def title_key(title: str) -> tuple[str, bool]:
    """The title's words without a repeat marker, and whether there was one."""
    without = REPEAT_MARKERS.sub(" ", title)
    return " ".join(normalise_words(without)), without != title


def episode_id_of(feed_url: str, item: FeedItem) -> str:
    """The id of a new episode: from its feed and guid, else its audio, else its title."""
    return stable_id("ep", feed_url, item.guid or item.audio_url or item.title)


class EpisodeIndex:
    """Stored episodes by the evidence that identifies them; built once per scan, constant time per item."""

    def __init__(self, known: Iterable[KnownEpisode]) -> None:
        self._by_guid: dict[tuple[str, str], KnownEpisode] = {}
        self._by_audio: dict[str, KnownEpisode] = {}
        self._by_title: dict[tuple[str, str], list[KnownEpisode]] = {}
        for episode in known:
            self.add(episode)

    def add(self, episode: KnownEpisode) -> None:
        """Make an episode findable; the first one with some evidence keeps it."""
        self._by_guid.setdefault((episode.feed_url, episode.guid or episode.audio_url or episode.title), episode)
        if episode.audio_url:
            self._by_audio.setdefault(audio_key(episode.audio_url), episode)
        self._by_title.setdefault((episode.feed_url, title_key(episode.title)[0]), []).append(episode)

    def find(self, feed_url: str, item: FeedItem) -> Match | None:
        """The stored episode that ``item`` is, if any.

        In this order: the same guid in the same feed; the same audio file; in the same feed the same title (a repeat
        marker aside) with the same description or duration. Equal titles alone prove nothing: daily news has them.
        """
        if same := self._by_guid.get((feed_url, item.guid or item.audio_url or item.title)):
            return Match(same.episode_id, "same guid", is_same_row=True)
        if item.audio_url and (same := self._by_audio.get(audio_key(item.audio_url))):
            return Match(same.episode_id, f"same audio file as {same.episode_id}", is_same_row=False)
        key, is_marked = title_key(item.title)
        for candidate in self._by_title.get((feed_url, key), ()):
            if reason := _same_content(candidate, item, is_marked):
                return Match(candidate.episode_id, f"{reason} as {candidate.episode_id}", is_same_row=False)
        return None


def _same_content(known: KnownEpisode, item: FeedItem, is_marked: bool) -> str | None:
    long_enough = min(len(known.description.split()), len(item.description.split())) >= MIN_DESCRIPTION_WORDS
    alike = fuzz.ratio(known.description, item.description) >= SAME_DESCRIPTION if long_enough else False
    lengths = known.duration_seconds, item.duration_seconds
    equal_length = bool(lengths[0] and lengths[1] and abs(lengths[0] - lengths[1]) <= SAME_DURATION_SECONDS)
    if alike and (is_marked or equal_length or not all(lengths)):
        return "same title and description"
    if equal_length and is_marked:
        return "same title and duration"
    return None
