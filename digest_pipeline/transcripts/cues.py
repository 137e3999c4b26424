"""Cues, the pieces in which a publisher's transcript comes, and what must be put right before they are segments.

Captions roll, name a speaker only where the speaker changes, arrive word by word or as a page-long paragraph, and may
carry no times at all. Each function here takes cues and gives cues with one of these put right.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import sentencex

WORDS_PER_SECOND = 2.5  # the pace of talk, where nothing tells it
WORD_LEVEL = 2.5  # mean words of a cue: below, the transcript is timed word by word
PIECE_WORDS = 30  # what words are gathered to
LONG_WORDS = 60  # a longer cue is cut at its sentences
MAX_PAUSE_SECONDS = 2.0
ROLLING_SHARE = 0.2  # of cues that begin with the words before them: the captions roll
MIN_ROLLING_CHARACTERS = 8  # a shorter cue may well be said twice
SPEAKER_PREFIX = re.compile(
    r"^(?:\*\*|__)?(\[[^\]:\n]{2,60}\]|[^\W\d_][^:\n\[\]*]{0,59}?)(?:\*\*|__)?:(?:\*\*|__)?\s+(?=\S)"
)
PARTICLES = frozenset({"van", "von", "der", "den", "de", "del", "la", "le", "el", "al", "bin", "ibn", "da", "di", "of"})
NOT_A_NAME = re.compile(
    r"^(?:note|notes|question|answer|warning|example|lesson|step|tip|part|chapter|rule|number|section|update|edit|ps|"
    r"spoiler|point|fact|myth|option|problem|solution|result|reminder|disclaimer|today|now|first|second|third|finally|"
    r"next|so|and|but|or|the|this|that|it|he|she|they|we|you|i|here|there|what|why|how|when|where|one|two|three|also|"
    r"because|like|my|our|your|http|https|www|okay|ok|yes|no|well)\b",
    re.IGNORECASE,
)
MAX_NAME_WORDS = 6
EVERY_CUE = 0.8  # of the cues open with a name: then what opens the others is one too
MIN_CUES = 10  # that open so, to tell
MIN_HANDLE_TIMES = 3  # before a lower-case word counts as a name
NO_NAME = frozenset({"speaker", "unknown", "unknown speaker", "none", "null", "narrator unknown"})


@dataclass(frozen=True, slots=True)
class Cue:
    """Some words with what their source says of them. Times are audio seconds, ``None`` where it says none."""

    text: str
    speaker: str | None = None
    start: float | None = None
    end: float | None = None


def name_of(text: str | None) -> str | None:
    """A speaker's name with its white space folded, or ``None`` where the source only says that somebody speaks."""
    name = " ".join((text or "").split()).strip(" :")
    return name if name and name.lower() not in NO_NAME else None


def without_repeats(cues: Sequence[Cue]) -> list[Cue]:
    """Drop cues that say again what is still on the screen, and from rolling captions what each one repeats."""
    overlaps = [_overlap(before, cue) for before, cue in pairwise(cues)]
    rolls = sum(overlap > 0 for overlap in overlaps) >= max(1, ROLLING_SHARE * len(overlaps))
    kept = list(cues[:1])
    for (before, cue), overlap in zip(pairwise(cues), overlaps, strict=True):
        if _is_said_again(before, cue):
            kept[-1] = replace(kept[-1], end=cue.end or kept[-1].end)
        elif rolls and overlap:
            kept.append(replace(cue, text=" ".join(cue.text.split()[overlap:])))
        else:
            kept.append(cue)
    return kept


def _is_said_again(before: Cue, cue: Cue) -> bool:
    is_at_once = before.end is None or cue.start is None or cue.start <= before.end + 1
    is_long = len(cue.text) > MIN_ROLLING_CHARACTERS
    return cue.text == before.text and cue.speaker == before.speaker and is_long and is_at_once


def _overlap(before: Cue, cue: Cue) -> int:
    """How many words at the start of a cue are those at the end of the one before, if it follows at once."""
    if before.end is None or cue.start is None or cue.start > before.end + 1 or cue.speaker != before.speaker:
        return 0
    said, says = before.text.split(), cue.text.split()
    for count in range(min(len(said), len(says)), 0, -1):
        if said[-count:] == says[:count] and len(" ".join(says[:count])) > MIN_ROLLING_CHARACTERS:
            return count
    return 0


def with_speakers(cues: Sequence[Cue]) -> list[Cue]:
    """Give every cue the speaker that its source names: in its markup, else as ``Name:`` before the words.

    A source names a speaker where the speaker changes, so a cue without a name has the last one. What stands before a
    colon is a name if it reads like one, or if nearly every cue opens so.
    """
    openings = Counter(
        match[1]
        for cue in cues
        if not cue.speaker and (match := SPEAKER_PREFIX.match(cue.text.removeprefix(">>").lstrip()))
    )
    is_rule = openings.total() >= max(MIN_CUES, EVERY_CUE * len(cues))
    named, speaker = [], None
    for cue in (cue if cue.speaker else _without_prefix(cue, openings, is_rule) for cue in cues):
        if cue.text.startswith(">>"):  # captions mark a change of speaker so
            speaker = None
        speaker = cue.speaker or speaker
        named.append(replace(cue, text=cue.text.removeprefix(">>").strip(), speaker=name_of(speaker)))
    return named


