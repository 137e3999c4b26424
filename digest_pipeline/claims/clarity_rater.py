"""How a claim reads from its headline to the end of its explanation, by the sentence encoder tuned to that end.

The marks in ``clarity`` see the wording of a headline; this reads it, so that it is known what a word leans on and
whether the explanation follows. ``clarity_rater.npz`` holds what tuning adds to the encoder's weights (low-rank
updates, Hu et al., ICLR 2022) and ``bench/worthiness/shown.py`` makes it; ``MODEL_CARD.md`` says how well it does.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import as_file, files
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from digest_pipeline.claims.worthiness import Scores
from digest_pipeline.errors import ModelError
from digest_pipeline.model_files import encoder_source, is_local
from digest_pipeline.settings import Settings

ShownText = tuple[str, str]
"""A headline and its explanation."""


class ClarityRater(Protocol):
    """Rates claims as they are shown."""

    def rate(self, shown: Sequence[ShownText]) -> Scores:
        """Log odds that an editor who sees nothing else of a claim lets it stand."""


def get_clarity_rater(settings: Settings) -> ClarityRater:
    """The rater over the settings' encoder, loaded once in this process.

    Raises:
        ModelError: the encoder cannot be loaded, or is none that the tuned weights fit.
    """
    return _load(encoder_source(settings.encoder_model))


def fits_encoder(settings: Settings) -> bool:
    """Whether the settings' encoder has the layers that the tuned weights belong to."""
    from transformers import AutoConfig  # takes seconds to import

    source = encoder_source(settings.encoder_model)
    config = AutoConfig.from_pretrained(source, local_files_only=is_local(source))
    return bool(config.hidden_size * config.num_hidden_layers == stored_weights()["head"].shape[1])


@lru_cache(maxsize=1)
def stored_weights() -> Mapping[str, npt.NDArray[Any]]:
    """What ``clarity_rater.npz`` holds."""
    with as_file(files("digest_pipeline.claims") / "clarity_rater.npz") as path, np.load(path) as stored:
        return {name: stored[name].astype(np.float32) for name in stored.files}


@lru_cache(maxsize=1)
def _load(source: str) -> ClarityRater:
    from digest_pipeline.claims.tuned_encoder import ShownEncoder  # torch takes seconds to import

    try:
        return ShownEncoder(source).tuned(stored_weights())
    except (OSError, ValueError, KeyError, AttributeError, RuntimeError) as error:
        raise ModelError(
            f"the clarity rater's weights do not fit the encoder {source}: {error}",
            remedy="set encoder_model to auto or a copy of all-MiniLM-L6-v2, or run bench/worthiness/shown.py",
        ) from error
