"""Whether words and their opposites have changed partners within a sentence: "the rich buy what the poor sell" told as
"the rich sell what the poor buy". No word is another one then, and a pair by itself may stand in either order. English.
"""

import re
from collections.abc import Sequence

from digest_pipeline.claims.checks.lexis import words_in
from digest_pipeline.claims.checks.opposites import sides_of

END = re.compile(r"[.!?]+(?:\s|$)")
TOGETHER = re.compile(r"and|n?or|to")  # "men and women" are the same in either order


def crossed(wording: str, said: str) -> str | None:
    """The sentence of the talk of which the wording has pairs of opposites, some of them turned round and some not."""
    talk = [(sentence, _orders(words_in(sentence))) for sentence in END.split(said)]
    for mine in map(_orders, map(words_in, END.split(wording))):
        turned = [
            (sentence, {mine[row] != theirs[row] for row in mine.keys() & theirs.keys()}) for sentence, theirs in talk
        ]
        pairs = [(sentence, ways) for sentence, ways in turned if ways]
        if pairs and all(len(ways) == 2 for _, ways in pairs):
            return pairs[0][0]
    return None


def _orders(words: Sequence[str]) -> dict[int, int]:
    """Which side comes first, for each row of opposites of which a sentence has one word of either side, apart."""
    found: dict[int, list[tuple[int, int]]] = {}
    for at, word in enumerate(words):
        for row, side in sides_of(word):
            found.setdefault(row, []).append((at, side))
    pairs = {row: sorted(places) for row, places in found.items() if len(places) == 2}
    return {
        row: first_side
        for row, ((first, first_side), (second, second_side)) in pairs.items()
        if first_side != second_side and not TOGETHER.fullmatch(" ".join(words[first + 1 : second]).lower())
    }
