"""Who speaks, where a transcript writes it into its words: ``Ann Lee: ...``, ``Ann Lee`` in a line of its own, ``>>``
where the speaker changes.

What stands before a colon may as well be the opening of a sentence ("Remember: ..."), and such a name would stay on
all that follows and be missing from the words. So it needs evidence; no name is better than a wrong one.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from digest_pipeline.transcripts.publisher.cues import Cue
from digest_pipeline.transcripts.speakers import is_named
from digest_pipeline.words import UNSPACED, count_words, normalise_words

LABEL = re.compile(
    r"[*_]{0,3}(\[[^\]:：]{2,60}\]|[^\W\d_][^:：\[\]*]{0,59}?)[*_]{0,3}(?::[*_]{0,3}(?:\s+|$)|：[*_]{0,3}\s*)"
)
CHANGE = re.compile(r"\s*>{2,}\s*")  # how captions mark a change of speaker
STRONG = ("*", "_")
PARTICLES = frozenset(
    {"van", "von", "der", "den", "ter", "ten", "zu", "de", "del", "du", "des", "della", "la", "le", "el", "al", "bin"}
    | {"ibn", "ben", "bint", "da", "das", "di", "do", "dos", "e", "y", "of"}
)
NOT_A_NAME = re.compile(
    r"^(?:note|notes|question|answer|warning|example|lesson|step|tip|part|chapter|rule|number|section|update|edit|ps|"
    r"spoiler|point|fact|myth|option|problem|solution|result|reminder|disclaimer|today|now|first|second|third|finally|"
    r"next|so|and|but|or|the|this|that|it|he|she|they|we|you|i|here|there|what|why|how|when|where|one|two|three|also|"
    r"because|like|my|our|your|http|https|www|okay|ok|yes|no|well|remember|translation|quote|break|music|"
    r"monday|tuesday|wednesday|thursday|friday|saturday|sunday)\b",
    re.IGNORECASE,
)
MAX_NAME_WORDS = 6
LONGEST_ABBREVIATION = 5  # with its full stop, inside a name: Prof., Mrs., J.
EVERY_CUE = 0.8  # of the cues open with a label: then what opens the others is one too
MIN_CUES = 10  # that open so, to tell
MIN_HANDLE_TIMES = 3  # before a lower-case word counts as a name, or words of a script that has no capitals
MIN_HEADINGS = 3  # before a line of its own does
NO_NAME = frozenset({"speaker", "unknown", "unknown speaker", "none", "null", "narrator unknown"})


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a cue, or what follows a mark of change in it. ``label`` is what stands before its colon, in letters
    that may be strong (``**Ann:**``).
    """

    text: str
    is_change: bool
    label: str
    rest: str
    is_strong: bool = False


def with_speakers(cues: Sequence[Cue], people: Sequence[str] = ()) -> list[Cue]:
    """Give every cue the speaker that its source names: in its markup, else before the words or over them.

    A cue in which the speaker changes is cut there. A source names a speaker where the speaker changes, so a cue
    without a name has the last one, or none after one who is only said to be unknown. A cue without words hands its
    time to the next.

    Args:
        cues: as the document has them, with its line breaks, which are folded here.
        people: whom the publisher names as persons of the episode.
    """
    lines = _labelled_alike([list(_lines(cue)) for cue in cues])
    (labels, doubtful), headings = _labels_of_speakers(cues, lines, people), _headings(cues, lines)
    named: list[Cue] = []
    speaker: str | None = None
    start: float | None = None
    for cue, own in zip(cues, lines, strict=True):
        for turn, is_change in _turns(cue, own, labels, doubtful, headings):
            speaker = turn.speaker or (None if is_change else speaker)
            start = turn.start if turn.start is not None else start
            if turn.text:
                named.append(replace(turn, speaker=_name_of(speaker), start=start))
                start = None
    return named


def reads_like_a_name(text: str) -> bool:
    """Whether a text is spelled as names are, with what a person is behind a comma: ``Ann Lee, Host``.

    A small letter may begin a word of a name that has a capital further on: ``deGrasse``, ``d'Arc``.
    """
    words = text.split()
    return (
        not NOT_A_NAME.match(text)
        and 0 < count_words(text) <= MAX_NAME_WORDS
        and all(not (word[0].islower() and word.islower()) or word in PARTICLES for word in words)
        and not words[0].endswith(",")
        and not any(word[-1] in ";!?" for word in words[:-1])
        and not any(word[-1] == "." and len(word) > LONGEST_ABBREVIATION for word in words[:-1])
    )


def _lines(cue: Cue) -> Iterator[_Line]:
    for line in cue.text.split("\n"):
        for number, text in enumerate(CHANGE.split(line)):
            if text or number or not cue.text:
                match = None if cue.speaker else LABEL.match(text)
                label, rest = (match[1].strip("[] "), text[match.end() :]) if match else ("", text)
                yield _Line(text, number > 0, label, rest, bool(label) and text.startswith(STRONG))


