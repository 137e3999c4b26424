"""Nothing is published that was not said: a claim's quote is found in the talk, and its wording held against it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from num2words import num2words
from rapidfuzz import fuzz

from digest_pipeline.claims.turns import Turn
from digest_pipeline.models import normalise_words

MIN_ALIGNMENT = 88.0  # rapidfuzz partial ratio, 0..100: a letter or comma may differ, a word may not be made up
MIN_QUOTE_WORDS = 5
CONTEXT_CHARACTERS = 600
EDGE_WORDS = 4
NEGATION = re.compile(r"\b(?:not|no|never|none|nobody|nothing|neither|nor|without|cannot|\w+n['’]t)\b", re.IGNORECASE)
HEDGE = re.compile(
    r"\b(?:may|might|could|perhaps|maybe|possibly|probably|likely|suggests?|i think|i guess|seems?)\b", re.I
)
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
NAME = re.compile(r"(?<![.!?:]\s)(?<!^)\b[A-Z][\w'’-]+")


@dataclass(frozen=True, slots=True)
class Located:
    """Where a quote stands: ``turn.text[start:end]`` is the verbatim wording."""

    turn: Turn
    start: int
    end: int
    score: float

    @property
    def quote(self) -> str:
        """The words as they were transcribed."""
        return self.turn.text[self.start : self.end]

    @property
    def context(self) -> str:
        """The quote and what the same speaker says around it."""
        return self.turn.text[max(0, self.start - CONTEXT_CHARACTERS) : self.end + CONTEXT_CHARACTERS]


def locate_quote(quote: str, turns: Sequence[Turn]) -> Located | None:
    """Find a quote in the talk, or ``None`` when nobody said it.

    The place is widened to whole words; a quote that spans two speakers is not found, for nobody said it.
    """
    if len(quote.split()) < MIN_QUOTE_WORDS:
        return None
    best: Located | None = None
    for turn in turns:
        if len(turn.text) < len(quote) * 0.8:
            continue
        alignment = fuzz.partial_ratio_alignment(quote.lower(), turn.text.lower(), score_cutoff=MIN_ALIGNMENT)
        if alignment and (best is None or alignment.score > best.score):
            start, end = alignment.dest_start, alignment.dest_end
            while start > 0 and not turn.text[start - 1].isspace():
                start -= 1
            while end < len(turn.text) and not turn.text[end].isspace():
                end += 1
            best = Located(turn, *_trim(turn.text, start, end, quote), alignment.score)
    return best


def _trim(text: str, start: int, end: int, quote: str) -> tuple[int, int]:
    """Drop words at the edges of an aligned stretch that are not the quote's first and last: an alignment is as long
    as the quote, so where the wording differs inside, it overshoots at an end.
    """
    places = [(start + m.start(), start + m.end()) for m in re.finditer(r"\S+", text[start:end])]
    words = [" ".join(normalise_words(text[a:b])) for a, b in places]
    wanted = [word for word in (" ".join(normalise_words(w)) for w in quote.split()) if word]
    head, tail = words[:EDGE_WORDS], words[::-1][:EDGE_WORDS]
    first = head.index(wanted[0]) if wanted[0] in head else 0
    last = tail.index(wanted[-1]) if wanted[-1] in tail else 0
    return places[first][0], places[len(places) - 1 - last][1]


def unfaithful(headline: str, explanation: str, located: Located, *, also_known: str = "") -> str | None:
    """Why a rewritten claim does not follow from its quote, or ``None``.

    Args:
        headline: held against the quote itself.
        explanation: held against the quote and what stands around it.
        located: the quote in its turn.
        also_known: other names a claim may mention: the speaker, the show, the episode's title.

    Checks numbers, names, negation and hedges. It fails closed: a faithful wording may be refused, so that an unfaithful
    one is not published.
    """
    context, wording = located.context, f"{headline} {explanation}"
    known = set(normalise_words(f"{context} {also_known}"))
    for number in NUMBER.findall(wording):
        if not _number_is_said(number, context):
            return f"the number {number} is not in the quote or beside it"
    for name in NAME.findall(wording):
        if not set(normalise_words(name)) <= known and name.lower().removesuffix("s") not in known:
            return f"the name {name} is not in the quote or beside it"
    if bool(NEGATION.search(headline)) != bool(NEGATION.search(located.quote)):
        return "negation differs from the quote"
    if NEGATION.search(explanation) and not NEGATION.search(context):
        return "the explanation negates what the speaker did not"
    if HEDGE.search(located.quote) and not HEDGE.search(headline):
        return "the quote is hedged and the headline is not"
    return None


def _number_is_said(number: str, text: str) -> bool:
    plain = number.replace(",", "").rstrip(".")
    if plain in {found.replace(",", "").rstrip(".") for found in NUMBER.findall(text)}:
        return True
    value = float(plain) if "." in plain else int(plain)
    spoken = " ".join(normalise_words(num2words(value).replace("-", " ")))
    return f" {spoken} " in f" {' '.join(normalise_words(text.replace('-', ' ')))} "
