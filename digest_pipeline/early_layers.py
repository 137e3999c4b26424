"""The early layers of an encoder: how something is worded, where the last layer keeps what it is about.

Probing studies find surface and syntax in the first layers of BERT-like models and meaning in the last (Jawahar,
Sagot and Seddah, ACL 2019). Apart from ``encoder`` because torch takes seconds to import.
"""

import torch
from sentence_transformers import SentenceTransformer


class AppendEarlyLayers(torch.nn.Module):
    """Appends to each sentence embedding the means over its tokens of the first ``count`` layers."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self._count = count

    def forward(self, features: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Longer ``sentence_embedding``, everything else as it was."""
        mask = features["attention_mask"].unsqueeze(-1).to(features["sentence_embedding"].dtype)
        early = torch.cat(tuple(features["all_layer_embeddings"][1 : self._count + 1]), dim=2)
        means = (early * mask).sum(dim=1) / mask.sum(dim=1)
        return {**features, "sentence_embedding": torch.cat([features["sentence_embedding"], means], dim=1)}


def with_early_layers(model: SentenceTransformer, count: int) -> SentenceTransformer:
    """``model``, sharing its weights, with ``AppendEarlyLayers`` of so many layers behind it: both come of one pass."""
    transformer = model[0]
    transformer.model.config.output_hidden_states = True
    return SentenceTransformer(modules=[*model, AppendEarlyLayers(count)], device=str(model.device))