def _labelled_alike(lines: list[list[_Line]]) -> list[list[_Line]]:
    """Where most names before a colon are strong, what stands there in plain letters names nobody who speaks."""
    names = Counter(line.is_strong for own in lines for line in own if line.label and reads_like_a_name(line.label))
    if names[True] <= names[False]:
        return lines
    return [[line if line.is_strong else replace(line, label="", rest=line.text) for line in own] for own in lines]


def _labels_of_speakers(
    cues: Sequence[Cue], lines: Sequence[Sequence[_Line]], people: Sequence[str]
) -> tuple[set[str], set[str]]:
    """Of all labels those that name a speaker, and those that may: a word that comes once where others name speakers.

    These are persons of the episode, names that come again, and a word that comes time and again. Where these are most
    of what opens so, others that are roles or read like full names are speakers too, and any that read like names are
    where nearly every cue has a speaker with them. Where nearly every one of many cues opens with a label, every such
    label is one.
    """
    found = Counter(line.label for own in lines for line in own if line.label)
    persons = [set(normalise_words(person)) for person in people]
    repeated, once = set[str](), set[str]()
    for label, times in found.items():
        if label.lower() in NO_NAME or any(set(normalise_words(label)) <= person for person in persons):
            repeated.add(label)
        elif reads_like_a_name(label) or (len(label) > 1 and not is_named(label)):
            least = MIN_HANDLE_TIMES if UNSPACED.search(label) else 2
            (repeated if times >= least else once).add(label)
        elif times >= MIN_HANDLE_TIMES and len(label.split()) == 1 and not NOT_A_NAME.match(label):
            repeated.add(label)
    first = [own[0].label for own in lines if own and own[0].label]
    if len(first) >= max(MIN_CUES, EVERY_CUE * len(cues)):
        return repeated.union(first), set()
    spoken_for = sum(bool(cue.speaker) for cue in cues) + sum(label in repeated or label in once for label in first)
    if spoken_for >= max(2, EVERY_CUE * len(cues)):
        return repeated | once, set()
    if sum(found[label] for label in repeated) <= len(once):
        return repeated, set()
    sure = {label for label in once if len(label.split()) > 1 or not is_named(label)}
    return repeated | sure, once - sure


def _headings(cues: Sequence[Cue], lines: Sequence[Sequence[_Line]]) -> dict[str, str | None]:
    """Lines of their own with the speaker that they name, where two of them come time and again. ``None``: another such
    line, which may name who speaks or what about, so that nobody is known to speak under it.

    In captions such a line may be a whole answer; they are those whose times have ends.
    """
    found = Counter(
        line.text
        for cue, own in zip(cues, lines, strict=True)
        if cue.end is None and not cue.speaker
        for line in own
        if " " in line.text and line.text[-1] not in ".,:;!?…" and reads_like_a_name(line.text)
    )
    names = {line for line, times in found.items() if times >= MIN_HEADINGS}
    return {line: line if line in names else None for line in found} if len(names) > 1 else {}


def _turns(
    cue: Cue, lines: Sequence[_Line], labels: set[str], doubtful: set[str], headings: Mapping[str, str | None]
) -> Iterator[tuple[Cue, bool]]:
    """A cue cut where the speaker changes, and whether a mark says so. Its time is shared out by words.

    What a paragraph opens with and may be a name is kept among the words, and these are nobody's.
    """
    turns: list[tuple[str | None, str, bool]] = []
    for line in lines:
        if line.label in labels:
            turns.append((line.label, line.rest, line.is_change))
        elif labels and line.is_strong and not line.rest:  # of what follows: "**Break:**"
            turns.append((None, "", True))
        elif line.label in doubtful and (line.is_strong or (cue.end is None and not turns)):
            turns.append((None, f"{line.label}: {line.rest}".strip(), True))
        elif line.text in headings and cue.end is None and not cue.speaker:
            name = headings[line.text]
            turns.append((name, "", line.is_change or name is None))
        elif line.is_change or not turns:
            turns.append((cue.speaker if not turns else None, line.text, line.is_change))
        else:
            speaker, text, is_change = turns[-1]
            turns[-1] = (speaker, f"{text} {line.text}".strip(), is_change)
    words = [count_words(text) for _, text, _ in turns]
    begin = cue.start
    for number, (speaker, text, is_change) in enumerate(turns):
        end = cue.end if number + 1 == len(turns) else None
        if end is None and cue.end is not None and begin is not None:
            end = begin + (cue.end - begin) * words[number] / max(1, sum(words[number:]))
        yield Cue(text, speaker, begin, end), is_change
        begin = end


def _name_of(label: str | None) -> str | None:
    """A speaker's name with its white space folded, or ``None`` where the source only says that somebody speaks."""
    name = " ".join((label or "").split()).strip(" :：[]")
    return name if name and name.lower() not in NO_NAME else None
