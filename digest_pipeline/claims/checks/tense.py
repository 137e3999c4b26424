"""Whether what is to come stays to come, and what was stays past. English."""

import re
from collections import Counter

from digest_pipeline.claims.checks.lexis import is_past, lemma, words_in

# With three words after it, among which is the verb: "will probably be sold".
COMING = re.compile(
    r"\b(?:will|won['’]t|shall|gonna|\w+['’]ll|(?:(?:is|are|am)|\w+['’](?:s|re|m)) (?:\w+ )?going to)\b"
    r"(?P<verbs>(?: [\w'’-]+){1,3})",
    re.IGNORECASE,
)


def tense_fault(wording: str, said: str) -> str | None:
    """A verb that is to come in one of two texts and that the other has in the past alone."""
    for one, other in ((said, wording), (wording, said)):
        coming, elsewhere = _coming(one), _coming(other)
        forms = [(lemma(word), word) for word in words_in(other)]
        for verb, times in coming.items():
            told = [word for found, word in forms if found == verb]
            is_only_coming = times == sum(lemma(word) == verb for word in words_in(one))
            if is_only_coming and verb not in elsewhere and told and all(map(is_past, told)):
                return told[0]
    return None


def _coming(text: str) -> Counter[str]:
    """How often each lemma stands behind a word of the future."""
    return Counter(lemma(word) for match in COMING.finditer(text) for word in words_in(match["verbs"]))
