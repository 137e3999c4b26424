"""Names for voices that a transcript only numbers, where the talk itself gives the evidence.

A voice that a transcript calls "Speaker 1" gets a name when it introduces itself by a full name that the publisher
credits as a person; when no other voice does, and it takes no second name. A name that only stands in the episode's
title or notes may be anything ("South African politics", "Iron Man"), so the introduction must sound like one. No name
is better than a wrong one. Names that a publisher gives stay as they are.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from digest_pipeline.models import Episode, Segment
from digest_pipeline.words import normalise_words

ROLES = (
    "speaker|spk|voice|person|participant|guest|(?:co-?)?host|unknown|interviewer|interviewee|moderator|caller|narrator"
    "|announcer|presenter|panell?ist|audience(?: member)?"
    "|sprecher(?:in)?|intervenante?|locut(?:eur|rice|ore?a?)|interlocut(?:eur|rice|ore?a?)|hablante|oradora?|spreker"
)
WHICH = "unidentified|unknown|male|female|main|guest"
_NUMBERED_VOICE = re.compile(rf"(?:(?:{WHICH}) )?(?:{ROLES})?[\s_#-]*(?:\d{{1,3}}|[A-F])?", re.IGNORECASE)
INTRODUCTION = re.compile(
    r"\b(?:(?P<plainly>(?i:my name is|my name's))|(?i:i am|i'm))\s+(?P<host>(?i:your (?:co-?)?host,? ))?"
    r"(?P<name>(?:(?:[A-Z][\w'-]+|[A-Z]\.)\s+)(?:[a-z]{2,3}\s+)?[A-Z][\w'-]+(?:\s+[A-Z][\w'-]+)?)"
)
HEARD_BEFORE = 300  # characters in which a greeting is looked for
SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
# "He says, hi, I'm ..." and "If I'm ..." introduce nobody.
OF_SOMEBODY_ELSE = re.compile(
    r"\b(?:says?|said|saying|tells?|told|asks?|asked|goes|went|like|if|imagine|pretend|suppose)\b", re.IGNORECASE
)
GREETING = re.compile(
    r"(?:[\w']+,?\s)?(?:hi|hello|hey|ahoy\S*|howdy|greetings|welcome|good (?:morning|afternoon|evening))\b",
    re.IGNORECASE,
)
AFTER_NAME = re.compile(r"\s*(?:[.,;:!?–—]|$|(?:and|from|your|here|with)\b)", re.IGNORECASE)
AFTER_HOST = re.compile(r",? (?:and )?(?:i'm |i am )?(?:your|the|one of your) (?:co-?)?hosts?\b", re.IGNORECASE)


def is_named(speaker: str | None) -> bool:
    """Whether a transcript says who speaks, and not only which of its voices ("Speaker 1", "Moderator")."""
    return _NUMBERED_VOICE.fullmatch(speaker or "") is None


def name_speakers(segments: Sequence[Segment], episode: Episode) -> tuple[Segment, ...]:
    """Replace numbered speakers by the names that they introduce themselves with, if the publisher knows these."""
    claims: dict[str, set[str]] = defaultdict(set)
    sure: set[tuple[str, str]] = set()
    for voice, turn in groupby(segments, key=lambda segment: segment.speaker):
        if voice and not is_named(voice):
            for name, is_sure in _introductions(" ".join(segment.text for segment in turn).replace("’", "'"), episode):
                claims[name].add(voice)
                sure |= {(voice, name)} if is_sure else set()
    named = {next(iter(voices)): name for name, voices in claims.items() if len(voices) == 1}
    taken = [voice for voices in claims.values() for voice in voices]
    known = {voice: name for voice, name in named.items() if taken.count(voice) == 1 and (voice, name) in sure}
    return tuple(replace(s, speaker=known.get(s.speaker or "", s.speaker)) for s in segments)


def _introductions(text: str, episode: Episode) -> Iterator[tuple[str, bool]]:
    """The names that a voice gives as its own and the publisher has, and whether each is surely one.

    One that is not sure still speaks against another: two people may have been taken for one voice.
    """
    for match in INTRODUCTION.finditer(text):
        *earlier, begun = SENTENCE_END.split(text[max(0, match.start() - HEARD_BEFORE) : match.start()])
        if OF_SOMEBODY_ELSE.search(begun):
            continue
        if name := _credited(match["name"], episode):
            yield name, True
        elif name := _written(match["name"], episode):
            is_greeting = any(GREETING.match(sentence) for sentence in (*earlier[-2:], begun))
            is_host = match["host"] or AFTER_HOST.match(text, match.end())
            is_greeted = is_greeting and AFTER_NAME.match(text, match.end())
            yield name, bool(match["plainly"] or is_host or is_greeted)


def _credited(spoken: str, episode: Episode) -> str | None:
    """The publisher's spelling of a person's name."""
    wanted = normalise_words(spoken)
    for person in episode.persons:
        words = normalise_words(person.name)
        if len(words) > 1 and wanted[: len(words)] == words:
            return person.name
    return None


def _written(spoken: str, episode: Episode) -> str | None:
    """As much of a name as stands in the title or the notes, at least two words."""
    notes = " ".join(normalise_words(f"{episode.title} {episode.description}"))
    words = spoken.split()
    for count in range(len(words), 1, -1):
        is_written = f" {' '.join(normalise_words(' '.join(words[:count])))} " in f" {notes} "
        if is_written and words[count - 1][0].isupper():
            return " ".join(words[:count])
    return None
