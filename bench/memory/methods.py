"""Ways to cluster embeddings, and what each takes in a process of its own: seconds and peak memory. Linux only."""

import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from digest_pipeline.clusters.cluster import Labels, cluster_claims
from digest_pipeline.clusters.density import NOISE
from digest_pipeline.encoder import Vectors
from digest_pipeline.settings import Settings

PLAIN_SIZE = 5  # hdbscan's own default of min_cluster_size


@dataclass(frozen=True, slots=True)
class Run:
    """Labels (noise is -1) and their cost: wall and processor seconds, and the peak memory of the whole process."""

    labels: Labels
    seconds: float
    processor: float
    megabytes: float


def shipped(vectors: Vectors, texts: Sequence[str]) -> Labels:
    """What a day does with its window, with the default settings and nothing known of the day before."""
    smallest: int = Settings.model_fields["cluster_min_size"].default
    labels = np.full(len(texts), NOISE, dtype=np.int64)
    for number, theme in enumerate(cluster_claims(vectors, texts, min_size=smallest)):
        labels[list(theme.members)] = number
    return labels


def plain_hdbscan(vectors: Vectors) -> Labels:
    """HDBSCAN as it comes."""
    import hdbscan

    found: Labels = hdbscan.HDBSCAN(min_cluster_size=PLAIN_SIZE, core_dist_n_jobs=1).fit(vectors).labels_
    return found


def k_means(vectors: Vectors, count: int) -> Labels:
    """k-means that is told how many classes there are."""
    from sklearn.cluster import KMeans

    found: Labels = KMeans(count, n_init=3, random_state=0).fit(vectors).labels_
    return found


def run_alone(method: Callable[..., Labels], *arguments: object) -> Run:
    """Run a method in a process of its own, which imports what it needs before the clock starts."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_timed, method, arguments).result()


def _timed(method: Callable[..., Labels], arguments: Sequence[object]) -> Run:
    import hdbscan  # noqa: F401
    import sklearn.cluster  # noqa: F401

    wall, processor = time.perf_counter(), time.process_time()
    labels = method(*arguments)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    # not getrusage: a new process inherits the peak of the one that started it
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    assert peak
    return Run(labels, wall, processor, int(peak[1]) / 1024)
