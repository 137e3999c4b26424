"""Keywords of themes: words that are frequent in one theme, rare over all, and near to what the theme means.

The first two are class-based TF-IDF (Grootendorst 2022, BERTopic); the words that it ranks first are weighed by their
embedding's cosine to the theme's centroid (as KeyBERT does), since in a small theme every word that was said once is as
telling as any other: without it, verbs and adjectives that name no topic stand in titles.
"""

import re
from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np

from digest_pipeline.encoder import Embedder, Vectors

KEYWORDS = 5
IN_LABEL = 3
CANDIDATES = 30  # of a theme, that are held against its meaning
LEAST_NEARNESS = 0.01  # what a word counts with that means something else: a theme has keywords in any language
SHORT_WORD = 4  # letters; less of it is in too many words
PHRASE = 2.0  # what a phrase weighs against a word that is as frequent and as rare
WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*|[^\w\s]")  # or a mark, which ends a phrase
# Words of talk that name no topic, beyond the usual stop words.
SPOKEN_WORDS = """
actually also basically case course day did didn does doesn doing don end ever every exactly example fact get gets
getting ago going gonna good got gotten great guess guy happen happens having high hundred isn just kind know let like
literally little long look looking lot lots make makes making maybe mean means million need new number oh okay old ones
people percent cent person point pretty probably put question quite real really right said say saying says sense shouldn
somebody sort start stuff sure talk talking tell that thing things think thinking thousand billion time today tried try
trying use used using wanna want wanted wants wasn way ways well went whole won work works would wouldn year years yeah
yes you came come comes coming bit big bigger better different able absolutely amazing completely cool couple difference
easy especially exactly extremely fairly folks goes hard highly huge inside kinda nice obviously particular
significantly simply somehow somewhat sometimes specific suddenly super totally true usually variety various whatever
wide yep
"""


def theme_keywords(
    themes: Sequence[Sequence[str]], centroids: Sequence[Vectors], embedder: Embedder
) -> list[tuple[str, ...]]:
    """At most ``KEYWORDS`` words and phrases for each theme, the most telling first, spelt as they mostly are.

    Args:
        themes: the claims of each. What a claim repeats counts once; a phrase has to be in two.
        centroids: the unit vector of each, shape (dimensions,).
        embedder: the one that the centroids are of.
    """
    stop = frozenset(_stop_words())
    said = [[phrases_of(claim, stop) for claim in claims] for claims in themes]
    candidates = _candidates(said)
    distinct = sorted({name for weights in candidates for name in weights})
    vectors = dict(zip(distinct, embedder.embed(distinct), strict=True))
    found = []
    for claims, weights, centroid in zip(said, candidates, centroids, strict=True):
        telling = {
            name: weight * max(LEAST_NEARNESS, float(vectors[name] @ centroid)) for name, weight in weights.items()
        }
        chosen = _distinct(sorted(telling, key=lambda name: (-telling[name], name)))
        spelt = Counter(name for names_of_claim in claims for name in names_of_claim)
        found.append(tuple(_as_spelt(name, spelt) for name in chosen))
    return found


def label_of(keywords: Sequence[str]) -> str:
    """Keywords as a label, the first with a capital."""
    text = ", ".join(keywords[:IN_LABEL])
    return text[:1].upper() + text[1:]


def _candidates(said: Sequence[Sequence[Sequence[str]]]) -> list[dict[str, float]]:
    """Of each theme the words and phrases with the most weight by class-based TF-IDF, in small letters."""
    from sklearn.feature_extraction.text import CountVectorizer

    if not any(any(claims) for claims in said):
        return [{} for _ in said]  # nothing but stop words
    counter = CountVectorizer(analyzer=lambda claims: [name.lower() for names in claims for name in names])
    counts = counter.fit_transform(said).tocsr().astype(np.float64)
    totals = np.asarray(counts.sum(axis=0)).ravel()
    rarity = np.log(1 + counts.sum() / len(said) / np.maximum(totals, 1))
    names = counter.get_feature_names_out()
    is_phrase = np.array([" " in name for name in names])
    found = []
    for row in range(len(said)):  # within a row of counts a word's frequency is its count over a constant
        places = counts.indices[counts.indptr[row] : counts.indptr[row + 1]]
        seen = counts.data[counts.indptr[row] : counts.indptr[row + 1]]
        weights = seen * rarity[places] * np.where(is_phrase[places], np.where(seen > 1, PHRASE, 0.0), 1.0)
        order = np.lexsort((places, -weights))[:CANDIDATES]
        found.append({str(names[places[n]]): float(weights[n]) for n in order if weights[n] > 0})
    return found


def phrases_of(claim: str, stop: Collection[str]) -> list[str]:
    """Every word that names something, and every two or three of them side by side, each once.

    Example:
        >>> phrases_of("The open source tax; that's it.", {"the", "that", "it"})
        ['open', 'source', 'tax', 'open source', 'source tax', 'open source tax']
    """
    found, run = dict[str, str](), list[str]()
    for word in [*WORD.findall(claim), ""]:
        if len(word) > 2 and word[0].isalpha() and not set("'’") & set(word) and word.lower() not in stop:
            run.append(word)
            continue
        for name in (" ".join(run[i : i + size]) for size in (1, 2, 3) for i in range(len(run) - size + 1)):
            found.setdefault(name.lower(), name)
        run.clear()
    return list(found.values())


def _as_spelt(name: str, spelt: Counter[str]) -> str:
    """A name in its most frequent spelling, of equal ones the one in small letters."""
    return max((s for s in spelt if s.lower() == name), key=lambda s: (spelt[s], s))


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    """The first ones, none of whose words is in another, in plural or singular."""
    kept, known = [], list[str]()
    for name in names:
        words = name.split()
        if not any(word.startswith(_stem(k)) or k.startswith(_stem(word)) for word in words for k in known):
            kept.append(name)
            known += words
        if len(kept) == KEYWORDS:
            break
    return tuple(kept)


def _stem(word: str) -> str:
    return word[:-1] if len(word) > SHORT_WORD else word  # "ga" would be in "games"


def _stop_words() -> list[str]:
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return sorted({*ENGLISH_STOP_WORDS, *SPOKEN_WORDS.split()})
