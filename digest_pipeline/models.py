"""The nouns of the pipeline, as frozen dataclasses: what one stage hands to the next inside the library.

Between assets, values travel by table (``warehouse/migrations``), never as these objects.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import date, datetime


def stable_id(prefix: str, *parts: str) -> str:
    """A text id that derives from content alone: the same parts give the same id on any machine."""
    digest = hashlib.blake2b("\x1f".join(parts).encode(), digest_size=8).hexdigest()
    return f"{prefix}_{digest}"


@dataclass(frozen=True, slots=True)
class TranscriptLink:
    """One ``podcast:transcript`` element of a feed item."""

    url: str
    type: str
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of an episode as its publisher cut it. ``is_hidden``: left out of the table of contents."""

    start_seconds: float
    title: str
    url: str | None = None
    end_seconds: float | None = None
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom the publisher names. ``role`` and ``group`` are lower case, of the Podcasting 2.0 taxonomy."""

    name: str
    role: str = "host"
    group: str = "cast"


@dataclass(frozen=True, slots=True)
class Soundbite:
    """A highlight that the publisher chose. ``title`` is empty where it has none."""

    start_seconds: float
    duration_seconds: float
    title: str = ""


@dataclass(frozen=True, slots=True)
class FeedItem:
    """What a feed says of one episode.

    ``published_at`` is UTC; ``None`` where the feed has no readable date. ``audio_bytes`` is the enclosure's length as
    announced, ``None`` where it is missing or plainly made up. ``episode_type`` is full, trailer or bonus.
    """

    guid: str | None
    title: str
    published_at: datetime | None
    link: str | None
    audio_url: str | None
    audio_type: str | None
    duration_seconds: float | None
    transcripts: tuple[TranscriptLink, ...]
    chapters_url: str | None
    description: str
    language: str | None
    audio_bytes: int | None = None
    season: int | None = None
    episode_number: float | None = None
    episode_type: str = "full"
    chapters: tuple[Chapter, ...] = ()
    persons: tuple[Person, ...] = ()
    soundbites: tuple[Soundbite, ...] = ()


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """A feed document: the show and its items in the document's order.

    ``moved_to`` is the address that the document itself names as its new one; ``podcast_guid`` names the show wherever
    its feed lies.
    """

    title: str
    link: str | None
    language: str | None
    items: tuple[FeedItem, ...]
    podcast_guid: str | None = None
    moved_to: str | None = None


@dataclass(frozen=True, slots=True)
class Episode:
    """A row of ``raw.episodes`` as the later stages need it.

    ``show`` is the feed's title; ``language`` and ``whisper_model`` are the feed's own setting where it has one, the
    language else what the feed says. Without ``has_own_times`` its transcript's times are estimated from the words.
    """

    episode_id: str
    feed_url: str
    show: str
    title: str
    audio_url: str | None
    link: str | None
    description: str
    duration_seconds: float | None
    language: str | None
    transcripts: tuple[TranscriptLink, ...] = ()
    attempts: int = 0
    chapters: tuple[Chapter, ...] = ()
    persons: tuple[Person, ...] = ()
    soundbites: tuple[Soundbite, ...] = ()
    whisper_model: str | None = None
    audio_bytes: int | None = None
    has_own_times: bool = True


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of transcript as its source cut it. Times are audio seconds; ``speaker`` is ``None`` when unknown, and
    may only tell one voice from another (``transcripts.speakers.is_named``).

    ``doubt`` says why a recogniser's words may not be what was said. ``word_times`` holds start and end of each word of
    ``text`` (split at white space) where the source gives them.
    """

    position: int
    start_seconds: float
    end_seconds: float
    speaker: str | None
    text: str
    is_ad: bool = False
    ad_reason: str | None = None
    doubt: str | None = None
    word_times: tuple[tuple[float, float], ...] = ()

    def seconds_at(self, offset: int, *, is_end: bool = False) -> float:
        """When the text's character ``offset`` is spoken: by the words' times, else interpolated by characters.

        Args:
            offset: in characters from the segment's beginning.
            is_end: ``text[:offset]`` ends there, so the end of its last word is meant, not the start of the next.
        """
        if self.word_times:
            before = len(self.text[:offset].split())
            is_inside = offset > 0 and not self.text[offset - 1].isspace()
            index = before - 1 if is_end or is_inside else before
            return self.word_times[min(max(index, 0), len(self.word_times) - 1)][int(is_end)]
        share = min(1.0, max(0.0, offset / max(1, len(self.text))))
        return self.start_seconds + (self.end_seconds - self.start_seconds) * share


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said in an episode.

    ``real_time_factor`` is compute time over audio time, for recognised speech. Without ``has_own_times`` the times are
    estimated from the words. ``unheard_seconds`` is audio that a publisher's transcript does not account for.
    """

    episode_id: str
    source: str  # "publisher" or "asr"
    model: str | None
    language: str | None
    segments: tuple[Segment, ...]
    audio_sha256: str | None = None
    audio_seconds: float | None = None
    real_time_factor: float | None = None
    note: str | None = None
    has_own_times: bool = True
    unheard_seconds: float | None = None

    @property
    def word_count(self) -> int:
        """Words in all segments, advertisements included."""
        return sum(len(segment.text.split()) for segment in self.segments)


@dataclass(frozen=True, slots=True)
class ClaimCandidate:
    """A span that claims something. ``quote`` is verbatim: a substring of its segments' joined text.

    A language model also gives its ``kind`` (claim, prediction, number, contrarian, how-to) and ``entities``;
    ``quote_score`` (0..100) is how well the quote that it gave was found, ``None`` where it was cut from the talk.
    """

    claim_id: str
    episode_id: str
    headline: str
    explanation: str
    quote: str
    speaker: str | None
    start_seconds: float
    end_seconds: float
    first_position: int
    last_position: int
    worthiness: float
    is_ad: bool
    extractor: str
    model: str | None
    prompt_version: str | None
    rejected_reason: str | None = None
    kind: str | None = None
    entities: tuple[str, ...] = ()
    quote_score: float | None = None


@dataclass(frozen=True, slots=True)
class ScoredInsight:
    """A candidate of a day with its score. ``components`` are in 0..1; ``rank`` is ``None`` when not chosen."""

    claim_id: str
    cluster_id: str | None
    score: float
    components: dict[str, float]
    rank: int | None
    why: str
    why_not: str | None


@dataclass(frozen=True, slots=True)
class DigestItem:
    """One published insight with all that a reader is shown.

    ``said_before`` and ``said_after`` are the talk around the quote, without advertisements; ``language`` is its
    transcript's; ``None``: not known.
    """

    rank: int
    claim_id: str
    headline: str
    explanation: str
    quote: str
    speaker: str | None
    show: str
    episode: str
    start_seconds: float
    end_seconds: float
    audio_url: str | None
    link: str | None
    theme: str | None
    score: float
    components: dict[str, float] = field(default_factory=dict)
    why: str = ""
    theme_id: str | None = None
    said_before: str | None = None
    said_after: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Retraction:
    """A published insight that was taken back: where it stood, and what readers are told instead.

    ``retracted_at`` is UTC, ``retracted_on`` that day in the digest's own time zone.
    """

    claim_id: str
    digest_date: date
    rank: int
    show: str
    episode: str
    retracted_at: datetime
    retracted_on: date
    reason: str


@dataclass(frozen=True, slots=True)
class Digest:
    """What is published for a day: the ``items`` that stand, and those that were taken back. None is a normal day."""

    digest_date: date
    items: tuple[DigestItem, ...]
    episodes: int = 0
    shows: int = 0
    candidates: int = 0
    retracted: tuple[Retraction, ...] = ()

    @property
    def was_read(self) -> bool:
        """Whether readers were shown an insight, once it is published: then no other takes its place."""
        return bool(self.items or self.retracted)


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Who gets the digest. ``address`` is personal and goes nowhere but to the channel's server.

    ``hour`` is local to ``timezone``: from then on a digest is welcome; ``None``: as soon as it is published. With a
    ``weekday`` (0 is Monday) they get the best of a week, on that day. Shows and themes are named by their titles or
    ids. Empty ``interests`` and preferences: the common five.
    """

    subscriber_id: str
    channel: str
    address: str = field(repr=False)
    is_active: bool = False
    timezone: str | None = None
    hour: int | None = None
    weekday: int | None = None
    interests: str = ""
    followed_shows: frozenset[str] = frozenset()
    muted_shows: frozenset[str] = frozenset()
    followed_themes: frozenset[str] = frozenset()
    muted_themes: frozenset[str] = frozenset()

    @property
    def gets_weeks(self) -> bool:
        """Whether they get a week at once."""
        return self.weekday is not None

    @property
    def has_own_taste(self) -> bool:
        """Whether their five may differ from the common five."""
        return bool(
            self.interests or self.followed_shows or self.muted_shows or self.followed_themes or self.muted_themes
        )
