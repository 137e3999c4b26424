"""Whether a wording keeps what the speaker denied, doubted and compared. English.

Texts are compared clause by clause: the clause of the talk that shares most words with a clause of the wording is what
it was made of, and "not" or "may" there has to be there in the wording as well.
"""

import re
from collections.abc import Sequence
from itertools import product

from digest_pipeline.claims.lexis import Clause, best_matches, clauses_of, content_words

NEGATION = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|nowhere|neither|nor|without|cannot|hardly|rarely|barely|lacks?|fail(?:s|ed)? to"
    r"|unable|refuses? to|far from|stop(?:s|ped)?|\w+n['’]t)\b",
    re.IGNORECASE,
)
NO_NEGATION = re.compile(r"\bnot (?:only|just|merely|to mention)\b|\bno (?:doubt|matter)\b|\bwhy not\b", re.IGNORECASE)
DOUBT = re.compile(
    r"\b(?:may|might|could|perhaps|maybe|possibl[ey]|potentially|probabl[ey]|likely|unlikely|suggests?|seems?|appears?"
    r"|supposedly|apparently|reportedly|arguably|not sure|unclear|tends?|if|hopes?|hopefully|try|tries|trying|would)\b",
    re.IGNORECASE,
)
OPINION = re.compile(r"\b(?:i|we) (?:think|guess|believe|feel|suspect|suppose|hope|bet|wonder|expect)\b", re.IGNORECASE)
ATTRIBUTION = re.compile(
    r"\b(?:thinks?|guess(?:es)?|believes?|feels?|suspects?|supposes?|hopes?|bets?|expects?|argues?|says?|claims?"
    r"|according to)\b",
    re.IGNORECASE,
)
ABSOLUTES = (  # a wording may not be surer or wider than the talk; each row is one degree of certainty
    ("all", "every", "everyone", "everybody", "everything", "always", "entire", "entirely", "completely", "any", "each"),
    ("never", "none", "nobody", "no one", "nothing", "impossible", "no"),
    ("guarantee", "guarantees", "guaranteed", "proves", "proven", "proved", "certainly", "definitely", "inevitable",
     "inevitably", "undoubtedly"),
    ("must", "has to", "have to", "need to", "needs to", "required", "requires"),
    ("only", "just", "nothing but", "sole", "solely"),
    ("best", "greatest", "top"), ("worst",), ("most", "majority", "mostly"),
)  # fmt: skip
_ABSOLUTES = tuple(re.compile(rf"\b(?:{'|'.join(row)})\b", re.IGNORECASE) for row in ABSOLUTES)
AXES = (  # (axis, one direction, the other)
    ("amount", (r"more|higher|greater|larger|bigger|increas\w*|ris(?:e|es|en|ing)|rose|grow\w*|grew|gain\w*|exceed\w*|doubl\w*"
     r"|tripl\w*|rais\w*|above|expand\w*|at least"),
     (r"less|fewer|lower\w*|smaller|decreas\w*|fall(?:s|ing|en)?|fell|drop\w*|shr[iau]nk\w*|reduc\w*|declin\w*|halv\w*|below"
     r"|cut(?:s|ting)?|at most|under|down")),
    ("speed", r"fast(?:er|est)|quick(?:er|est|ly)|accelerat\w*|sooner|sped|speeds? up", r"slow(?:er|est|s|ed|ly)?|later"),
    ("price", r"expensive|costlier|dearer|pricier", r"cheap(?:er|est)?"),
    ("quality", r"better|improv\w*|best|strong(?:er|est)|saf(?:er|est)", r"worse\w*|worst|degrad\w*|weak(?:er|est)|riskier"),
    ("effort", r"eas(?:y|ier|iest|ily)|simpl(?:er|est)", r"hard(?:er|est)|difficult|complex"),
    ("order", r"before|earlier|ahead", r"after|later|behind"),
)  # fmt: skip
_AXES = tuple(
    (re.compile(rf"\b(?:{one})\b", re.IGNORECASE), re.compile(rf"\b(?:{other})\b", re.IGNORECASE))
    for _, one, other in AXES
)
THAN = re.compile(r"\bthan\b", re.IGNORECASE)
SAME_CLAUSE = 0.34  # least share of a wording's content words that a clause of the talk must have to be its source
TAKEN_OVER = 0.6  # share of a clause's content words from which on the wording is taken to repeat it


def is_negated(text: str) -> bool:
    """Whether a clause denies: an odd number of negations."""
    return len(NEGATION.findall(NO_NEGATION.sub("", text))) % 2 == 1


def negation_fault(wording: str, said: str) -> str | None:
    """What a wording denies that was not denied, or the other way round."""
    talk, worded = clauses_of(said), clauses_of(wording)
    for clause in worded:
        matches = best_matches(clause, talk, SAME_CLAUSE)
        if matches and any(is_negated(match.whole) != is_negated(clause.whole) for match in matches):
            return matches[0].text
        if not matches and is_negated(clause.whole) and not any(is_negated(c.whole) for c in talk):
            return clause.text
    if not any(is_negated(clause.whole) for clause in worded):
        return _repeated(wording, [clause for clause in talk if is_negated(clause.whole)])
    return None


def certainty_fault(wording: str, said: str) -> str | None:
    """What the speaker doubted and the wording states, or a word that is surer or wider than the talk."""
    talk = clauses_of(said)
    if not DOUBT.search(wording):
        doubted = [c for c in talk if DOUBT.search(c.whole) or (OPINION.search(c.whole) and not _attributes(wording))]
        for clause in clauses_of(wording):
            matches = best_matches(clause, talk, SAME_CLAUSE)
            if matches and any(match in doubted for match in matches):
                return matches[0].text
        if repeated := _repeated(wording, doubted):
            return repeated
    for words in _ABSOLUTES:
        if (found := words.search(wording)) and not words.search(said):
            return found[0]
    return None


def comparison_fault(wording: str, said: str) -> str | None:
    """A direction (more, slower, cheaper) that was not said, or a comparison that is turned round."""
    for one, other in _AXES:
        for mine, opposite in ((one, other), (other, one)):
            found = mine.search(wording)
            if found and not mine.search(said) and (opposite.search(said) or not _has_direction(said)):
                return found[0]
    return "turned round" if _is_turned_round(wording, said) else None


def _attributes(wording: str) -> bool:
    return bool(ATTRIBUTION.search(wording))


def _has_direction(text: str) -> bool:
    return any(one.search(text) or other.search(text) for one, other in _AXES)


def _repeated(wording: str, clauses: Sequence[Clause]) -> str | None:
    """The first of the clauses that the wording repeats."""
    content = content_words(wording)
    for clause in clauses:
        if len(clause.content) > 1 and len(clause.content & content) / len(clause.content) >= TAKEN_OVER:
            return clause.text
    return None


def _is_turned_round(wording: str, said: str) -> bool:
    """Whether the sides of a "than" have changed places."""
    for (left, right), (before, after) in product(_sides(wording), _sides(said)):
        straight, crossed = len(left & before) + len(right & after), len(left & after) + len(right & before)
        if (left & after and right & before) or crossed > straight:
            return True
    return False


def _sides(text: str) -> list[tuple[frozenset[str], frozenset[str]]]:
    """Content words before and after "than", for each clause that has one."""
    pairs = [THAN.split(clause.text) for clause in clauses_of(text)]
    return [(content_words(pair[0]), content_words(pair[1])) for pair in pairs if len(pair) == 2]
