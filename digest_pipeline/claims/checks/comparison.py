"""Whether a wording keeps which way a comparison goes, and who does what to whom. English."""

import re
from collections.abc import Sequence

from digest_pipeline.claims.checks.lexis import EMPTY, best_matches, clauses_of, lemma, words_in
from digest_pipeline.claims.checks.numerals import WORDS, quantities_in
from digest_pipeline.claims.checks.opposites import Pair, are_exchanged, is_converse, pair_of
from digest_pipeline.claims.checks.polarity import SAME_CLAUSE

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
# What "over 80" and "more than 80" say is held against the talk with the number itself (``quantities``).
BOUND = re.compile(
    r"\b(?:(?:more|less|fewer|greater|higher|larger|lower|smaller) than|at least|at most|above|below|under)"
    rf" (?=[$€£]?\d|(?:an? )?(?:{'|'.join(WORDS)})\b)",
    re.IGNORECASE,
)
# What stands on the two sides of "more than", and of "from bats to humans".
SIDES = re.compile(r"^(.*)\bthan\b(.*)$|\bfrom\b(.*)\b(?:in)?to\b(.*)$", re.IGNORECASE)
# An effect and its cause, in either order.
CAUSES = re.compile(
    r"(?:^|[.!?] )(?:(?:and|but|so) )?because\b(?P<first_cause>[^.!?,]*),(?P<last_effect>[^.!?]*)"
    r"|(?P<effect>[^.!?]+?)\b(?:because|due to|thanks to|caused by)\b(?P<cause>[^.!?]*)",
    re.IGNORECASE,
)


def comparison_fault(wording: str, said: str) -> str | None:
    """A direction (more, slower, cheaper) that was not said, or a comparison or deed that is turned round."""
    wording = _without_converses(wording, said)
    moves = _moves(said)  # "from ten to four dollars" says that it fell
    directed = f"{said} {' '.join('fell' if first > last else 'rose' for first, last in moves)}"
    unbound = BOUND.sub("", wording)
    for one, other in _AXES:
        for mine, opposite in ((one, other), (other, one)):
            found = mine.search(unbound)
            if found and not mine.search(directed) and (opposite.search(directed) or not _has_direction(said)):
                return found[0]
    is_turned = any(are_exchanged(pairs(wording), pairs(said)) for pairs in (_sides, _causes))
    if is_turned or {(last, first) for first, last in moves} & _moves(wording):
        return "turned round"
    return f"who does it to whom: {verb}" if (verb := _swapped(wording, said)) else None


def _without_converses(wording: str, said: str) -> str:
    """A wording without what it compares as the talk does, from the other end ("B is dearer than A")."""
    talk, clauses = clauses_of(said), clauses_of(wording)
    others = [
        clause
        for clause in clauses
        if not any(is_converse(clause.text, source.text) for source in best_matches(clause, talk, SAME_CLAUSE))
    ]
    return wording if len(others) == len(clauses) else ". ".join(clause.whole for clause in others)


def _moves(text: str) -> set[tuple[float, float]]:
    return {(q.begin, q.value) for q in quantities_in(text) if q.begin is not None and q.begin != q.value}


def _has_direction(text: str) -> bool:
    return any(one.search(text) or other.search(text) for one, other in _AXES)


def _sides(text: str) -> list[Pair]:
    """The words of both sides of a comparison, for each clause that has such."""
    found = [match for clause in clauses_of(text) if (match := SIDES.search(clause.text))]
    return [pair_of(*(side for side in match.groups() if side is not None)) for match in found]


def _causes(text: str) -> list[Pair]:
    """The words of each effect and of its cause."""
    return [
        pair_of(match["effect"] or match["last_effect"] or "", match["cause"] or match["first_cause"] or "")
        for match in CAUSES.finditer(text)
    ]


def _swapped(wording: str, said: str) -> str | None:
    """A word of the wording that has a word before it which the talk has after it, and the other way round."""
    talk = clauses_of(said)
    for clause in clauses_of(wording):
        for match in best_matches(clause, talk, SAME_CLAUSE):
            mine, theirs = _words(clause.text), _words(match.text)
            common = clause.content & match.content
            passive = {verb for verb in common if _is_passive(verb, clause.text) != _is_passive(verb, match.text)}
            for verb in common:
                if mine.count(verb) != 1 or theirs.count(verb) != 1:
                    continue
                if _is_no_deed(verb, clause.text) or _is_no_deed(verb, match.text):
                    continue
                (left, right), (before, after) = _around(verb, mine), _around(verb, theirs)
                straight, crossed = left & before and right & after, left & after and right & before
                if (crossed and not passive) or (straight and not crossed and verb in passive):
                    return verb
    return None


def _around(word: str, words: Sequence[str]) -> tuple[frozenset[str], frozenset[str]]:
    at = words.index(word)
    left, right = frozenset(words[:at]), frozenset(words[at + 1 :])
    return left - right, right - left


def _is_no_deed(word: str, text: str) -> bool:
    """Whether a word is seen not to be a verb: "the ban", "China's ban", "harder", "mostly"."""
    found = next((form for form in words_in(text) if lemma(form) == word), word)
    is_comparative = found.endswith(("er", "est")) and found.lower() != word
    is_noun = re.search(rf"(?:\b(?:the|an?)|'s) {re.escape(found)}\b", text) is not None
    return is_comparative or is_noun or found.endswith("ly")


def _is_passive(verb: str, text: str) -> bool:
    """Whether who does it comes after the verb: "was sued last week by", "roads built by", not "fell by half"."""
    forms = "|".join(re.escape(word) for word in set(words_in(text)) if lemma(word) == verb)
    is_be = r"\b(?:is|are|was|were|be|been|being|gets?|got)(?: \w+)?"
    return re.search(rf"{is_be} (?:{forms})\b.*\bby\b|\b(?:{forms}) by (?:the|an?|[A-Z])\b", text) is not None


def _words(text: str) -> list[str]:
    """Lemmas of the content words, and numbers, in order."""
    return [lemma(word) for word in words_in(text) if word.lower() not in EMPTY]
