"""Who is near whom: for each unit vector its nearest others, exact while that is cheap, else by a graph search."""

import numpy as np
import numpy.typing as npt

from digest_pipeline.encoder import Vectors

Places = npt.NDArray[np.int64]

EXACT_UP_TO = 20_000  # rows; comparing all with all takes seconds up to here
BLOCK = 1024  # rows compared at a time: bounds the memory
LINKS, BREADTH = 16, 40  # of the search graph: its recall is 0.99 on claims


def nearest(vectors: Vectors, count: int) -> tuple[Places, Vectors]:
    """Places and cosines of each row's ``count`` nearest rows, itself among them, in no order.

    Equal input gives equal output. Above ``EXACT_UP_TO`` rows a hierarchical graph is searched, which takes about
    n log n; a neighbour may be missed there.

    Source: Malkov & Yashunin 2018 (HNSW), as faiss has it.
    """
    return _exact(vectors, count) if len(vectors) <= EXACT_UP_TO else _searched(vectors, count)


def _exact(vectors: Vectors, count: int) -> tuple[Places, Vectors]:
    places = np.empty((len(vectors), count), dtype=np.int64)
    cosines = np.empty((len(vectors), count), dtype=np.float32)
    for start in range(0, len(vectors), BLOCK):
        likeness = vectors[start : start + BLOCK] @ vectors.T
        best = np.argpartition(-likeness, count - 1, axis=1)[:, :count]
        places[start : start + BLOCK] = best
        cosines[start : start + BLOCK] = np.take_along_axis(likeness, best, axis=1)
    return places, cosines


def _searched(vectors: Vectors, count: int) -> tuple[Places, Vectors]:
    import faiss

    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)  # with more, the graph depends on who comes first
    try:
        index = faiss.IndexHNSWFlat(vectors.shape[1], LINKS, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = index.hnsw.efSearch = max(BREADTH, 2 * count)
        index.add(vectors)
        cosines, places = index.search(vectors, count)
    finally:
        faiss.omp_set_num_threads(threads)
    missing = places < 0  # fewer were found: the row itself stands in, which links nothing
    rows = np.broadcast_to(np.arange(len(vectors))[:, None], places.shape)
    return np.where(missing, rows, places), np.where(missing, np.float32(1), cosines)
