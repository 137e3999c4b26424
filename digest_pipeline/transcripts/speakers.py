"""Names for voices that a transcript only numbers, where the talk itself gives the evidence.

A voice that a transcript calls "Speaker 1" gets a name when it introduces itself by a full name that the publisher
credits as a person, or writes in the episode's title or notes; when no other voice does, and it takes no second name.
No name is better than a wrong one. Names that a publisher gives stay as they are.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from digest_pipeline.models import Episode, Segment, normalise_words

_NUMBERED_VOICE = re.compile(
    r"(?:speaker|spk|voice|person|participant|guest|host|unknown)?[\s_-]*(?:\d{1,3}|[A-F])?", re.IGNORECASE
)
INTRODUCTION = re.compile(
    r"\b(?i:my name is|my name's|i am|i'm)\s+(?i:your (?:co-?)?host,? )?"
    r"((?:(?:[A-Z][\w'-]+|[A-Z]\.)\s+)(?:[a-z]{2,3}\s+)?[A-Z][\w'-]+(?:\s+[A-Z][\w'-]+)?)"
)


def is_named(speaker: str | None) -> bool:
    """Whether a transcript says who speaks, and not only which of its voices ("Speaker 1", "Host")."""
    return _NUMBERED_VOICE.fullmatch(speaker or "") is None


def name_speakers(segments: Sequence[Segment], episode: Episode) -> tuple[Segment, ...]:
    """Replace numbered speakers by the names that they introduce themselves with, if the publisher knows these."""
    claims: dict[str, set[str]] = defaultdict(set)
    for segment in segments:
        if segment.speaker and not is_named(segment.speaker):
            for match in INTRODUCTION.finditer(segment.text.replace("’", "'")):
                if name := _credited(match[1], episode):
                    claims[name].add(segment.speaker)
    named = {next(iter(voices)): name for name, voices in claims.items() if len(voices) == 1}
    taken = [voice for voices in claims.values() for voice in voices]
    known = {voice: name for voice, name in named.items() if taken.count(voice) == 1}
    return tuple(replace(s, speaker=known.get(s.speaker or "", s.speaker)) for s in segments)


def _credited(spoken: str, episode: Episode) -> str | None:
    """The publisher's spelling of a name that somebody gives as their own."""
    wanted = normalise_words(spoken)
    for person in episode.persons:
        words = normalise_words(person.name)
        if len(words) > 1 and wanted[: len(words)] == words:
            return person.name
    written = normalise_words(f"{episode.title} {episode.description}")
    first_two = wanted[:2]
    is_written = any(written[i : i + 2] == first_two for i in range(len(written) - 1))
    return " ".join(spoken.split()[:2]) if is_written else None
