"""Keywords of themes by class-based TF-IDF: words frequent in one theme's joined text and rare over all themes.

Source: Grootendorst 2022 (BERTopic).
"""

from collections.abc import Sequence

import numpy as np

KEYWORDS = 5
# Words of talk that name no topic, beyond the usual stop words.
SPOKEN_WORDS = """
actually also basically case course day did didn does doesn doing don end ever every exactly example fact get gets
getting ago going gonna good got gotten great guess guy happen happens having high hundred isn just kind know let like
literally little long look looking lot lots make makes making maybe mean means million need new number oh okay old ones
people percent cent person point pretty probably put question quite real really right said say saying says sense shouldn
somebody sort start stuff sure talk talking tell that thing things think thinking thousand billion time today tried try
trying use used using wanna want wanted wants wasn way ways well went whole won work works would wouldn year years yeah
yes you came come comes coming bit big bigger better different
"""


def theme_keywords(documents: Sequence[str]) -> list[tuple[str, ...]]:
    """At most ``KEYWORDS`` words for each theme, the most telling first. A document is a theme's joined claims."""
    from sklearn.feature_extraction.text import CountVectorizer

    counter = CountVectorizer(stop_words=_stop_words(), token_pattern=r"(?u)\b[^\W\d_][\w-]{2,}\b")  # noqa: S106
    if not any(map(counter.build_analyzer(), documents)):
        return [() for _ in documents]  # nothing but stop words
    counts = counter.fit_transform(documents).tocsr().astype(np.float64)
    totals = np.asarray(counts.sum(axis=0)).ravel()
    rarity = np.log(1 + counts.sum() / len(documents) / np.maximum(totals, 1))
    words = counter.get_feature_names_out()
    found = []
    for row in range(len(documents)):  # within a row of counts a word's frequency is its count over a constant
        places = counts.indices[counts.indptr[row] : counts.indptr[row + 1]]
        weights = counts.data[counts.indptr[row] : counts.indptr[row + 1]] * rarity[places]
        order = np.lexsort((places, -weights))
        found.append(_distinct([str(words[place]) for place in places[order]]))
    return found


def _distinct(words: Sequence[str]) -> tuple[str, ...]:
    """The first words, without plural and singular of the same."""
    kept: list[str] = []
    for word in words:
        if not any(word.startswith(k[:-1]) or k.startswith(word[:-1]) for k in kept):
            kept.append(word)
        if len(kept) == KEYWORDS:
            break
    return tuple(kept)


def _stop_words() -> list[str]:
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return sorted({*ENGLISH_STOP_WORDS, *SPOKEN_WORDS.split()})
