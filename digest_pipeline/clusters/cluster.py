"""Themes of a window of claims: HDBSCAN on sentence embeddings, labelled by what sets each theme apart."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from digest_pipeline.encoder import Vectors

COMPONENTS = 24  # dimensions that HDBSCAN sees: in the encoder's own 384 everything is equally far from everything
SMALLEST_WINDOW = 30  # with fewer claims a density says nothing
LARGEST_SHARE, LARGEST_IN_SMALL = 0.15, 10  # a theme with more of the window's claims is several: it is split
KEYWORDS = 5
NOISE = -1
Points = npt.NDArray[np.float64]
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


@dataclass(frozen=True, slots=True)
class Theme:
    """A cluster of one day's window: member rows, their probabilities, unit centroid and keywords, strongest first."""

    members: tuple[int, ...]
    probabilities: tuple[float, ...]
    centroid: Vectors
    keywords: tuple[str, ...]

    @property
    def label(self) -> str:
        """Keywords as a title."""
        text = ", ".join(self.keywords[:3])
        return text[:1].upper() + text[1:]


def cluster_claims(vectors: Vectors, texts: Sequence[str], *, min_size: int) -> list[Theme]:
    """Group claims by meaning; a claim in no theme is single (HDBSCAN calls it noise).

    Args:
        vectors: unit embeddings, one row a claim, in a stable order.
        texts: the claims, for the keywords.
        min_size: fewest claims of a theme.

    Returns:
        Themes in order of their first member. Equal input gives equal output. A window of fewer than
        ``SMALLEST_WINDOW`` claims has none.

    Source: Campello, Moulavi & Sander 2013 (HDBSCAN); Grootendorst 2022 (class-based TF-IDF).
    """
    if len(vectors) < SMALLEST_WINDOW:
        return []
    from sklearn.decomposition import PCA

    components = min(COMPONENTS, len(vectors) // 3)
    reduced = PCA(n_components=components, svd_solver="full").fit_transform(vectors.astype(np.float64))
    reduced /= np.maximum(np.linalg.norm(reduced, axis=1, keepdims=True), 1e-9)
    largest = max(LARGEST_IN_SMALL, int(len(vectors) * LARGEST_SHARE))
    groups = []
    for group, probabilities in _groups(reduced, min_size, "eom"):
        parts = _groups(reduced[group], min_size, "leaf") if len(group) > largest else []
        if len(parts) > 1:
            groups += [([group[i] for i in part], chances) for part, chances in parts]
        else:
            groups.append((group, probabilities))
    groups.sort()
    keywords = _keywords([" ".join(texts[i] for i in group) for group, _ in groups])
    themes = []
    for (group, probabilities), words in zip(groups, keywords, strict=True):
        centroid = vectors[group].mean(axis=0)
        centroid /= max(float(np.linalg.norm(centroid)), 1e-9)
        themes.append(Theme(tuple(group), probabilities, centroid, words))
    return themes


def _groups(points: Points, min_size: int, method: str) -> list[tuple[list[int], tuple[float, ...]]]:
    """Rows and membership probabilities of each cluster that HDBSCAN finds."""
    import hdbscan  # takes a second

    found = hdbscan.HDBSCAN(
        min_cluster_size=min_size, min_samples=1, cluster_selection_method=method, core_dist_n_jobs=1
    ).fit(points)
    groups = []
    for label in sorted(set(found.labels_.tolist()) - {NOISE}):
        rows = np.flatnonzero(found.labels_ == label).tolist()
        groups.append((rows, tuple(found.probabilities_[rows].tolist())))
    return groups


def _keywords(documents: Sequence[str]) -> list[tuple[str, ...]]:
    """Class-based TF-IDF: words frequent in one theme's joined text and rare over all themes."""
    if not documents:
        return []
    from sklearn.feature_extraction.text import CountVectorizer

    counter = CountVectorizer(stop_words=_stop_words(), token_pattern=r"(?u)\b[^\W\d_][\w-]{2,}\b")  # noqa: S106
    counts = counter.fit_transform(documents).toarray().astype(float)
    frequency = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    rarity = np.log(1 + counts.sum() / len(documents) / np.maximum(counts.sum(axis=0), 1))
    weights = frequency * rarity
    words = counter.get_feature_names_out()
    order = np.lexsort((np.broadcast_to(np.arange(len(words)), weights.shape), -weights), axis=1)
    return [_distinct([str(words[i]) for i in row if weights[k, i] > 0]) for k, row in enumerate(order)]


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
