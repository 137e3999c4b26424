"""Whether a wording keeps what the speaker denied. English.

Texts are compared clause by clause: the clause of the talk that shares most words with a clause of the wording is what
it was made of, and "not" there has to be there in the wording as well, or its opposite.
"""

import re
from collections.abc import Sequence

from digest_pipeline.claims.lexis import Clause, best_matches, clauses_of, content_words, lemmas_of

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
OPPOSITES = tuple(  # two sets of lemmas: where a clause has one and its source the other, one of them is denied
    (frozenset(one.split()), frozenset(other.split()))
    for one, other in (
        ("win won succeed success pass", "lose loss fail failure"), ("safe", "dangerous risky"),
        ("allow permit approve accept legalize pass", "ban prohibit forbid forbade block reject veto outlaw refuse"),
        ("include", "exclude except"), ("support favor favour back", "oppose"), ("buy purchase", "sell"),
        ("hire recruit", "fire dismiss"), ("open", "close shut"), ("start begin began begun", "end finish"), ("profit", "loss"),
        ("cause", "prevent cure"), ("attract", "repel"), ("create build", "destroy demolish"), ("true", "false"),
        ("admit confirm", "deny"), ("for", "against"), ("import", "export"), ("arrive enter join", "leave quit"), ("remember", "forget forgot"),
        ("high", "low"), ("long", "short"), ("large big", "small"), ("new", "old"), ("overestimate overrate", "underestimate underrate"), ("guilty", "innocent"),
        ("praise", "criticize criticise"),
    )
)  # fmt: skip
DENYING = ("un", "in", "il", "im", "ir", "dis", "non")
SAME_CLAUSE = 0.34  # least share of a wording's content words that a clause of the talk must have to be its source
TAKEN_OVER = 0.6  # share of a clause's content words from which on the wording is taken to repeat it


def is_negated(text: str) -> bool:
    """Whether a clause denies: an odd number of negations."""
    return len(NEGATION.findall(NO_NEGATION.sub(r"\1", text))) % 2 == 1


def negation_fault(wording: str, said: str) -> str | None:
    """What a wording denies that was not denied, or the other way round."""
    talk, worded = clauses_of(said), clauses_of(wording)
    for clause in worded:
        matches = best_matches(clause, talk, SAME_CLAUSE)
        for match in matches:
            if (is_negated(match.whole) != is_negated(clause.whole)) != _is_opposite(clause, match):
                return match.text
        if not matches and is_negated(clause.whole) and not any(is_negated(c.whole) for c in talk):
            return clause.text
    if not any(is_negated(clause.whole) for clause in worded):
        return repeated(wording, talk, [clause for clause in talk if is_negated(clause.whole)])
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


def _is_opposite(one: Clause, other: Clause) -> bool:
    """Whether a word of one clause is denied by a word of the other: safe and unsafe, win and lose."""
    mine, theirs = lemmas_of(one.whole), lemmas_of(other.whole)
    mine, theirs = mine - theirs, theirs - mine
    prefixed = sum(f"{prefix}{a}" in b for a, b in _crosswise(mine, theirs) for prefix in DENYING)
    turned = sum(bool(mine & a and theirs & b) != bool(mine & b and theirs & a) for a, b in OPPOSITES)
    return (prefixed + turned) % 2 == 1


def _crosswise(mine: frozenset[str], theirs: frozenset[str]) -> list[tuple[str, frozenset[str]]]:
    return [*((word, theirs) for word in mine), *((word, mine) for word in theirs)]
