"""Readers of the formats in which transcripts are published: VTT, SRT, Podcasting 2.0 JSON, HTML and plain text.

Each turns a document into cues as the document has them; ``cues`` puts right what is not as it should be. Formats:
https://github.com/Podcastindex-org/podcast-namespace/blob/main/transcripts/transcripts.md
"""

import html
import io
import re
from collections.abc import Iterator

import srt
import webvtt
from bs4 import BeautifulSoup
from bs4.element import NavigableString, Tag
from pydantic import BaseModel, Field, ValidationError

from digest_pipeline.errors import TranscriptError
from digest_pipeline.transcripts.cues import Cue, name_of

TAG = re.compile(r"</?[a-zA-Z][^>]*>|<\d\d:[\d:.]+>|\{\\[^}]*\}")
VOICE = re.compile(r"<v(?:\.[\w.]+)*\s+([^>]+)>")
SOUND = re.compile(r"[\[(♪♫*][^\])]{0,40}[\])♪♫*]|[♪♫]+")  # a cue that is nothing else: [music], (applause)
CLOCK = r"(?:(?:\d{1,2}:)?\d{1,3}:\d\d(?:[.,]\d+)?)"
HEAD_CLOCK = re.compile(rf"^[\[(]?({CLOCK})[\])]?(?:\s*(?:-->|[-–—])\s*[\[(]?{CLOCK}[\])]?)?:?\s*")
HEAD_NAME_CLOCK = re.compile(
    rf"^[*_]{{0,2}}([^\W\d_][^:\n\[\]()*]{{0,59}}?)[*_]{{0,2}}\s*[:,\-–—]?\s*"
    rf"(?:[\[(]({CLOCK})[\])]:?\s*|\s({CLOCK})(?::\s+|\s*\n|$))"
)
BLOCKS = frozenset(
    {"p", "div", "li", "ul", "ol", "blockquote", "br", "tr", "td", "dt", "dd", "section", "article", "h3", "h4", "body"}
)
NOT_TALK = ("script", "style", "head", "nav", "header", "footer", "form", "button", "h1", "h2")


class _JsonSegment(BaseModel):
    speaker: str | None = None
    start: float | None = Field(default=None, alias="startTime", ge=0)
    end: float | None = Field(default=None, alias="endTime", ge=0)
    body: str


class _JsonTranscript(BaseModel):
    segments: list[_JsonSegment]


def read_document(text: str, kind: str) -> list[Cue]:
    """The cues of a document, in its own order.

    Raises:
        TranscriptError: it is not what ``kind`` says.
    """
    try:
        return [cue for cue in READERS[kind](text) if cue.text and not SOUND.fullmatch(cue.text)]
    except (ValidationError, webvtt.errors.MalformedFileError, srt.SRTParseError, ValueError) as error:
        first_line = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TranscriptError(f"the transcript is not valid {kind.upper()}: {first_line}") from error


def clean(text: str) -> str:
    """Markup and entities removed, white space folded. What is left is text: it is escaped where it is shown."""
    return " ".join(html.unescape(TAG.sub(" ", text)).replace("\u200b", "").replace("\ufeff", "").split())


def seconds(clock: str) -> float:
    """``1:02:03.5``, ``62:03`` or ``2:03`` as seconds."""
    total = 0.0
    for part in clock.replace(",", ".").split(":"):
        total = total * 60 + float(part)
    return total


def _read_json(text: str) -> Iterator[Cue]:
    for row in _JsonTranscript.model_validate_json(text).segments:
        yield Cue(clean(row.body), name_of(row.speaker), row.start, row.end)


def _read_vtt(text: str) -> Iterator[Cue]:
    for caption in webvtt.from_buffer(io.StringIO(text)):
        start, end = (t.in_milliseconds() / 1000 for t in (caption.start_time, caption.end_time))
        # Two voices may share a cue: what stands before the first is nobody's.
        before, *voices = VOICE.split(caption.raw_text)
        if clean(before):
            yield Cue(clean(before), None, start, end)
        for speaker, spoken in zip(voices[::2], voices[1::2], strict=True):
            yield Cue(clean(spoken), name_of(html.unescape(speaker)), start, end)


def _read_srt(text: str) -> Iterator[Cue]:
    for subtitle in srt.parse(text):
        yield Cue(clean(subtitle.content), None, subtitle.start.total_seconds(), subtitle.end.total_seconds())


def _read_html(text: str) -> Iterator[Cue]:
    """Paragraphs under the ``cite`` and ``time`` before them; in pages without these, under what they begin with."""
    soup = BeautifulSoup(text, "html.parser")
    for tag in soup(NOT_TALK):
        tag.decompose()
    has_markup = soup.find(["cite", "time"]) is not None
    speaker: str | None = None
    start: float | None = None
    words = ""
    for name, content in [*_events(soup), ("break", "")]:
        if name == "text":
            words += content
            continue
        if clean(words):
            yield Cue(clean(words), speaker, start) if has_markup else _headed(words.strip())
            start = None
        words = ""
        if name == "cite":
            speaker = name_of(clean(content))
        elif name == "time" and re.fullmatch(CLOCK, clock := clean(content).strip("[]()")):
            start = seconds(clock)


def _events(node: Tag) -> Iterator[tuple[str, str]]:
    """Text, and what interrupts it, in document order."""
    for child in node.children:
        if isinstance(child, Tag):
            if child.name in ("cite", "time"):
                yield child.name, child.get_text(" ")
                continue
            if child.name in BLOCKS:
                yield "break", ""
            yield from _events(child)
            if child.name in BLOCKS:
                yield "break", ""
        elif type(child) is NavigableString:
            yield "text", html.escape(str(child), quote=False)


def _read_text(text: str) -> Iterator[Cue]:
    for block in re.split(r"\n\s*\n", text):
        yield _headed(block.strip())


def _headed(block: str) -> Cue:
    """A paragraph whose first words may be its time, or its speaker and time: ``[0:12] Ann: ...`` or ``Ann  0:12``."""
    if match := HEAD_NAME_CLOCK.match(block):
        return Cue(clean(block[match.end() :]), name_of(match[1]), seconds(match[2] or match[3]))
    if match := HEAD_CLOCK.match(block):
        return Cue(clean(block[match.end() :]), None, seconds(match[1]))
    return Cue(clean(block))


READERS = {"json": _read_json, "vtt": _read_vtt, "srt": _read_srt, "html": _read_html, "text": _read_text}
