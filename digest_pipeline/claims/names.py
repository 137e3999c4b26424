"""Names in a wording: each must have been said near the quote, or be known of the episode. English."""

import re
from collections.abc import Iterable

from rapidfuzz import fuzz

from digest_pipeline.claims.lexis import EMPTY, is_inflected, lemma, words_in

CAPITALISED = re.compile(r"(?P<opens>^|[.!?:]\s+[\"“'(]?|^[\"“'(])?\b(?P<word>[A-Z][\w'’&-]*)")
SAME_NAME = 85.0  # rapidfuzz ratio, 0..100: recognised speech spells names by ear


def unsaid_name(wording: str, said: str, known: str) -> str | None:
    """The first name of a wording that is neither in ``said`` nor in ``known``.

    A capitalised word inside a sentence is a name. At the start of one it is too, unless it is a word of grammar or a
    dictionary word in an inflected form ("Requiring"): "Microsoft" needs to have been said there as well.
    """
    available = words_in(f"{said} {known}")
    lemmas = {lemma(word) for word in available} | {part for word in available for part in word.lower().split("'")}
    for match in CAPITALISED.finditer(wording):
        word = match["word"].strip("'’-&")
        parts = words_in(word)
        if all(lemma(part) in lemmas or part.lower() in lemmas or part.lower() in EMPTY for part in parts):
            continue
        if match["opens"] is not None and (is_inflected(word) or word.lower() in EMPTY):
            continue
        if not any(len(word) > 4 and fuzz.ratio(word.lower(), other.lower()) >= SAME_NAME for other in available):
            return word
    return None


def same_person(name: str, other: str) -> bool:
    """Whether two spellings name one person: they share a word of the name, such as the first or the last."""
    mine, theirs = ({word.lower() for word in words_in(text) if len(word) > 1} for text in (name, other))
    return bool(mine & theirs)


def other_speaker(wording: str, said: str, speaker: str | None, speakers: Iterable[str]) -> str | None:
    """Somebody else of the episode whom the wording names although the quote does not: words put in a wrong mouth."""
    worded, spoken = {w.lower() for w in words_in(wording)}, {w.lower() for w in words_in(said)}
    own = {w.lower() for w in words_in(speaker or "")}
    for person in speakers:
        parts = {w.lower() for w in words_in(person) if len(w) > 2 and w[0].isupper()} - own
        if parts & worded and not parts & spoken:
            return person
    return None
