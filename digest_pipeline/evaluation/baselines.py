"""Rankings of an episode's windows that know nothing of claims: what an extractor has to beat.

TextRank (Mihalcea and Tarau, 2004) and LexRank (Erkan and Radev, 2004) are PageRank, here networkx's, on graphs of
windows: joined by the words that they share, or where their tf-idf vectors, here scikit-learn's, are alike.
"""

import random
import re
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from digest_pipeline.encoder import Vectors

NEAR_DUPLICATE = 0.75  # cosine from which the weaker of two windows is left out
LEXRANK_THRESHOLD = 0.1  # of the paper
WEIGHTS = npt.NDArray[np.float64]

Rater = Callable[[Sequence[str], Vectors], WEIGHTS]


def rank_windows(texts: Sequence[str], vectors: Vectors, rater: Rater, most: int) -> list[str]:
    """The best windows by a rater, the best first, without near-duplicates; ``vectors`` are unit rows."""
    chosen: list[int] = []
    for row in np.argsort(-rater(texts, vectors), kind="stable").tolist():
        if not chosen or float(np.max(vectors[chosen] @ vectors[row])) < NEAR_DUPLICATE:
            chosen.append(row)
        if len(chosen) == most:
            break
    return [texts[row] for row in chosen]


def by_chance(seed: int) -> Rater:
    """Windows at random, the same ones every time."""

    def rate(texts: Sequence[str], vectors: Vectors) -> WEIGHTS:  # noqa: ARG001 - a rater's signature
        chance = random.Random(seed)  # noqa: S311 - nothing is secret
        return np.array([chance.random() for _ in texts])

    return rate


def by_place(texts: Sequence[str], vectors: Vectors) -> WEIGHTS:  # noqa: ARG001
    """The lead: windows in the order of the talk."""
    return -np.arange(len(texts), dtype=np.float64)


def by_centroid(texts: Sequence[str], vectors: Vectors) -> WEIGHTS:  # noqa: ARG001
    """Closeness to the mean of all windows in meaning."""
    weights: WEIGHTS = (vectors @ vectors.mean(axis=0)).astype(np.float64)
    return weights


def by_textrank(texts: Sequence[str], vectors: Vectors) -> WEIGHTS:  # noqa: ARG001
    """TextRank: the words that two windows share, over the logarithms of their lengths."""
    words = [set(re.findall(r"\w+", text.lower())) for text in texts]
    lengths = [np.log(max(2, len(text.split()))) for text in texts]
    alike = np.zeros((len(texts), len(texts)))
    for i, mine in enumerate(words):
        for j in range(i):
            alike[i, j] = alike[j, i] = len(mine & words[j]) / (lengths[i] + lengths[j])
    return _page_rank(alike)


def by_lexrank(texts: Sequence[str], vectors: Vectors) -> WEIGHTS:  # noqa: ARG001
    """LexRank: windows whose tf-idf vectors have a cosine over the threshold are joined."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    if not any(re.search(r"\w\w", text) for text in texts):
        return np.zeros(len(texts))
    rows = TfidfVectorizer().fit_transform(texts)
    alike = (rows @ rows.T).toarray() >= LEXRANK_THRESHOLD
    np.fill_diagonal(alike, val=False)
    return _page_rank(alike.astype(np.float64))


def _page_rank(alike: WEIGHTS) -> WEIGHTS:
    import networkx as nx

    ranks = nx.pagerank(nx.from_numpy_array(alike))
    return np.array([ranks[row] for row in range(len(alike))])
