"""Publishers' transcripts: which one to take, what it says, and whether it is the transcript of this episode."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from digest_pipeline.errors import TranscriptError
from digest_pipeline.models import Episode, Segment, Transcript, TranscriptLink
from digest_pipeline.transcripts.languages import whisper_code
from digest_pipeline.transcripts.publisher.charsets import decoded
from digest_pipeline.transcripts.publisher.cue_times import trusted, with_times
from digest_pipeline.transcripts.publisher.cues import (
    WORDS_PER_SECOND,
    Cue,
    cut_at_sentences,
    gathered,
    without_repeats,
)
from digest_pipeline.transcripts.publisher.formats import read_document
from digest_pipeline.transcripts.publisher.labels import with_speakers
from digest_pipeline.words import count_words, normalise_words

MIN_WORDS = 20  # of a transcript that does not show how long it is
MIN_COVER = 0.5  # share of the episode
MAX_COVER = 1.2  # beyond it, and by more than a minute, the transcript is of a longer episode
MIN_WORDS_PER_SECOND = 0.5
MAX_WORDS_PER_SECOND = 5.0
UNHEARD_SECONDS = 30.0  # audio beyond the transcript's end that is worth a note
MIN_NAMES = 4  # in an episode's title and notes: enough to tell by
MIN_SAID = 0.2  # of these names; on 60 real episodes the lowest share was 0.25
NOTES_CHARACTERS = 1500  # where notes are longer, the rest is links
KINDS = {  # content type or file ending -> format
    "application/json": "json",
    "application/podcastindex+json": "json",
    "application/json+podcastindex": "json",
    ".json": "json",
    "text/vtt": "vtt",
    ".vtt": "vtt",
    "application/srt": "srt",
    "application/x-subrip": "srt",
    "text/srt": "srt",
    ".srt": "srt",
    "text/html": "html",
    ".html": "html",
    ".htm": "html",
    "text/plain": "text",
    ".txt": "text",
}
PREFERENCE = ("json", "vtt", "srt", "html", "text")  # times and speakers first
# Where to listen, follow and pay stands in notes of every subject.
PLACES = frozenset(
    normalise_words(
        "acast amazon apple audible bluesky castbox deezer discord facebook google instagram linkedin mastodon "
        "music overcast patreon paypal pocket podcast podcasts spotify stitcher substack telegram threads tiktok "
        "twitch twitter whatsapp youtube"
    )
)
NAME = re.compile(r"(?<![.!?:] )(?<!^)\b[A-Z][\w'’-]{3,}")


@dataclass(frozen=True, slots=True)
class Published:
    """A publisher's transcript. ``has_own_times`` is false where times were estimated from the words."""

    segments: tuple[Segment, ...]
    has_own_times: bool


def kind_of(link: TranscriptLink) -> str | None:
    """The format of a transcript by its declared type, else by the ending of its address."""
    declared = link.type.split(";")[0].strip().lower()
    ending = next((e for e in KINDS if e.startswith(".") and link.url.split("?")[0].lower().endswith(e)), "")
    return KINDS.get(declared) or KINDS.get(ending)


def in_order_of_preference(links: Iterable[TranscriptLink], language: str | None) -> list[TranscriptLink]:
    """Readable transcripts, the episode's own language first, then by what carries times and speakers."""

    def rank(link: TranscriptLink) -> tuple[bool, int]:
        return is_translation(link, language), PREFERENCE.index(kind_of(link) or "text")

    return sorted((link for link in links if kind_of(link)), key=rank)


def is_translation(link: TranscriptLink, language: str | None) -> bool:
    """Whether a transcript is declared to be in another language than its episode."""
    if not link.language or not language:
        return False
    return _primary(link.language) != _primary(language)


def published_transcript(body: bytes, link: TranscriptLink, episode: Episode, charset: str | None = None) -> Transcript:
    """The transcript of an episode from the document behind one of its links, or the reason why it will not do.

    ``charset`` is what its server says that it is written in.

    Raises:
        TranscriptError: it is empty, not what its type says, covers too little, or is of another episode.
    """
    language = link.language or episode.language
    published = parse_transcript(
        body,
        kind_of(link) or "text",
        duration_seconds=episode.duration_seconds,
        language=language,
        people=[person.name for person in episode.persons],
        charset=charset,
    )
    check_belongs(published, episode)
    unheard = unheard_seconds(published, episode.duration_seconds)
    notes = (
        None if published.has_own_times else "times are estimated from the words",
        unheard and f"the audio runs {unheard:.0f} s longer, as with inserted ads: times may be early by that",
    )
    return Transcript(
        episode.episode_id,
        "publisher",
        None,
        language,
        published.segments,
        note="; ".join(note for note in notes if note) or None,
        has_own_times=published.has_own_times,
        unheard_seconds=unheard,
    )


