"""Readers of the formats in which transcripts are published: VTT, SRT, Podcasting 2.0 JSON, HTML and plain text.

Each turns a document into cues as the document has them, with its line breaks and its own labels of who speaks;
``labels`` and ``cues`` put right what is not as it should be. Formats:
https://github.com/Podcastindex-org/podcast-namespace/blob/main/transcripts/transcripts.md
"""

import re
from dataclasses import replace

import srt
import webvtt
from pydantic import ValidationError

from digest_pipeline.errors import TranscriptError
from digest_pipeline.transcripts.publisher.cues import Cue
from digest_pipeline.transcripts.publisher.formats.captions import read_srt, read_vtt
from digest_pipeline.transcripts.publisher.formats.markup import CLOCK, TO
from digest_pipeline.transcripts.publisher.formats.pages import read_html
from digest_pipeline.transcripts.publisher.formats.podcast_json import read_json
from digest_pipeline.transcripts.publisher.formats.text import read_text

READERS = {"json": read_json, "vtt": read_vtt, "srt": read_srt, "html": read_html, "text": read_text}
TIME_WITHIN = re.compile(rf"[^\S\n]*\[{CLOCK}(?:{TO}{CLOCK})?\]")  # in the middle of what is said
MAX_SAID = 120  # letters
# A cue that is nothing else: [music], (applause), *laughs*, ♪ la la ♪, or several of them. What was taken is not tried
# in another way (++): rows of notes would take for ever.
SOUND = re.compile(r"(?:(?:\[[^\]]{0,40}\]|\([^)]{0,40}\)|\*[^*]{1,40}\*|[♪♫][^♪♫]{0,40}[♪♫]|[♪♫])\s*)++")


def read_document(text: str, kind: str) -> list[Cue]:
    """The cues of a document, in its own order.

    A cue without words says who speaks, or when, in what follows it.

    Raises:
        TranscriptError: it is not what ``kind`` says.
    """
    try:
        cues = [replace(cue, text=TIME_WITHIN.sub("", cue.text)) for cue in READERS[kind](text)]
    except (ValidationError, webvtt.errors.MalformedFileError, srt.SRTParseError, ValueError) as error:
        raise TranscriptError(f"the transcript is not valid {kind.upper()}: {_said(error)}") from error
    return [cue for cue in cues if not SOUND.fullmatch(cue.text) and (cue.text or cue.end is None)]


def _said(error: Exception) -> str:
    """What a reader has against a document, in a line: some readers add the document."""
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{first['msg']} at {'.'.join(map(str, first['loc']))}" if first["loc"] else first["msg"]
    return str(error)[:MAX_SAID] or type(error).__name__
