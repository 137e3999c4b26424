"""Themes of a window of claims: which claims speak of the same, and which claim is the middle."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from digest_pipeline.clusters.density import NOISE, density_clusters
from digest_pipeline.encoder import Vectors
from digest_pipeline.words import normalise_words

SMALLEST_WINDOW = 30  # with fewer different claims a density says nothing
ROOTS_A_THEME = 5  # a theme has at least sqrt(claims) / 5 claims: a month of many shows has fewer small matters of note
ONE_TOPIC = 0.65  # length of the mean unit vector, from which on a window speaks of one thing; themes have 0.45 to 0.8
OUTER_SHARE = 0.05  # of a theme's claims count as its rim: noise that is not farther out joins it
LEAST_LIKENESS = 0.2  # mean cosine of a claim to the others of its theme; unrelated claims have 0.05 to 0.1
EQUAL = 0.999  # cosine of two embeddings of one text: a batch's composition moves the last digits
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Theme:
    """A cluster of one day's window: member rows, their probabilities, unit centroid, the member row nearest to it."""

    members: tuple[int, ...]
    probabilities: tuple[float, ...]
    centroid: Vectors
    central: int


def cluster_claims(
    vectors: Vectors, texts: Sequence[str], *, min_size: int, bonds: Labels | None = None
) -> list[Theme]:
    """Group claims by meaning; a claim in no theme is single.

    Args:
        vectors: unit embeddings, one row a claim, in a stable order.
        texts: the claims, to know repeated ones, which count once: a clip in three feeds is no theme.
        bonds: the theme of each claim on the day before as a number, or -1: what was together tends to stay so.
        min_size: fewest different claims of a theme; in a large window it takes more, ``ROOTS_A_THEME``.

    Returns:
        Themes in order of their first member. Equal input gives equal output. A window of fewer than
        ``SMALLEST_WINDOW`` different claims has none; one that speaks of a single topic has that theme.
    """
    originals, copies = _without_copies(vectors, texts)
    if len(originals) < SMALLEST_WINDOW:
        return []
    distinct = vectors[originals]
    least = max(min_size, round(math.sqrt(len(distinct)) / ROOTS_A_THEME))
    labels, firmness = _labels(distinct, least, np.full(len(distinct), NOISE) if bonds is None else bonds[originals])
    members = [np.flatnonzero(labels[copies] == label) for label in range(labels.max() + 1)]
    members.sort(key=lambda rows: int(rows[0]))
    themes = []
    for rows in members:
        centroid = _centroid(vectors[rows])
        central = int(rows[np.argmax(vectors[rows] @ centroid)])
        chances = firmness[copies[rows]]
        themes.append(Theme(tuple(rows.tolist()), tuple(chances.tolist()), centroid, central))
    return themes


def _without_copies(vectors: Vectors, texts: Sequence[str]) -> tuple[Labels, Labels]:
    """Rows of different claims, and for each row which of them it repeats."""
    first: dict[str, int] = {}
    originals: list[int] = []
    copies = np.empty(len(texts), dtype=np.int64)
    for row, text in enumerate(texts):
        known = first.setdefault(" ".join(normalise_words(text)), len(originals))
        if known == len(originals) or vectors[originals[known]] @ vectors[row] < EQUAL:
            known = len(originals)
            originals.append(row)
        copies[row] = known
    return np.array(originals, dtype=np.int64), copies


def _labels(vectors: Vectors, min_size: int, bonds: Labels) -> tuple[Labels, npt.NDArray[np.float64]]:
    if np.linalg.norm(vectors.mean(axis=0)) >= ONE_TOPIC:
        return np.zeros(len(vectors), dtype=np.int64), vectors.astype(np.float64) @ _centroid(vectors)
    found = density_clusters(vectors, min_size, bonds)
    return _fitting(vectors, _taken_in(vectors, found.labels), min_size), found.probabilities


def _fitting(vectors: Vectors, labels: Labels, min_size: int) -> Labels:
    """Labels without the members that have little to do with the others, and without themes that are then too small."""
    fitting = np.full(len(labels), NOISE, dtype=np.int64)
    count = 0
    for label in range(int(labels.max()) + 1):
        rows = np.flatnonzero(labels == label)
        likeness = (vectors[rows] @ vectors[rows].sum(axis=0) - 1) / max(1, len(rows) - 1)
        rows = rows[likeness >= LEAST_LIKENESS]
        if len(rows) >= min_size:
            fitting[rows] = count
            count += 1
    return fitting


def _taken_in(vectors: Vectors, labels: Labels) -> Labels:
    """Noise that is as near to a theme's centroid as the theme's own rim belongs to the nearest such theme."""
    count, noise = int(labels.max()) + 1, np.flatnonzero(labels == NOISE)
    if not count or not len(noise):
        return labels
    centroids = np.stack([_centroid(vectors[labels == label]) for label in range(count)])
    rims = [np.quantile(vectors[labels == label] @ centroids[label], OUTER_SHARE) for label in range(count)]
    likeness = vectors[noise] @ centroids.T
    nearest = likeness.argmax(axis=1)
    is_inside = likeness[np.arange(len(noise)), nearest] >= np.array(rims)[nearest]
    labels = labels.copy()
    labels[noise[is_inside]] = nearest[is_inside]
    return labels


def _centroid(vectors: Vectors) -> Vectors:
    mean: Vectors = vectors.mean(axis=0)
    return mean / max(float(np.linalg.norm(mean)), 1e-9)
