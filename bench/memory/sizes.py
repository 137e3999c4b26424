"""How clustering grows with the number of claims, against plain HDBSCAN: time, memory, and the exponent of growth.

    python -m bench.memory.sizes [--sizes 1000 10000 100000] [--plain-up-to 10000]

Claims are made up with structure: matters of unequal size within broader fields, some tight and some loose, and three
claims in ten on a matter of their own. Plain HDBSCAN compares all with all in so many dimensions; beyond
``--plain-up-to`` it is left out. The exponent is that of processor time between two sizes; n log n is 1.1 there.
"""

import argparse
import math
from itertools import pairwise

import numpy as np

from bench.memory.methods import Run, plain_hdbscan, run_alone, shipped
from digest_pipeline.clusters.cluster import Labels
from digest_pipeline.clusters.density import NOISE
from digest_pipeline.encoder import Vectors

DIMENSIONS = 384  # of all-MiniLM-L6-v2
CLAIMS_A_MATTER, MATTERS_A_FIELD = 60, 12
SINGLE = 0.3  # share of the claims on a matter of their own
WORDS, WORDS_A_MATTER = 8_000, 12


def made_up(count: int) -> tuple[Vectors, list[str], Labels]:
    """Unit vectors, texts and matters (-1: its own) of so many claims, equal for an equal number."""
    chance = np.random.default_rng(0)
    matters = max(5, count // CLAIMS_A_MATTER)
    fields = _directions(chance, max(3, matters // MATTERS_A_FIELD))
    field_of = chance.integers(0, len(fields), matters)
    middles = fields[field_of] + 0.9 * _directions(chance, matters)
    middles /= np.linalg.norm(middles, axis=1, keepdims=True)
    matter = chance.choice(matters, count, p=chance.dirichlet(np.ones(matters)))
    vectors = middles[matter] + chance.uniform(0.5, 1.1, (count, 1)).astype(np.float32) * _directions(chance, count)
    single = chance.random(count) < SINGLE
    vectors[single] = fields[field_of[matter[single]]] + _directions(chance, int(single.sum()))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    own = chance.integers(0, WORDS, (matters, WORDS_A_MATTER))
    said = np.hstack([own[matter][:, chance.permutation(WORDS_A_MATTER)[:5]], chance.integers(0, WORDS, (count, 7))])
    texts = [" ".join(f"word{number}" for number in row) for row in said.tolist()]
    return vectors, texts, np.where(single, NOISE, matter)


def _directions(chance: np.random.Generator, count: int) -> Vectors:
    """Random vectors of about unit length."""
    return chance.standard_normal((count, DIMENSIONS), dtype=np.float32) / np.float32(math.sqrt(DIMENSIONS))


def main() -> None:
    """Cluster each size with each method in a process of its own."""
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--plain-up-to", type=int, default=10_000)
    options = parser.parse_args()
    runs: dict[str, dict[int, Run]] = {"shipped": {}, "hdbscan": {}}
    for size in options.sizes:
        vectors, texts, truth = made_up(size)
        runs["shipped"][size] = run_alone(shipped, vectors, texts)
        if size <= options.plain_up_to:
            runs["hdbscan"][size] = run_alone(plain_hdbscan, vectors)
        for method, done in runs.items():
            if run := done.get(size):
                print(
                    f"{size:7d} {method:8s} {run.seconds:7.1f} s ({run.processor:.1f} of the processor)"
                    f"  {run.megabytes:.0f} MB  NMI {normalized_mutual_info_score(truth, run.labels):.3f}"
                    f"  ARI {adjusted_rand_score(truth, run.labels):.3f}  noise {np.mean(run.labels == NOISE):.3f}",
                    flush=True,
                )
            else:
                print(f"{size:7d} {method:8s} left out")
    for method, done in runs.items():
        for few, many in pairwise(done):
            exponent = math.log(done[many].processor / done[few].processor) / math.log(many / few)
            linear = math.log(many * math.log(many) / (few * math.log(few))) / math.log(many / few)
            print(f"{method}: grows with n^{exponent:.2f} from {few} to {many}; n log n is n^{linear:.2f}")


if __name__ == "__main__":
    main()
