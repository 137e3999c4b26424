"""Publishers' transcripts: VTT, SRT, Podcasting 2.0 JSON, HTML and plain text become ``Segment`` tuples.

Formats: https://github.com/Podcastindex-org/podcast-namespace/blob/main/transcripts/transcripts.md
"""

import html
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import srt
import webvtt
from bs4 import BeautifulSoup
from pydantic import BaseModel, Field, ValidationError

from digest_pipeline.errors import TranscriptError
from digest_pipeline.models import Segment, TranscriptLink

WORDS_PER_SECOND = 2.5  # the pace of talk, for text without times
MIN_WORDS = 20
MIN_ROLLING_CHARACTERS = 8  # a shorter cue may well be said twice
KINDS = {  # content type or file ending -> format; the order is the order of preference: times and speakers first
    "application/json": "json",
    "application/podcastindex+json": "json",
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
PREFERENCE = ("json", "vtt", "srt", "html", "text")
SPEAKER_PREFIX = re.compile(r"^\s*(?:\[|\*\*)?([A-Z][\w.'’\-]*(?: [\w.'’\-]+){0,3})(?:\]|\*\*)?:(?:\*\*)?\s+(?=\S)")
TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class _Cue:
    start: float
    end: float
    speaker: str | None
    text: str


class _JsonSegment(BaseModel):
    speaker: str | None = None
    start: float = Field(alias="startTime", ge=0)
    end: float | None = Field(default=None, alias="endTime", ge=0)
    body: str


class _JsonTranscript(BaseModel):
    segments: list[_JsonSegment]


def kind_of(link: TranscriptLink) -> str | None:
    """The format of a transcript by its declared type, else by the ending of its address."""
    declared = link.type.split(";")[0].strip().lower()
    ending = next((e for e in KINDS if e.startswith(".") and link.url.split("?")[0].lower().endswith(e)), "")
    return KINDS.get(declared) or KINDS.get(ending)


def in_order_of_preference(links: Iterable[TranscriptLink], language: str | None) -> list[TranscriptLink]:
    """Readable transcripts, the episode's own language first, then by what carries times and speakers."""

    def rank(link: TranscriptLink) -> tuple[bool, int]:
        own = not link.language or not language or link.language.lower().startswith(language)
        return not own, PREFERENCE.index(kind_of(link) or "text")

    return sorted((link for link in links if kind_of(link)), key=rank)


def parse_transcript(body: bytes, kind: str, *, duration_seconds: float | None = None) -> tuple[Segment, ...]:
    """Read a transcript.

    Args:
        body: the document as received.
        kind: ``json``, ``vtt``, ``srt``, ``html`` or ``text``.
        duration_seconds: of the episode, when known: a transcript that covers under half of it is refused.

    Raises:
        TranscriptError: it is empty, not what ``kind`` says, or covers too little; the message says which.
    """
    text = body.decode("utf-8-sig", "replace").replace("\r\n", "\n")
    try:
        cues = [cue for cue in _READERS[kind](text) if cue.text]
    except (ValidationError, webvtt.errors.MalformedFileError, srt.SRTParseError, ValueError) as error:
        first_line = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TranscriptError(f"the transcript is not valid {kind.upper()}: {first_line}") from error
    cues = _without_repeats(cues)
    words = sum(len(cue.text.split()) for cue in cues)
    if words < MIN_WORDS:
        raise TranscriptError(f"the {kind.upper()} transcript has {words} words")
    if duration_seconds and cues[-1].end < duration_seconds / 2 and kind != "text":
        raise TranscriptError(f"the transcript ends at {cues[-1].end:.0f} s of {duration_seconds:.0f} s")
    return tuple(Segment(i, cue.start, cue.end, cue.speaker, cue.text) for i, cue in enumerate(cues))


def _read_json(text: str) -> Iterator[_Cue]:
    rows = _JsonTranscript.model_validate_json(text).segments
    for row, following in zip(rows, [*rows[1:], None], strict=False):
        end = row.end if row.end is not None else following.start if following else row.start
        yield _Cue(row.start, max(end, row.start), _name(row.speaker), _clean(row.body))


def _read_vtt(text: str) -> Iterator[_Cue]:
    for caption in webvtt.from_buffer(io.StringIO(text)):
        speaker, spoken = _name(caption.voice), _clean(caption.raw_text)
        if not speaker:
            speaker, spoken = _split_speaker(spoken)
        yield _Cue(caption.start_in_seconds, caption.end_in_seconds, speaker, spoken)


def _read_srt(text: str) -> Iterator[_Cue]:
    for subtitle in srt.parse(text):
        speaker, spoken = _split_speaker(_clean(subtitle.content))
        yield _Cue(subtitle.start.total_seconds(), subtitle.end.total_seconds(), speaker, spoken)


def _read_html(text: str) -> Iterator[_Cue]:
    soup = BeautifulSoup(text, "html.parser")
    for tag in soup(["script", "style", "head", "nav"]):
        tag.decompose()
    speaker: str | None = None
    start: float | None = None
    timed: list[tuple[float | None, str | None, str]] = []
    for tag in soup.find_all(["cite", "time", "p", "li", "blockquote"]):
        spoken = _clean(tag.get_text(" "))
        if tag.name == "cite":
            speaker = _name(spoken.rstrip(":"))
        elif tag.name == "time":
            start = _clock(spoken)
        elif spoken:
            named, spoken = _split_speaker(spoken)
            speaker = named or speaker
            timed.append((start, speaker, spoken))
            start = None
    yield from _with_times(timed)


def _read_text(text: str) -> Iterator[_Cue]:
    speaker: str | None = None
    turns: list[tuple[float | None, str | None, str]] = []
    for block in re.split(r"\n\s*\n", text):
        named, spoken = _split_speaker(_clean(block))
        speaker = named or speaker
        turns.append((None, speaker, spoken))
    yield from _with_times(turns)


def _with_times(turns: list[tuple[float | None, str | None, str]]) -> Iterator[_Cue]:
    """Ends, and starts where the source gives none, from the pace of talk; never past the next known start."""
    now = 0.0
    for i, (start, speaker, spoken) in enumerate(turns):
        now = start if start is not None and start >= now else now
        end = now + len(spoken.split()) / WORDS_PER_SECOND
        following = turns[i + 1][0] if i + 1 < len(turns) else None
        if following is not None and following > now:
            end = following
        yield _Cue(now, end, speaker, spoken)
        now = end


def _without_repeats(cues: list[_Cue]) -> list[_Cue]:
    """Live captions roll: each cue repeats the one before and adds a line. Keep what each one adds."""
    kept: list[_Cue] = []
    for before, cue in pairwise([None, *cues]):
        if cue is None:
            continue
        said = cue.text
        if before and before.speaker == cue.speaker and cue.start <= before.end + 1:
            if said == before.text:
                continue
            if len(before.text) > MIN_ROLLING_CHARACTERS and said.startswith(f"{before.text} "):
                said = said.removeprefix(before.text).strip()
        kept.append(_Cue(cue.start, cue.end, cue.speaker, said))
    return kept


def _split_speaker(text: str) -> tuple[str | None, str]:
    match = SPEAKER_PREFIX.match(text)
    return (_name(match[1]), text[match.end() :]) if match else (None, text)


def _name(text: str | None) -> str | None:
    name = " ".join((text or "").split())
    return name if name and name.lower() not in {"speaker", "unknown", "none"} else None


def _clean(text: str) -> str:
    """Markup and entities removed, white space folded. What is left is text: it is escaped where it is shown."""
    return " ".join(html.unescape(TAG.sub(" ", text)).replace("\u200b", "").split())


def _clock(text: str) -> float | None:
    match = re.fullmatch(r"[\[(]?(?:(\d+):)?(\d+):(\d\d(?:\.\d+)?)[\])]?", text.strip())
    if not match:
        return None
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds


_READERS = {"json": _read_json, "vtt": _read_vtt, "srt": _read_srt, "html": _read_html, "text": _read_text}
