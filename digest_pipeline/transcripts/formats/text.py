"""Reader of plain text, and of paragraphs that say with their first words who speaks or when."""

import re
from collections.abc import Iterator

from digest_pipeline.transcripts.cues import Cue
from digest_pipeline.transcripts.formats.markup import CLOCK, clean, seconds
from digest_pipeline.transcripts.labels import LABEL, reads_like_a_name

BLANK_LINES = re.compile(r"\n[ \t]*\n\s*")
BRACKETED = rf"[\[(]({CLOCK})[\])]"
UNTIL = rf"(?: ?(?:-->|[-–—]) ?[\[(]?{CLOCK}[\])]?)?"  # the end of what begins at a clock
HEAD_CLOCK = re.compile(rf"(?:{BRACKETED}|({CLOCK})){UNTIL}:?(?: |$)")
HEAD_NAME_CLOCK = re.compile(
    rf"[*_]{{0,2}}([^\W\d_][^:\n\[\]()*]{{0,59}}?)[*_]{{0,2}} ?[:,\-–—]? ?[*_]{{0,2}} ?"
    rf"(?:{BRACKETED}:?(?: |$)|(?<= )({CLOCK})(?:: |:?$))"
)


def read_text(text: str) -> Iterator[Cue]:
    """Paragraphs, cut where a line says who speaks and when: ``[0:12] Ann: ...`` or ``Ann  0:12``.

    A clock without brackets may be part of a sentence that goes on in another line. It is a time where its paragraph
    opens with one.
    """
    for paragraph in BLANK_LINES.split(text):
        lines = clean(paragraph).split("\n")
        opens_with_clock = HEAD_CLOCK.match(lines[0]) is not None
        cue: Cue | None = None
        for line in lines:
            head = _head(line, is_bare_clock_a_time=cue is None or opens_with_clock)
            if head or not cue:
                if cue:
                    yield cue
                cue = head or Cue(line)
            else:
                cue = Cue(f"{cue.text}\n{line}".lstrip(), cue.speaker, cue.start)
        if cue:
            yield cue


def _head(line: str, *, is_bare_clock_a_time: bool) -> Cue | None:
    """A line without the time, or name and time, with which it opens; ``None`` if it opens with neither."""
    if match := HEAD_NAME_CLOCK.match(line):
        rest = line[match.end() :]
        if not rest or reads_like_a_name(match[1]):
            return Cue(rest, match[1], seconds(match[2] or match[3]))
    if (match := HEAD_CLOCK.match(line)) and (match[1] or is_bare_clock_a_time):
        start, rest = seconds(match[1] or match[2]), line[match.end() :]
        if (label := LABEL.match(rest)) and reads_like_a_name(label[1]):
            return Cue(rest[label.end() :], label[1], start)
        return Cue(rest, None, start)
    return None
