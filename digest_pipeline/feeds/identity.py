"""Which episode is it? Evidence by evidence, so that nothing is digested twice under another guid or address.

Only what feeds say is compared here. The talk itself is compared after transcription (``transcripts.fingerprint``),
which also catches what no feed gives away. Therefore a doubtful case stays apart: a missed copy costs a transcription,
a false merge loses an episode.

Evidence, strongest first; each merge keeps the one that decided as its reason:

1. the same guid in the same feed: the very same row, unless the feed reuses its guids;
2. the same guid in another feed, where it is of a globally unique form (an address, a tag, a UUID);
3. the same audio file: its address without scheme, counting redirects, ``www`` and access tokens;
4. the same file name on another host, with a like title;
5. the same page and a like title, in the same feed;
6. the same title with the same content: file size, or length in seconds, or description. Across feeds the title must
   be telling; where a title comes again and again, as in daily news, or on another day, more is asked.

What keeps two items apart, unless the guid or the file is the same: other numbers in their titles (part 1, part 2),
other season or episode numbers, a trailer and a full episode, lengths that differ by more than a quarter. And a guid
or file address that a publisher gives to one episode after the other (``latest.mp3``) is no evidence.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass

from digest_pipeline.feeds.evidence import (
    GLOBAL_GUID,
    MIN_TELLING_WORDS,
    KnownEpisode,
    are_apart,
    are_long,
    are_other_editions,
    are_seasons_apart,
    audio_key,
    file_name,
    have_equal_descriptions,
    have_equal_length,
    have_like_titles,
    have_unequal_length,
    is_reused,
    title_key,
)
from digest_pipeline.models import FeedItem, stable_id

MOST_EDITIONS = 20  # a guid that one feed gave to more episodes names none of them
MOST_ALIKE = 100  # what more episodes than that share tells them apart no better; each new one is compared with all


@dataclass(frozen=True, slots=True)
class Match:
    """The stored episode that an item is, and why. ``is_same_row``: the item is the very row, not a second copy."""

    episode_id: str
    reason: str
    is_same_row: bool


def episode_id_of(feed_url: str, item: FeedItem, *, guid_is_reused: bool = False) -> str:
    """The id of a new episode: from its feed and guid, else its audio, else its title and date."""
    own = item.guid or item.audio_url
    if own and guid_is_reused:
        own = f"{own}\x1f{item.audio_url}\x1f{item.published_at}"
    return stable_id("ep", feed_url, own or f"{item.title}\x1f{item.published_at or ''}")


_By = defaultdict[Hashable, list[KnownEpisode]]


def _keep(alike: list[KnownEpisode], episode: KnownEpisode, most: int = MOST_ALIKE) -> None:
    """Add the latest; of more than can be compared, the oldest goes."""
    alike.append(episode)
    if len(alike) > most:
        del alike[0]


class EpisodeIndex:
    """Stored episodes by the evidence that identifies them; constant time per item."""

    def __init__(self, known: Iterable[KnownEpisode] = ()) -> None:
        self._by_guid: _By = defaultdict(list)
        self._by_global_guid: _By = defaultdict(list)
        self._by_audio: _By = defaultdict(list)
        self._by_file: _By = defaultdict(list)
        self._by_link: _By = defaultdict(list)
        self._by_title: _By = defaultdict(list)
        self._by_id: dict[str, KnownEpisode] = {}
        for episode in known:
            self.add(episode)

    def __contains__(self, episode_id: str) -> bool:
        return episode_id in self._by_id

    def add(self, episode: KnownEpisode) -> None:
        """Make an episode findable; the first one with some evidence comes first."""
        self._by_id[episode.episode_id] = episode
        _keep(self._by_guid[episode.feed_url, _own_name(episode)], episode, MOST_EDITIONS)
        if episode.guid and GLOBAL_GUID.match(episode.guid):
            _keep(self._by_global_guid[episode.guid], episode)
        if episode.audio_url:
            _keep(self._by_audio[audio_key(episode.audio_url)], episode)
            if name := file_name(episode.audio_url):
                _keep(self._by_file[name], episode)
        if episode.link:
            _keep(self._by_link[episode.feed_url, episode.link], episode)
        if not episode.duplicate_of:
            _keep(self._by_title[title_key(episode.title)[0]], episode)

    def find(self, feed_url: str, item: FeedItem) -> Match | None:
        """The stored episode that ``item`` is, if any, by the strongest evidence that no guard speaks against."""
        if same := self.find_row(feed_url, item):
            return Match(same.episode_id, "same guid", is_same_row=True)
        for known, reason in self._evidence(feed_url, item):
            original = known.duplicate_of or known.episode_id
            return Match(original, f"{reason} as {original}", is_same_row=False)
        return None

    def find_row(self, feed_url: str, item: FeedItem) -> KnownEpisode | None:
        """The stored episode of the same feed and guid, unless the feed gave that guid to another one since."""
        known = self._by_guid.get((feed_url, _own_name(item)), [])
        if len(known) == MOST_EDITIONS:  # some may have been let go: those are known by the ids that the item would get
            ids = (episode_id_of(feed_url, item, guid_is_reused=reused) for reused in (True, False))
            known = [*(self._by_id[key] for key in ids if key in self._by_id), *known]
        return next((same for same in known if not is_reused(same, item)), None)

    def _evidence(self, feed_url: str, item: FeedItem) -> Iterator[tuple[KnownEpisode, str]]:
        is_telling = len(title_key(item.title)[0].split()) >= MIN_TELLING_WORDS
        for known in self._by_global_guid.get(item.guid or "", ()):
            if known.feed_url != feed_url and not is_reused(known, item):
                yield known, "same globally unique guid"
        if item.audio_url:
            for known in self._by_audio.get(audio_key(item.audio_url), ()):
                if not is_reused(known, item):
                    yield known, "same audio file"
            for known in self._by_file.get(file_name(item.audio_url) or "", ()):
                may_be = known.feed_url == feed_url or is_telling
                if may_be and have_like_titles(known, item) and not are_apart(known, item):
                    yield known, "same file name and title"
        for known in self._by_link.get((feed_url, item.link or ""), ()):
            if have_like_titles(known, item) and not are_apart(known, item) and not are_other_editions(known, item):
                yield known, "same page and title"
        yield from self._same_title(feed_url, item, is_telling=is_telling)

    def _same_title(self, feed_url: str, item: FeedItem, *, is_telling: bool) -> Iterator[tuple[KnownEpisode, str]]:
        key, is_marked = title_key(item.title)
        titled = self._by_title.get(key, ())
        feeds = [known.feed_url for known in titled]
        recurs = len(set(feeds)) < len(feeds)  # one feed uses this title more than once
        for known in titled:
            is_own, other_day = known.feed_url == feed_url, are_other_editions(known, item)
            if are_apart(known, item) or (recurs and other_day) or not (is_own or is_telling):
                continue
            is_repeat = is_marked or title_key(known.title)[1]
            where = "" if is_own else " in another feed"
            has_same_size = known.audio_bytes and known.audio_bytes == item.audio_bytes
            if has_same_size and (is_repeat or not (is_own and other_day)):  # a daily show's days may be as long
                yield known, f"same title and file size{where}"
            elif (is_own and other_day and not is_repeat) or (not is_own and are_seasons_apart(known, item)):
                if have_equal_length(known, item) and are_long(known, item):
                    yield known, f"same title, long description and length{where}"
            elif have_equal_descriptions(known, item) and (is_repeat or not have_unequal_length(known, item)):
                yield known, f"same title and description{where}"
            elif have_equal_length(known, item):
                yield known, f"same title and length{where}"


def _own_name(episode: KnownEpisode | FeedItem) -> str:
    return episode.guid or episode.audio_url or episode.title