def parse_transcript(
    body: bytes,
    kind: str,
    *,
    duration_seconds: float | None = None,
    language: str | None = None,
    people: Sequence[str] = (),
    charset: str | None = None,
) -> Published:
    """Read a transcript.

    Args:
        body: the document as received.
        kind: ``json``, ``vtt``, ``srt``, ``html`` or ``text``, as declared. What the document plainly is wins.
        duration_seconds: of the episode, when known: what untimed text is laid out over.
        language: of the transcript, for its sentences.
        people: whom the publisher names as persons of the episode.
        charset: in which its server says that it is written.

    Raises:
        TranscriptError: it is empty or not what ``kind`` says; the message says which.
    """
    text = decoded(body, charset)
    kind = _plainly(text, kind) or kind
    cues: Sequence[Cue] = gathered(with_speakers(without_repeats(read_document(text, kind)), people))
    words = sum(count_words(cue.text) for cue in cues)
    last = max((cue.end or cue.start or 0.0 for cue in cues), default=0.0)
    if not words or (words < MIN_WORDS and words < last * MIN_WORDS_PER_SECOND + (last == 0.0) * MIN_WORDS):
        raise TranscriptError(f"the {kind.upper()} transcript has {words} words")
    cues = trusted(cues)
    has_own_times = sum(cue.start is not None for cue in cues) > len(cues) / 2
    timed = cut_at_sentences(with_times(cues, duration_seconds), language)
    segments = tuple(
        Segment(i, round(cue.start or 0.0, 3), round(cue.end or 0.0, 3), cue.speaker, cue.text)
        for i, cue in enumerate(timed)
    )
    return Published(segments, has_own_times)


def check_belongs(published: Published, episode: Episode) -> None:
    """Refuse a transcript that cannot be this episode's: too little of it, too much, or about other people and things.

    Raises:
        TranscriptError: saying why.
    """
    words = sum(count_words(segment.text) for segment in published.segments)
    end = published.segments[-1].end_seconds if published.has_own_times else words / WORDS_PER_SECOND
    duration = episode.duration_seconds or end  # its own: milliseconds that are called seconds show in it as well
    if end < duration * MIN_COVER or words < duration * MIN_COVER * MIN_WORDS_PER_SECOND:
        raise TranscriptError(f"the transcript covers {end:.0f} s of {duration:.0f} s with {words} words")
    is_longer = published.has_own_times and end > duration * MAX_COVER and end > duration + 60
    if is_longer or words > duration * MAX_WORDS_PER_SECOND:
        raise TranscriptError(
            f"the transcript is of another episode: it runs to {end:.0f} s of {duration:.0f} s with {words} words"
        )
    names = _names(episode)
    said = set(normalise_words(" ".join(segment.text for segment in published.segments)))
    said |= {word for s in published.segments for word in normalise_words(s.speaker or "")}
    letters = "".join(said)
    is_latin = sum(map(str.isascii, letters)) > len(letters) / 2  # as the names are: others write them in their own
    if is_latin and len(names) >= MIN_NAMES and len(names & said) < MIN_SAID * len(names):
        some = ", ".join(sorted(names - said)[:4])
        raise TranscriptError(f"the transcript is of another episode: it never says {some}")


def unheard_seconds(published: Published, duration_seconds: float | None) -> float | None:
    """Audio that the transcript does not account for: what a server inserted, most often advertisements.

    Where it was inserted nobody says, so the transcript's times may be early by as much.
    """
    if not duration_seconds or not published.has_own_times:
        return None
    beyond = duration_seconds - published.segments[-1].end_seconds
    return round(beyond, 1) if beyond > UNHEARD_SECONDS else None


def _names(episode: Episode) -> set[str]:
    """Words that are spelled as names in an episode's title and notes, without those of its show and of platforms."""
    written = f"{episode.title} . {episode.description[:NOTES_CHARACTERS]}"
    words = {word for match in NAME.finditer(written) for word in normalise_words(match[0]) if word.isalpha()}
    return words - PLACES - set(normalise_words(episode.show))


def _primary(language: str) -> str:
    return whisper_code(language) or language.lower().replace("_", "-").split("-")[0]


def _plainly(text: str, declared: str) -> str | None:
    """What a document is by its first characters: servers and feeds often declare another type."""
    start = text[:400].lstrip()
    if start.startswith("WEBVTT"):
        return "vtt"
    if start[:1] != "<" and re.search(r"^(?:\d+:)?\d+:\d\d[,.]\d+ -->", start, re.MULTILINE):
        return "srt"
    if declared == "text" and re.match(r"<(?:[!?]|html|head|body|div|p|cite|section|article)\b", start, re.IGNORECASE):
        return "html"  # where captions are declared, a page is most likely an error or a login
    return "json" if re.match(r'(?:\[\s*)?\{\s*"', start) else None
