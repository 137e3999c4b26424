"""How much a span is worth repeating: a linear model on surface features and the sentence embedding.

``weights.npz`` holds the model; ``MODEL_CARD.md`` beside it says what it was trained on and how well it does, and
``bench/worthiness/train.py`` makes both. Method: logistic regression on standardised features, the target being "a
demanding editor would send this" (label 2 or 3).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import as_file, files

import numpy as np
import numpy.typing as npt

from digest_pipeline.claims.features import feature_names, features_of
from digest_pipeline.claims.spans import Span
from digest_pipeline.encoder import Embedder, Vectors
from digest_pipeline.errors import ModelError

Scores = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class WorthinessModel:
    """Weights for ``design_matrix`` columns. ``encoder`` is the embedding model that they belong to."""

    encoder: str
    names: tuple[str, ...]
    mean: Scores
    scale: Scores
    coefficients: Scores
    intercept: float

    def score(self, matrix: Scores) -> Scores:
        """Probability, 0..1, that an editor would send each row of the design matrix."""
        logits = ((matrix - self.mean) / self.scale) @ self.coefficients + self.intercept
        probabilities: Scores = 1 / (1 + np.exp(-logits))
        return probabilities


@lru_cache(maxsize=1)
def load_model() -> WorthinessModel:
    """The model that ships with the package.

    Raises:
        ModelError: the weights do not fit the features of this release.
    """
    with as_file(files("digest_pipeline.claims") / "weights.npz") as path, np.load(path, allow_pickle=False) as stored:
        model = WorthinessModel(
            str(stored["encoder"]), tuple(stored["names"].tolist()), stored["mean"].astype(float),
            stored["scale"].astype(float), stored["coefficients"].astype(float), float(stored["intercept"]),
        )  # fmt: skip
    if model.names != feature_names():
        raise ModelError(
            "the claim-worthiness weights belong to other features", remedy="run bench/worthiness/train.py again"
        )
    return model


def embed_spans(spans: Sequence[Span], embedder: Embedder) -> Vectors:
    """One unit vector a span: the mean of its sentences' embeddings, weighted by their words.

    Each sentence is encoded once, however many spans it is part of.
    """
    sentences = list(dict.fromkeys(s.text for span in spans for s in span.sentences))
    row_of = {text: row for row, text in enumerate(sentences)}
    vectors = embedder.embed(sentences)
    pooled = np.stack(
        [
            np.average(
                vectors[[row_of[s.text] for s in span.sentences]],
                axis=0,
                weights=[len(s.text.split()) + 1 for s in span.sentences],
            )
            for span in spans
        ]
    )
    unit: Vectors = (pooled / np.maximum(np.linalg.norm(pooled, axis=1, keepdims=True), 1e-9)).astype(np.float32)
    return unit


def design_matrix(spans: Sequence[Span], vectors: Vectors) -> Scores:
    """Surface features beside the embedding: shape (spans, features + dimensions)."""
    surface = np.stack([features_of(span) for span in spans])
    return np.hstack([surface, vectors]).astype(float)
