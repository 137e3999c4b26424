"""Whether a rewritten claim follows from its quote: numbers, units, names, speaker, negation, opposites, comparisons,
certainty, tense, places, and whether what is said of one thing is not said of another.

Every check fails closed: a faithful wording may be refused, so that an unfaithful one is not published. A reason begins
with what kind of fault it is, up to the colon: that is what is counted.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from digest_pipeline.claims.checks.attribution import exchange_fault
from digest_pipeline.claims.checks.certainty import certainty_fault
from digest_pipeline.claims.checks.comparison import comparison_fault
from digest_pipeline.claims.checks.crossed import crossed
from digest_pipeline.claims.checks.lexis import content_words
from digest_pipeline.claims.checks.names import dropped_place, one_name, other_speaker, unsaid_actor, unsaid_name
from digest_pipeline.claims.checks.polarity import negation_fault
from digest_pipeline.claims.checks.quantities import unsaid_quantity
from digest_pipeline.claims.checks.tense import tense_fault
from digest_pipeline.claims.grounding import Located
from digest_pipeline.claims.injection import gives_orders, has_link_or_markup
from digest_pipeline.words import normalise_words

SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
MIN_SHARED = 0.4  # least share of a wording's content words that the talk has


@dataclass(frozen=True, slots=True)
class Wording:
    """What a model made of a quote."""

    headline: str
    explanation: str

    @property
    def text(self) -> str:
        """Headline and explanation."""
        return f"{self.headline} {self.explanation}".strip()


def is_checkable(language: str | None) -> bool:
    """Whether the checks know the language of the talk: English, or not said."""
    return (language or "en").lower().startswith("en")


def unfaithful(wording: Wording, located: Located, *, known: str = "", speakers: Iterable[str] = ()) -> str | None:
    """Why a wording does not follow from its quote, or ``None``.

    Args:
        wording: the headline is held against the whole sentences of the quote, the explanation against what the same
            speaker says around it too.
        located: the quote in its turn.
        known: other names that a claim may mention: the speaker, the show, the episode's title.
        speakers: everybody who speaks in the episode.
    """
    evidence, context = located.evidence, located.context
    if has_link_or_markup(wording.text):
        return "link or markup: the wording carries one"
    if gives_orders(context):
        return "orders to a model: the talk there speaks to a language model"
    if other := other_speaker(wording.text, context, located.turn.name, speakers):
        return f"speaker: {other} is named and did not say it"
    for text, said in ((wording.headline, evidence), (wording.explanation, context)):
        if not _is_verbatim(text, said) and (fault := _differs(text, said, context, known)):
            return fault
    if place := dropped_place(wording.text, wording.headline, evidence, known):
        return f"place: “{place}” is left out"
    return None


def _is_verbatim(text: str, said: str) -> bool:
    """Whether a wording is a sentence of the talk, or all of it, word for word."""
    words = normalise_words(text)
    return any(words == normalise_words(part) for part in (said, *SENTENCE_END.split(said)))


def _differs(text: str, said: str, context: str, known: str) -> str | None:
    text, said, context = map(one_name, (text, said, context))
    if fault := comparison_fault(text, said):
        return f"comparison: {fault}"
    if quantity := unsaid_quantity(text, said):
        return f"number: {quantity.text} is not what was said"
    if name := unsaid_name(text, context, known):
        return f"name: {name} is not in the quote or beside it"
    if actor := unsaid_actor(text, context, known):
        return f"actor: {actor} is not in the quote or beside it"
    if fault := negation_fault(text, said):
        return f"negation: it differs from “{fault}”"
    if fault := certainty_fault(text, said):
        return f"certainty: more is claimed than “{fault}”"
    if fault := tense_fault(text, said):
        return f"tense: “{fault}” is said of another time"
    if fault := exchange_fault(text, said):
        return f"exchanged: {fault}"
    if clause := crossed(text, said):
        return f"exchanged: opposites have changed partners in “{clause}”"
    content = content_words(text)
    if content and len(content & content_words(f"{context} {known}")) / len(content) < MIN_SHARED:
        return "other words: little of the wording is in the talk"
    return None
