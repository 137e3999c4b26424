"""Density clusters of unit vectors: HDBSCAN over the graph of nearest neighbours, after neighbours have been averaged.

In an encoder's hundreds of dimensions everything is about equally far from everything, and HDBSCAN alone calls half of
all claims noise. Averaging each vector with its neighbours, twice, moves it towards the middle of its theme; distances
are then taken along the graph alone, which a minimum spanning tree hardly differs by, and which takes n log n.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from digest_pipeline.clusters.neighbours import nearest
from digest_pipeline.encoder import Vectors

NEIGHBOURS, FEW_NEIGHBOURS = 15, 5  # in a small window no more than a theme may have claims,
SMALL_WINDOW_SHARE = 8  # which is taken to be one in eight
ROUNDS = 2  # of averaging
BOND = 0.3  # how much what was together the day before is drawn together: more, and no theme would ever split
ONE_THEME = 0.15  # distance of averaged vectors up to which parts are one theme: at 0.25 the intents of BANKING77 merge
APART = 2.0  # distance of parts of the graph that nothing links: the farthest that two unit vectors can lie
LEAST_DISTANCE = 1e-6  # a sparse matrix takes zero for "no edge"
EDGES_AT_ONCE = 100_000
NOISE = -1


@dataclass(frozen=True, slots=True)
class Density:
    """A label for each row, ``NOISE`` or 0.., and how firmly it belongs there, 0..1."""

    labels: npt.NDArray[np.int64]
    probabilities: npt.NDArray[np.float64]


def density_clusters(vectors: Vectors, min_size: int, bonds: npt.NDArray[np.int64]) -> Density:
    """Clusters of at least ``min_size`` rows. Equal input gives equal output.

    Rows with the same number in ``bonds`` (not negative) are drawn together, those with different ones apart.

    Source: Campello, Moulavi & Sander 2013 (HDBSCAN); Wu et al. 2019 (averaging over a graph).
    """
    import hdbscan  # takes a second

    graph = _bound(_neighbour_graph(vectors), bonds)
    distances = _bound(_distances(graph, _averaged(vectors, graph)), bonds, away=True)
    found = hdbscan.HDBSCAN(
        min_cluster_size=min_size, min_samples=1, cluster_selection_epsilon=ONE_THEME, metric="precomputed",
        core_dist_n_jobs=1,
    )  # fmt: skip
    found.fit(distances)
    return Density(found.labels_.astype(np.int64), found.probabilities_.astype(np.float64))


def _neighbour_graph(vectors: Vectors) -> Any:
    """Sparse symmetric cosines between neighbours; each row is its own neighbour."""
    from scipy.sparse import csr_matrix

    count = min(NEIGHBOURS, max(FEW_NEIGHBOURS, len(vectors) // SMALL_WINDOW_SHARE), len(vectors))
    places, cosines = nearest(vectors, count)
    starts = np.arange(0, places.size + 1, count)
    weights = np.maximum(cosines, LEAST_DISTANCE).ravel().astype(np.float64)
    graph = csr_matrix((weights, places.ravel(), starts), shape=(len(vectors), len(vectors)))
    graph.sum_duplicates()
    return graph.maximum(graph.T).tocsr()


def _bound(edges: Any, bonds: npt.NDArray[np.int64], *, away: bool = False) -> Any:
    """Edges made stronger by ``BOND`` between rows of one bond and weaker between two; distances (``away``) shorter."""
    edges = edges.tocoo()
    one, other = bonds[edges.row], bonds[edges.col]
    sides = np.where((one < 0) | (other < 0), 0, np.where(one == other, 1, -1))
    edges.data *= np.power(1 + BOND, -sides if away else sides)
    return edges.tocsr()


def _averaged(vectors: Vectors, graph: Any) -> Vectors:
    from scipy.sparse import diags

    mean = (diags(1 / np.asarray(graph.sum(axis=1)).ravel()) @ graph).astype(np.float32)
    for _ in range(ROUNDS):
        vectors = mean @ vectors
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return vectors


def _distances(graph: Any, vectors: Vectors) -> Any:
    """Distances along the edges, the parts of the graph chained together at ``APART``."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    edges = graph.tocoo()
    once = edges.row < edges.col
    left, right = edges.row[once], edges.col[once]
    lengths = np.empty(len(left))
    for start in range(0, len(left), EDGES_AT_ONCE):
        part = slice(start, start + EDGES_AT_ONCE)
        lengths[part] = np.linalg.norm(vectors[left[part]] - vectors[right[part]], axis=1)
    _, parts = connected_components(graph, directed=False)
    firsts = np.unique(parts, return_index=True)[1]
    left, right = np.r_[left, firsts[:-1]], np.r_[right, firsts[1:]]
    lengths = np.maximum(np.r_[lengths, np.full(len(firsts) - 1, APART)], LEAST_DISTANCE)
    one_way = csr_matrix((lengths, (left, right)), shape=graph.shape)
    return one_way + one_way.T
