"""Whether a wording keeps what the speaker denied. English.

Texts are compared clause by clause: the clause of the talk that shares most words with a clause of the wording is what
it was made of, and "not" there has to be there in the wording as well, or its opposite.
"""

import re
from collections.abc import Sequence

from digest_pipeline.claims.checks.lexis import Clause, best_matches, clauses_of, content_words
from digest_pipeline.claims.checks.opposites import is_opposite, without_sides

NEGATION = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|nowhere|neither|nor|without|cannot|hardly|scarcely|rarely|seldom|barely"
    r"|lacks?|fail(?:s|ed)? to|unable|refus(?:es?|ed|ing) to|declin(?:es?|ed) to|far from|instead of|rather than|stop(?:s|ped)?|unless|unlikely|doubt(?:s|ed|ful)?|myth|misconception|fallacy|hoax|untrue"
    r"|(?:is|was|be|it['’]s) false|false that|den(?:y|ies|ied|ying)|avoid(?:s|ed|ing)?|\w+n['’]t"
    r"|(?<!\ba )(?<!\bthe )(?<!\bthese )(?<!\blast )(?<!\bnext )(?<!\bpast )(?<!\bfirst )(?<!\bquite )(?<!\bevery )few)\b",
    re.IGNORECASE,
)
NO_NEGATION = re.compile(
    r"\bnot (?:only|just|merely|to mention)\b|\b(?:no|without(?: a)?|beyond) doubt\b|\bno matter\b|\bwhy not\b"
    r"|(?<=\bneither\b)(.*?)\bnor\b",  # "neither fair nor efficient" denies once
    re.IGNORECASE,
)
GOES_ON = re.compile(  # of the same thing: "and rose in June", not "and rising rates"
    r"(?:and|but|or|yet|then)(?: then)? (\w+)(?: (?:in|at|on|by|to|for|from|with|again|an?|the|its|their|it|them)\b|$)",
    re.IGNORECASE,
)
SAME_CLAUSE = 0.34  # least share of a wording's content words that a clause of the talk must have to be its source
TAKEN_OVER = 0.6  # share of a clause's content words from which on the wording is taken to repeat it


def is_negated(text: str) -> bool:
    """Whether a clause denies: an odd number of negations."""
    return len(NEGATION.findall(NO_NEGATION.sub(r"\1", text))) % 2 == 1


def negation_fault(wording: str, said: str) -> str | None:
    """What a wording denies that was not denied, or the other way round."""
    talk, worded = clauses_of(said), clauses_of(wording)
    kept: list[Clause] = []  # "not safe" that has become "dangerous"
    for clause in worded:
        matches = best_matches(clause, talk, SAME_CLAUSE)
        for match in matches:
            is_opposed = _is_opposite(clause, match, talk)
            if (is_negated(match.whole) != is_negated(clause.whole)) != is_opposed:
                return match.text
            kept += [match] if is_opposed else []
        if not matches and is_negated(clause.whole) and not any(is_negated(c.whole) for c in talk):
            return clause.text
    if not any(is_negated(clause.whole) for clause in worded):
        return repeated(wording, talk, [clause for clause in talk if is_negated(clause.whole) and clause not in kept])
    return None


def repeated(wording: str, talk: Sequence[Clause], among: Sequence[Clause]) -> str | None:
    """The first of the clauses ``among`` those of the talk that the wording repeats. A single word ("but not in
    children") is repeated where no other clause of the talk has it."""
    content = content_words(wording)
    for clause in among:
        if len(clause.content) == 1 and any(clause.content <= other.content for other in talk if other is not clause):
            continue
        if len(clause.content & content) / len(clause.content) >= TAKEN_OVER:
            return clause.text
    return None


def _is_opposite(clause: Clause, match: Clause, talk: Sequence[Clause]) -> bool:
    """Whether a clause has the opposite of a word of its source, and what else it is made of in the talk has not."""
    plain = without_sides(clause.content)
    beside = [found[1] for other in talk if (found := GOES_ON.match(other.text))]
    for other in talk:
        shared = plain & other.content
        if other is not match and shared and (shared - match.content or len(shared) >= len(plain & match.content)):
            beside.append(other.whole)
    return is_opposite(NEGATION.sub(" ", clause.whole), NEGATION.sub(" ", match.whole), beside)
