"""Entailment: a trained model's word on whether what was said bears what a claim says. Optional, by setting.

Any cross-encoder for natural language inference that sentence-transformers loads will do, for example one trained on
MultiNLI (Williams et al., 2018). It is asked after the rules of ``faithfulness``, and both have to agree.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from digest_pipeline.errors import ModelError
from digest_pipeline.model_files import is_local
from digest_pipeline.settings import Settings


class EntailmentModel:
    """Probabilities that a premise entails and contradicts a hypothesis.

    Raises:
        ModelError: it cannot be loaded, or its labels do not name entailment and contradiction.
    """

    def __init__(self, source: str) -> None:
        from sentence_transformers import CrossEncoder

        try:
            self._model = CrossEncoder(source, local_files_only=is_local(source))
        except (OSError, ValueError) as error:
            raise ModelError(
                f"entailment model {source!r} cannot be loaded: {error}",
                remedy="set DIGEST_NLI_MODEL to a folder or a hub name, or to nothing",
            ) from error
        labels = {str(name).lower(): int(i) for i, name in self._model.config.id2label.items()}
        if not {"entailment", "contradiction"} <= labels.keys():
            raise ModelError(
                f"{source!r} is no entailment model: its labels are {', '.join(labels)}",
                remedy="name a model for natural language inference whose config.json names its labels",
            )
        self._entailment, self._contradiction = labels["entailment"], labels["contradiction"]

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[float, float]]:
        """(entailed, contradicted) of each (premise, hypothesis), each 0..1."""
        if not pairs:
            return []
        logits = np.asarray(
            self._model.predict([list(pair) for pair in pairs], apply_softmax=False, show_progress_bar=False)
        )
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        return [(float(row[self._entailment]), float(row[self._contradiction])) for row in shares]


def get_entailment(settings: Settings) -> EntailmentModel | None:
    """The model that the settings name, loaded once a process, or ``None``."""
    return _load(settings.nli_model) if settings.nli_model else None


@lru_cache(maxsize=1)
def _load(source: str) -> EntailmentModel:
    return EntailmentModel(source)