def _without_prefix(cue: Cue, openings: Counter[str], is_rule: bool) -> Cue:
    words = cue.text.removeprefix(">>").lstrip()
    match = SPEAKER_PREFIX.match(words)
    if not match or not (is_rule or _is_name(match[1].strip("[] "), openings[match[1]])):
        return cue
    return replace(cue, speaker=match[1].strip("[] "), text=words[match.end() :])


def _is_name(text: str, times: int) -> bool:
    """Whether what stands before a colon names a speaker: spelled as a name, or one word used time and again."""
    words = text.split()
    if NOT_A_NAME.match(text) or len(words) > MAX_NAME_WORDS:
        return False
    if all(word[0].isupper() or not word[0].isalpha() or word in PARTICLES for word in words):
        return times > 1 or not words[-1].isdigit()
    return len(words) == 1 and times >= MIN_HANDLE_TIMES


def gathered(cues: Sequence[Cue]) -> list[Cue]:
    """Join a transcript that is timed word by word into pieces that end with a sentence, a pause or a turn."""
    words = sum(len(cue.text.split()) for cue in cues)
    if not cues or words / len(cues) >= WORD_LEVEL:
        return list(cues)
    pieces = [cues[0]]
    for cue in cues[1:]:
        last = pieces[-1]
        pause = (cue.start or 0.0) - (last.end if last.end is not None else cue.start or 0.0)
        is_full = last.text.endswith((".", "?", "!")) or len(last.text.split()) >= PIECE_WORDS
        if cue.speaker != last.speaker or is_full or pause > MAX_PAUSE_SECONDS:
            pieces.append(cue)
        else:
            pieces[-1] = replace(last, text=f"{last.text} {cue.text}", end=cue.end)
    return pieces


def with_times(cues: Sequence[Cue], duration_seconds: float | None) -> list[Cue]:
    """Fill in missing times: words are laid evenly between the known ones, and over the episode where none is known.

    A transcript without any end is stretched to ``duration_seconds`` when that is known, else laid out at the pace of
    talk. Times never run backwards.
    """
    words = [max(1, len(cue.text.split())) for cue in cues]
    starts: list[float | None] = []
    latest = 0.0
    for cue in cues:
        known = cue.start if cue.start is not None and cue.start >= latest else None
        latest = known if known is not None else latest
        starts.append(known)
    if cues and starts[0] is None:
        starts[0] = 0.0
    anchors = [i for i, start in enumerate(starts) if start is not None]
    timed: list[Cue] = []
    for first, following in pairwise([*anchors, len(cues)]):
        begin, total = starts[first] or 0.0, sum(words[first:following])
        until = starts[following] if following < len(cues) else None
        if until is None:
            until = begin + total / WORDS_PER_SECOND
            if duration_seconds and len(anchors) == 1 and duration_seconds > begin:
                until = duration_seconds
        for cue, count in zip(cues[first:following], words[first:following], strict=True):
            end = begin + (until - begin) * count / max(1, total)
            has_end = cue.end is not None and cue.start == begin
            timed.append(replace(cue, start=begin, end=max(begin, cue.end or 0.0) if has_end else end))
            begin, total = end, total - count
    return timed


def cut_at_sentences(cues: Iterable[Cue], language: str | None) -> Iterator[Cue]:
    """Cut cues of a paragraph's length into pieces of whole sentences; times are shared out by words.

    A sentence of a paragraph's length, as recognition without punctuation has them, is cut into equal pieces: what is
    flagged later is flagged by segments, and half an hour in one of them would be.
    """
    for cue in cues:
        total = len(cue.text.split())
        if total <= LONG_WORDS or cue.start is None or cue.end is None:
            yield cue
            continue
        done, piece = 0, ""
        whole = [s.strip() for s in sentencex.segment(language or "en", cue.text) if s.strip()]
        sentences = [piece for sentence in whole for piece in _without_excess(sentence)]
        for i, sentence in enumerate(sentences):
            piece = f"{piece} {sentence}".strip()
            count = len(piece.split())
            if count >= PIECE_WORDS or i + 1 == len(sentences):
                pace = (cue.end - cue.start) / total
                yield replace(cue, text=piece, start=cue.start + done * pace, end=cue.start + (done + count) * pace)
                done, piece = done + count, ""


def _without_excess(sentence: str) -> list[str]:
    words = sentence.split()
    if len(words) <= LONG_WORDS:
        return [sentence]
    count = len(words) // PIECE_WORDS
    borders = [len(words) * n // count for n in range(count + 1)]
    return [" ".join(words[a:b]) for a, b in pairwise(borders)]
