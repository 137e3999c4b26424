"""Readers of captions: VTT (https://www.w3.org/TR/webvtt1/) and SRT.

Files are full of times that the formats forbid, and that players take: a comma in VTT, hours left out in SRT, whole
seconds in both.
"""

import io
import re
from collections.abc import Iterator

import srt
import webvtt

from digest_pipeline.transcripts.publisher.cues import Cue
from digest_pipeline.transcripts.publisher.formats.markup import clean

TIME = r"(?:(\d+):)?(\d+):(\d\d)(?:[.,](\d+))?"
TIMES = re.compile(rf"^[ \t]*{TIME}[ \t]*-->[ \t]*{TIME}", re.MULTILINE)
DASH = re.compile(r"^[-–] ?(?=[^\W\d_])", re.MULTILINE)
VOICE = re.compile(r"<v(?:\.[^\s<>]*)?(?:\s([^<>]*))?>")
UNNAMED = "unknown"
# A blank line within a cue, which ends it for a reader: what follows is neither a cue, with or without its name, nor a
# block that nobody says.
BLANK_WITHIN = re.compile(
    r"(?<=\S)[ \t]*+\n(?:[ \t]*\n)++(?!(?:NOTE|STYLE|REGION)\b|(?:[^\n]+\n)?[^\n]*-->|\S+[ \t]*\n\s*[^\n]*-->|\s*\Z)"
)
# Captions have none; in pages that a host gives in their place, srt takes time with the cube of one.
LONG_RUN = re.compile(r"\s{20,}|\d{20,}")


def read_vtt(text: str) -> Iterator[Cue]:
    """Cues under the voices that their tags name.

    Raises:
        webvtt.errors.MalformedFileError: it is no VTT.
    """
    text = TIMES.sub(lambda times: _in_full(times, "."), text.lstrip())
    first = TIMES.search(text)
    begins = first.start() if first else len(text)
    for caption in webvtt.from_buffer(io.StringIO(text[:begins] + BLANK_WITHIN.sub("\n", text[begins:]))):
        start, end = (time.in_milliseconds() / 1000 for time in (caption.start_time, caption.end_time))
        # Two voices may share a cue: what stands before the first is nobody's.
        before, *voices = VOICE.split(caption.raw_text)
        if clean(before):
            yield Cue(_spoken(before), None, start, end)
        for speaker, spoken in zip(voices[::2], voices[1::2], strict=True):
            yield Cue(clean(spoken), clean(speaker or "") or UNNAMED, start, end)


def read_srt(text: str) -> Iterator[Cue]:
    """Cues without speakers. What stands before the first is a headline.

    Raises:
        srt.SRTParseError: it is no SRT.
    """
    text = TIMES.sub(lambda times: _in_full(times, ","), LONG_RUN.sub("\n\n", text))
    first = TIMES.search(text)
    for subtitle in srt.parse(text[first.start() :] if first else text):
        yield Cue(_spoken(subtitle.content), None, subtitle.start.total_seconds(), subtitle.end.total_seconds())


def _spoken(text: str) -> str:
    """What a caption says. Where it opens with a dash, each line that does is another speaker's."""
    plain = clean(text)
    return DASH.sub(">> ", plain) if DASH.match(plain) else plain


def _in_full(times: re.Match[str], mark: str) -> str:
    """A line of times as the format wants it: hours, two digits each, and milliseconds."""
    parts = [times.groups()[:4], times.groups()[4:]]
    written = [f"{int(h or 0):02d}:{int(m):02d}:{s}{mark}{(part or '')[:3].ljust(3, '0')}" for h, m, s, part in parts]
    return " --> ".join(written)
