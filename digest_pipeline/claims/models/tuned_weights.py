"""What tuning adds to the sentence encoder for one task (low-rank updates, Hu et al., ICLR 2022), and what it then
reads.

The files lie beside this one, ``NAME.npz``; scripts in ``bench/worthiness`` make them, and ``MODEL_CARD.md`` says how
well they do.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import as_file, files
from typing import Any

import numpy as np
import numpy.typing as npt

Weights = Mapping[str, npt.NDArray[Any]]

Passage = tuple[str, str, str]
"""The words before a span, its own, and those after."""

ShownText = tuple[str, str]
"""A headline and its explanation."""


@cache
def stored_weights(name: str) -> Weights:
    """What ``NAME.npz`` holds."""
    with as_file(files("digest_pipeline.claims.models") / f"{name}.npz") as path, np.load(path) as stored:
        return {part: stored[part].astype(np.float32) for part in stored.files}
