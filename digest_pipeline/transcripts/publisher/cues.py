"""Cues, the pieces in which a publisher's transcript comes, and what must be put right before they are segments.

Captions roll, and arrive word by word or as a page-long paragraph. Each function here takes cues and gives cues with
one of these put right; who speaks is found in ``labels``, and when in ``cue_times``.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import sentencex

from digest_pipeline.words import count_words

WORDS_PER_SECOND = 2.5  # the pace of talk, where nothing tells it
WORD_LEVEL = 2.5  # mean words of a cue: below, the transcript is timed word by word
PIECE_WORDS = 30  # what words are gathered to
LONG_WORDS = 60  # a longer cue is cut at its sentences
MAX_PAUSE_SECONDS = 2.0
ROLLING_SHARE = 0.2  # of cues that begin with the words before them: the captions roll
MIN_ROLLING_CHARACTERS = 8  # a shorter cue may well be said twice
MOST_ROLLING_WORDS = 100  # more are not on a screen
WORD = re.compile(r"\s*\S+")


@dataclass(frozen=True, slots=True)
class Cue:
    """Some words with what their source says of them. Times are audio seconds, ``None`` where it says none."""

    text: str
    speaker: str | None = None
    start: float | None = None
    end: float | None = None


def without_repeats(cues: Sequence[Cue]) -> list[Cue]:
    """Drop cues that say again what is still on the screen, and from rolling captions what each one repeats."""
    overlaps = [_overlap(before, cue) for before, cue in pairwise(cues)]
    rolls = sum(overlap > 0 for overlap in overlaps) >= max(1, ROLLING_SHARE * len(overlaps))
    kept = list(cues[:1])
    for (before, cue), overlap in zip(pairwise(cues), overlaps, strict=True):
        if _is_said_again(before, cue):
            kept[-1] = replace(kept[-1], end=cue.end or kept[-1].end)
        elif rolls and (count := overlap or _line_overlap(before, cue)):
            kept.append(replace(cue, text=WORD.sub("", cue.text, count).lstrip()))
        else:
            kept.append(cue)
    return kept


def _is_said_again(before: Cue, cue: Cue) -> bool:
    is_at_once = before.end is None or cue.start is None or cue.start <= before.end + 1
    is_long = len(cue.text) > MIN_ROLLING_CHARACTERS
    return cue.text == before.text and cue.speaker == before.speaker and is_long and is_at_once


def _overlap(before: Cue, cue: Cue) -> int:
    """How many words at the start of a cue are those at the end of the one before, if it follows at once."""
    if not _follows(before, cue):
        return 0
    said, says = before.text.split()[-MOST_ROLLING_WORDS:], cue.text.split()[:MOST_ROLLING_WORDS]
    for count in range(min(len(said), len(says)), 0, -1):
        if said[-count:] == says[:count] and len(" ".join(says[:count])) > MIN_ROLLING_CHARACTERS:
            return count
    return 0


def _line_overlap(before: Cue, cue: Cue) -> int:
    """The words of a cue's first line, if it is the last line of the one before: in what rolls it may be short."""
    line = cue.text.split("\n", 1)[0]
    return len(line.split()) if _follows(before, cue) and line == before.text.rsplit("\n", 1)[-1] else 0


def _follows(before: Cue, cue: Cue) -> bool:
    is_at_once = before.end is not None and cue.start is not None and cue.start <= before.end + 1
    return is_at_once and cue.speaker == before.speaker


def gathered(cues: Sequence[Cue]) -> list[Cue]:
    """Join a transcript that is timed word by word into pieces that end with a sentence, a pause or a turn."""
    words = sum(count_words(cue.text) for cue in cues)
    if not cues or words / len(cues) >= WORD_LEVEL:
        return list(cues)
    pieces = [cues[0]]
    for cue in cues[1:]:
        last = pieces[-1]
        pause = (cue.start or 0.0) - (last.end if last.end is not None else cue.start or 0.0)
        is_full = last.text.endswith((".", "?", "!")) or count_words(last.text) >= PIECE_WORDS
        if cue.speaker != last.speaker or is_full or pause > MAX_PAUSE_SECONDS:
            pieces.append(cue)
        else:
            pieces[-1] = replace(last, text=f"{last.text} {cue.text}", end=cue.end)
    return pieces


def cut_at_sentences(cues: Iterable[Cue], language: str | None) -> Iterator[Cue]:
    """Cut cues of a paragraph's length into pieces of whole sentences; times are shared out by words.

    A sentence of a paragraph's length, as recognition without punctuation has them, is cut into equal pieces: what is
    flagged later is flagged by segments, and half an hour in one of them would be.
    """
    for cue in cues:
        total = count_words(cue.text)
        if total <= LONG_WORDS or cue.start is None or cue.end is None:
            yield cue
            continue
        done, piece = 0, ""
        whole = [s.strip() for s in sentencex.segment(language or "en", cue.text) if s.strip()]
        sentences = [piece for sentence in whole for piece in _without_excess(sentence)]
        for i, sentence in enumerate(sentences):
            piece = f"{piece} {sentence}".strip()
            count = count_words(piece)
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
