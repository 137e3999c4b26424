"""Quality of themes and of same-claim pairs on labelled texts, for the shipped settings against plain methods.

    python -m bench.memory.quality --data FOLDER [FOLDER ...] [--most N] [--methods shipped k-means hdbscan]

Sets of classes in a FOLDER: ``*.tsv`` (class, text) and, in it or one below, ``*.csv`` with columns text and category.
Pairs: ``labels_train.csv`` and ``labels_dev.csv`` beside arguments and key points, as ArgKP 2021 has them. ``--most``
draws that many texts of a larger set for all methods: plain HDBSCAN compares all with all.

NMI (arithmetic mean, which is the V-measure), ARI and V-measure take noise for one class of its own.
"""

import argparse
import csv
import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.memory.methods import Run, k_means, plain_hdbscan, run_alone, shipped
from digest_pipeline.clusters.density import NOISE
from digest_pipeline.encoder import Vectors, get_embedder
from digest_pipeline.scoring.relations import SAME_CLAIM
from digest_pipeline.settings import load_settings

METHODS = ("shipped", "k-means", "hdbscan")
Embed = Callable[[Sequence[str]], Vectors]


def sets_in(folder: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """Name, classes and texts of each labelled set."""
    for path in sorted(folder.glob("*.tsv")):
        rows = [line.split("\t") for line in path.read_text(encoding="utf-8").rstrip("\n").split("\n")]
        yield path.stem, [row[0] for row in rows], [row[1] for row in rows]
    for path in sorted([*folder.glob("*.csv"), *folder.glob("*/*.csv")]):
        found = _rows(path)
        if found and {"text", "category"} <= found[0].keys():
            name = f"{path.parent.name}/{path.stem}"
            yield name, [row["category"] for row in found], [row["text"] for row in found]


def keeping(folder: Path | None) -> Embed:
    """Embed texts with the settings' encoder; what ``folder`` has of them already is read."""
    settings = load_settings()

    def embed(texts: Sequence[str]) -> Vectors:
        if folder is None:
            return get_embedder(settings).embed(texts)
        path = folder / f"{hashlib.sha256(repr((settings.encoder_model, list(texts))).encode()).hexdigest()[:16]}.npy"
        if not path.exists():
            np.save(path, get_embedder(settings).embed(texts))
        found: Vectors = np.load(path)
        return found

    return embed


def show_set(name: str, classes: list[str], texts: list[str], vectors: Vectors, methods: Sequence[str]) -> None:
    """Print a line for each method."""
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score, v_measure_score

    runs: dict[str, Callable[[], Run]] = {
        "shipped": lambda: run_alone(shipped, vectors, texts),
        "k-means": lambda: run_alone(k_means, vectors, len(set(classes))),
        "hdbscan": lambda: run_alone(plain_hdbscan, vectors),
    }
    print(f"{name}: {len(texts)} texts of {len(set(classes))} classes")
    for method in methods:
        run = runs[method]()
        noise = np.mean(run.labels == NOISE)
        print(
            f"  {method:8s} NMI {normalized_mutual_info_score(classes, run.labels):.3f}"
            f"  ARI {adjusted_rand_score(classes, run.labels):.3f}  V {v_measure_score(classes, run.labels):.3f}"
            f"  noise {noise:.3f}  groups {len(set(run.labels.tolist()) - {NOISE})}"
            f"  {run.seconds:.1f} s ({run.processor:.1f} of the processor)  {run.megabytes:.0f} MB",
            flush=True,
        )


def pairs_in(folder: Path, part: str, embed: Embed) -> tuple[Vectors, npt.NDArray[np.int64]]:
    """Cosine of each argument and key point, and whether people say that they match."""
    texts = {row["arg_id"]: row["argument"] for row in _rows(folder / f"arguments_{part}.csv")}
    texts |= {row["key_point_id"]: row["key_point"] for row in _rows(folder / f"key_points_{part}.csv")}
    places = {name: place for place, name in enumerate(texts)}
    vectors, rows = embed(list(texts.values())), _rows(folder / f"labels_{part}.csv")
    one = vectors[[places[row["arg_id"]] for row in rows]]
    other = vectors[[places[row["key_point_id"]] for row in rows]]
    return (one * other).sum(axis=1), np.array([int(row["label"]) for row in rows])


def show_pairs(folder: Path, embed: Embed) -> None:
    """Print average precision and F1 of both parts, at the shipped threshold and at the best of the training part."""
    from sklearn.metrics import average_precision_score, f1_score, precision_recall_curve

    parts = {part: pairs_in(folder, part, embed) for part in ("train", "dev")}
    cosines, labels = parts["train"]
    precision, recall, thresholds = precision_recall_curve(labels, cosines)
    best = float(thresholds[np.argmax((2 * precision * recall / np.maximum(precision + recall, 1e-9))[:-1])])
    for part, (cosines, labels) in parts.items():
        print(
            f"{folder.name} {part}: {len(labels)} pairs, {labels.mean():.3f} match;"
            f" average precision {average_precision_score(labels, cosines):.3f};"
            f" F1 {f1_score(labels, cosines >= SAME_CLAIM):.3f} at the shipped {SAME_CLAIM},"
            f" {f1_score(labels, cosines >= best):.3f} at {best:.3f} (best on train)",
            flush=True,
        )


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def main() -> None:
    """Read the arguments, embed and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--most", type=int, help="texts drawn of a larger set")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--keep", type=Path, help="an existing folder for embeddings")
    options = parser.parse_args()
    embed = keeping(options.keep)
    for folder in options.data:
        if (folder / "labels_train.csv").exists():
            show_pairs(folder, embed)
        for name, classes, texts in sets_in(folder):
            vectors = embed(texts)
            drawn = np.arange(len(texts))
            if options.most and options.most < len(texts):
                drawn = np.sort(np.random.default_rng(0).choice(len(texts), options.most, replace=False))
            part = [classes[i] for i in drawn], [texts[i] for i in drawn]
            show_set(name, *part, vectors[drawn], options.methods)


if __name__ == "__main__":
    main()
