"""Reader of plain text, Markdown included, and of paragraphs that say with their first words who speaks or when."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from digest_pipeline.transcripts.publisher.cues import Cue
from digest_pipeline.transcripts.publisher.formats.markup import CLOCK, TO, clean, seconds
from digest_pipeline.transcripts.publisher.labels import LABEL, reads_like_a_name

BLANK_LINES = re.compile(r"\n[ \t]*\n\s*")
BRACKETED = rf"[\[(]({CLOCK})(?:{TO}{CLOCK})?[\])]"
UNTIL = rf"(?:{TO}[\[(]?{CLOCK}[\])]?)?"  # the end of what begins at a clock
MARKS = "[*_]{0,3}"  # of emphasis in Markdown, which may end behind the colon
COLON = rf"{MARKS}:?{MARKS}(?: |$)"
HEAD_CLOCK = re.compile(rf"{MARKS}(?:{BRACKETED}|({CLOCK})){UNTIL}{COLON}")
HEAD_NAME_CLOCK = re.compile(
    rf"{MARKS}([^\W\d_][^:\n\[\]()*]{{0,59}}?){MARKS} ?[:,|•·@\-–—]? ?{MARKS} ?"
    rf"(?:{BRACKETED}{COLON}|(?<= )({CLOCK})(?:: |:?$))"
)
AFTER_CLOCK = re.compile(r"^[-–—|•·] (?=\S)")  # before the name or the words
ANY_CLOCK = re.compile(CLOCK)
HEAD_DASH_NAME = re.compile(r"[-–—] ?(.{1,60})$")
# Of Markdown what would stand in the words: https://spec.commonmark.org/0.31.2/#backslash-escapes and inline links.
ESCAPED = re.compile(r"""\\([!"#'()*+.>@\[\]_`{|}~-])""")
LINK = re.compile(r"\[([^\[\]\n]{1,200})\]\(https?://[^\s()]{1,2000}\)")
HEADING = re.compile(r"^ {0,3}#{1,6} +(.*)$\s*", re.MULTILINE)
RULE = re.compile(r"^ {0,3}(?:(?:\*[ \t]*){3,}|(?:_[ \t]*){3,}|(?:-[ \t]*){3,})$", re.MULTILINE)
MIN_SPEAKERS_TURNS = 3  # headings with the same words, before they are who speaks rather than what follows
LONGEST_HEADING = 200  # letters: what is longer was said
OPENING_SECONDS = 60.0  # a transcript with times has one of its first minute at its head
MIN_BARE_CLOCKS = 4  # rising, from which on they are times without that
MAX_FALLS = 0.1  # of the bare clocks, as where a verse is named in between


def read_text(text: str) -> Iterator[Cue]:
    """The turns of a document of plain text.

    A clock without brackets may as well be a verse (``John 3:16``) or a time of day: whether such ones are times, the
    whole document shows.
    """
    text = ESCAPED.sub(r"\1", _without_headings(RULE.sub("", text)))
    text = LINK.sub(lambda link: f"[{link[1]}]" if ANY_CLOCK.fullmatch(link[1]) else link[1], text)
    return read_turns(text, has_bare_clocks=_has_bare_clocks(clean(text).split("\n")))


def _without_headings(text: str) -> str:
    """Markdown's headings taken out, which nobody said; one that has a clock or a name that comes again and again is a
    turn's. Beside such names another heading may name who speaks as well: nobody is known to, then.
    """
    times = Counter(map(_title, HEADING.finditer(text)))
    names = {title for title, count in times.items() if count >= MIN_SPEAKERS_TURNS and reads_like_a_name(title)}

    def kept(heading: re.Match[str]) -> str:
        title = _title(heading)
        if title in names:
            return f"\n\n{title}:\n"
        if ANY_CLOCK.search(title) or len(title) > LONGEST_HEADING:
            return f"{title}\n"
        return "\n\n>>\n" if names else "\n"

    return HEADING.sub(kept, text)


def _title(heading: re.Match[str]) -> str:
    return heading[1].rstrip("# \t")


def read_turns(text: str, *, has_bare_clocks: bool) -> Iterator[Cue]:
    """Paragraphs, cut where a line says who speaks and when: ``[0:12] Ann: ...`` or ``Ann  0:12``.

    A clock without brackets may be part of a sentence that goes on in another line. It is a time where its paragraph
    opens with one.
    """
    for paragraph in BLANK_LINES.split(text):
        lines = clean(paragraph).split("\n")
        opens_with_clock = HEAD_CLOCK.match(lines[0]) is not None
        cue: Cue | None = None
        for number, line in enumerate(lines):
            head = _head(
                line,
                has_bare_clocks=has_bare_clocks,
                is_bare_clock_a_time=has_bare_clocks and (cue is None or opens_with_clock),
                has_words_below=number + 1 < len(lines) and not HEAD_CLOCK.match(lines[number + 1]),
            )
            if head or not cue:
                if cue:
                    yield cue
                cue = head or Cue(line)
            else:
                cue = Cue(f"{cue.text}\n{line}".lstrip(), cue.speaker, cue.start)
        if cue:
            yield cue


def _has_bare_clocks(lines: Sequence[str]) -> bool:
    """Whether bare clocks at the heads of lines are times: they begin with the talk, or are many and rise."""
    clocks = [clock for line in lines if (clock := _bare_clock(line))]
    times = [seconds(clock) for clock in clocks]
    if times and times[0] < OPENING_SECONDS and _bare_clock(lines[0]):
        return True
    falls = sum(after < before for before, after in pairwise(times))
    return len(times) >= MIN_BARE_CLOCKS and falls <= MAX_FALLS * len(times)


def _bare_clock(line: str) -> str | None:
    if (match := HEAD_NAME_CLOCK.match(line)) and match[3]:
        return match[3]
    match = HEAD_CLOCK.match(line)
    return match[2] if match else None


def _head(line: str, *, has_bare_clocks: bool, is_bare_clock_a_time: bool, has_words_below: bool) -> Cue | None:
    """A line without the time, or name and time, with which it opens; ``None`` if it opens with neither."""
    if (match := HEAD_NAME_CLOCK.match(line)) and (match[2] or has_bare_clocks):
        rest = line[match.end() :]
        if not rest or reads_like_a_name(match[1]):
            return Cue(rest, match[1], seconds(match[2] or match[3]))
    match = HEAD_CLOCK.match(line)
    if match and (match[1] or is_bare_clock_a_time or (has_bare_clocks and match.end() == len(line))):
        start, rest = seconds(match[1] or match[2]), line[match.end() :]
        if match[1] and has_words_below and (name := HEAD_DASH_NAME.match(rest)) and reads_like_a_name(name[1]):
            return Cue("", name[1], start)
        rest = AFTER_CLOCK.sub("", rest)
        if (label := LABEL.match(rest)) and reads_like_a_name(label[1]):
            return Cue(rest[label.end() :], label[1], start)
        return Cue(rest, None, start)
    return None
