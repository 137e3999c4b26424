"""Guards against invented text: what a recogniser writes where nobody speaks, or where it has lost the thread.

Whisper fills music and noise with what followed such sounds in its training data, falls into loops, and repeats its
prompt. Text that is plainly invented is dropped; text that may be wrong is kept and marked with a doubt, so that it can
be read but not quoted. Thresholds named after a paper are its; the others come from music, noise and sung vowels that
were fed to the base and tiny.en models.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from digest_pipeline.transcripts.recognition.audio import SAMPLE_RATE, Samples
from digest_pipeline.transcripts.recognition.transcriber import Heard, Hints
from digest_pipeline.words import normalise_words

# Radford et al. 2022, section 4.5
MAX_NO_SPEECH = 0.6
MIN_LOG_PROBABILITY = -1.0
MAX_COMPRESSION = 2.4
# Where nobody speaks the first word comes from nowhere, and those that complete the phrase are sure.
MIN_FIRST_WORD = 0.1
SUSPECT_LOG_PROBABILITY = -0.7
SUSPECT_NO_SPEECH = 0.3
VOICE_PROBABILITY = 0.5  # Silero's own threshold
MIN_VOICE_SHARE = 0.2
VAD_WINDOW = 512  # samples that Silero judges at a time
MAX_WORDS_PER_SECOND = 9.0  # the fastest talkers reach 7 in a short phrase
MIN_WORDS_FOR_PACE = 5
MAX_REPEATS = 5  # of one phrase on end: a speaker who insists says a thing three or four times
MAX_PHRASE_WORDS = 8
# Words of subtitlers that stand in training data where there is music; a whole segment of nothing else.
CREDITS = re.compile(
    r"(?:subtitles?|captions?|captioning|transcri(?:bed|ption))(?: provided| made possible)? by\b.{0,60}"
    r"|untertitel\w* (?:von|im auftrag|der|des)\b.{0,60}|untertitelung\..{0,60}"
    r"|sous-titr\w*(?: \w+)? par\b.{0,60}|sous-titrage (?:société|st)\b.{0,60}"
    r"|(?:subtitles?|captions?|captioning|transcri(?:bed|ption)|untertitel\w*|sous-titr\w*)[.!]*"
    r"|.*\bamara\.org\b.*|thanks?(?: you)? for watching[.!]*|[♪♫\s]+|[\[(][\w\s]{0,30}\b(?:music|applause)[\w\s]*[\])]",
    re.IGNORECASE,
)
# So may a sentence about them begin: it needs a voice.
LIKE_CREDITS = re.compile(
    r"(?:subtitles?|captions?|captioning|transcri(?:bed|ption)|untertitel\w*|sous-titr\w*)\b.{0,60}", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a guard says of a segment. ``is_invented``: drop it; else keep it, marked."""

    reason: str
    is_invented: bool


def judge(heard: Heard, samples: Samples, hints: Hints) -> Verdict | None:
    """The first guard that speaks up against a segment, or ``None``.

    Args:
        heard: the segment.
        samples: the audio in which its times count.
        hints: what the recogniser was told, which it may echo.
    """
    words = normalise_words(heard.text)
    if not words or CREDITS.fullmatch(heard.text.strip()):
        return Verdict("no words of a speaker", True)
    letters = len(heard.text) / max(1, len(heard.text.encode()))  # the ratio counts bytes: three for one of Hindi's
    if heard.compression * letters > MAX_COMPRESSION:
        return Verdict("a loop", True)
    is_echo = _is_echo(words, hints)
    is_unsure = heard.log_probability < MIN_LOG_PROBABILITY
    from_nowhere = bool(heard.word_probabilities) and heard.word_probabilities[0] < MIN_FIRST_WORD
    if heard.no_speech > MAX_NO_SPEECH and (is_unsure or from_nowhere or is_echo):
        return Verdict("nobody speaks", True)
    is_suspect = (
        is_echo
        or from_nowhere
        or LIKE_CREDITS.fullmatch(heard.text.strip())
        or heard.log_probability < SUSPECT_LOG_PROBABILITY
        or heard.no_speech > SUSPECT_NO_SPEECH
    )
    if is_suspect and voice_share(samples, heard.start, heard.end) < MIN_VOICE_SHARE:
        return Verdict("no voice under the words", True)
    if len(words) >= MIN_WORDS_FOR_PACE and len(words) > MAX_WORDS_PER_SECOND * (heard.end - heard.start):
        return Verdict("faster than anyone speaks", is_echo)
    if _repeats(words) > MAX_REPEATS:
        return Verdict("one phrase again and again", False)
    if is_unsure or heard.no_speech > MAX_NO_SPEECH:
        return Verdict("the recogniser is not sure of it", False)
    return None


def without_loops(texts: Sequence[str]) -> Iterator[bool]:
    """For each of consecutive segments, whether it may stay: of one text many times on end, the first does."""
    for _, run in groupby(texts, key=normalise_words):
        length = len(list(run))
        yield True
        yield from [length <= MAX_REPEATS] * (length - 1)


def voice_share(samples: Samples, start: float, end: float) -> float:
    """Share of a stretch (seconds) in which Silero's voice-activity model hears a voice, 0..1."""
    from faster_whisper.vad import get_vad_model

    stretch = samples[int(start * SAMPLE_RATE) : int(end * SAMPLE_RATE)]
    if not len(stretch):
        return 0.0
    padded = np.pad(stretch, (0, -len(stretch) % VAD_WINDOW))
    return float(np.mean(get_vad_model()(padded) > VOICE_PROBABILITY))


def _is_echo(words: list[str], hints: Hints) -> bool:
    """Whether the text says nothing but what stood in the hints."""
    return set(words) <= set(normalise_words(f"{hints.prompt} {hints.hotwords}"))


def _repeats(words: list[str]) -> int:
    """How often the most repeated phrase follows on itself."""
    most = 1
    for size in range(1, min(MAX_PHRASE_WORDS, len(words) // 2) + 1):
        run = 0
        for i in range(size, len(words)):
            run = run + 1 if words[i] == words[i - size] else 0
            most = max(most, run // size + 1)
    return most
