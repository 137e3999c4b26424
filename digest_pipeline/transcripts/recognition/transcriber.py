"""What a speech recogniser is to the pipeline: samples in, timed text with its measures of doubt out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from digest_pipeline.transcripts.recognition.audio import Samples


@dataclass(frozen=True, slots=True)
class Heard:
    """A piece of recognised text. Times are seconds from the first sample.

    ``log_probability`` is the mean over its tokens, ``no_speech`` the probability that nobody speaks, ``compression``
    the text's length over its compressed length: the measures of Radford et al. 2022, section 4.5. Word times and
    probabilities are empty where the recogniser gives none.
    """

    start: float
    end: float
    text: str
    log_probability: float
    no_speech: float
    compression: float
    word_times: tuple[tuple[float, float], ...] = ()
    word_probabilities: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Hints:
    """What the feed says of an episode that helps to hear it. Both may be empty."""

    prompt: str = ""
    hotwords: str = ""


class Transcriber(Protocol):
    """Turns speech into timed text. ``key`` names all that makes its text what it is: model and options."""

    name: str
    key: str

    def transcribe(self, samples: Samples, language: str | None, hints: Hints) -> tuple[list[Heard], str | None]:
        """What is said, in order, and the language heard.

        Args:
            samples: 16 kHz mono, -1..1.
            language: two letters; ``None``: detect it.
            hints: names that may be spoken.
        """


def times_of_words(text: str, parts: Sequence[tuple[str, float, float]]) -> tuple[tuple[float, float], ...]:
    """Start and end of each word of ``text`` (split at white space).

    Args:
        text: of a segment.
        parts: (text, start, end) in order, that together spell ``text`` but may be cut elsewhere (``long``, ``-term``).

    Returns:
        One pair a word; nothing when the parts spell another text.
    """
    letters = [(start, end) for spelt, start, end in parts for character in spelt if not character.isspace()]
    words = text.split()
    if sum(map(len, words)) != len(letters):
        return ()
    times, cursor = [], 0
    for word in words:
        times.append((round(letters[cursor][0], 2), round(letters[cursor + len(word) - 1][1], 2)))
        cursor += len(word)
    return tuple(times)
