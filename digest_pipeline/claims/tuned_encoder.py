"""The network of ``reranker``: a BERT-like encoder with low-rank updates and one linear head over all its layers."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from transformers import AutoModel, AutoTokenizer
from transformers.utils import logging

from digest_pipeline.claims.reranker import Passage
from digest_pipeline.claims.worthiness import Scores
from digest_pipeline.model_files import is_local

TOKENS = 32, 120, 16  # at most, before, of and after a span
BATCH = 32
UPDATED = ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense",
           "intermediate.dense", "output.dense")  # fmt: skip


class TunedEncoder(torch.nn.Module):
    """Rates spans between their surroundings.

    The span's tokens have the second of BERT's two token types, and the means over them of every layer's output,
    normalised, go into the head.
    """

    def __init__(self, source: str, outputs: int = 1) -> None:
        super().__init__()
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        self.tokenizer: Any = AutoTokenizer.from_pretrained(source, local_files_only=is_local(source))
        self.encoder: Any = AutoModel.from_pretrained(source, local_files_only=is_local(source)).float()
        width, layers = self.encoder.config.hidden_size, self.encoder.config.num_hidden_layers
        self.norm = torch.nn.LayerNorm(width, elementwise_affine=False)
        self.head = torch.nn.Linear(width * layers, outputs)

    @classmethod
    def tuned(cls, source: str, weights: Mapping[str, npt.NDArray[Any]]) -> "TunedEncoder":
        """The encoder of ``source`` with stored updates worked into its weights: as fast as it was before.

        Raises:
            ValueError: the updates are of another shape than the encoder.
        """
        network = cls(source)
        with torch.no_grad():
            for name, linear in network.linears():
                up, down = (torch.from_numpy(weights[f"{name}.{part}"]) for part in ("up", "down"))
                if (up.shape[0], down.shape[1]) != tuple(linear.weight.shape):
                    raise ValueError(f"{name} has the shape {tuple(linear.weight.shape)}")
                linear.weight += up @ down
            network.encoder.embeddings.token_type_embeddings.weight.copy_(torch.from_numpy(weights["token_types"]))
            network.head.weight.copy_(torch.from_numpy(weights["head"]))
            network.head.bias.zero_()
        return network.eval().to("cuda" if torch.cuda.is_available() else "cpu")

    def linears(self) -> Iterator[tuple[str, Any]]:
        """The layers that are updated, with their names."""
        for number, layer in enumerate(self.encoder.encoder.layer):
            for name in UPDATED:
                yield f"{number}.{name}", layer.get_submodule(name)

    def tokens(self, passages: Sequence[Passage]) -> tuple[list[list[int]], list[list[int]]]:
        """Numbers of each passage's tokens, and of their types."""
        before, own, after = (
            self.tokenizer(list(part), add_special_tokens=False, verbose=False)["input_ids"]
            for part in zip(*passages, strict=True)
        )
        most_before, most, most_after = TOKENS
        ids, types = [], []
        for parts in zip(before, own, after, strict=True):
            left, middle, right = parts[0][-most_before:], parts[1][:most], parts[2][:most_after]
            ids.append([self.tokenizer.cls_token_id, *left, *middle, *right])
            types.append([0] * (1 + len(left)) + [1] * len(middle) + [0] * len(right))
        return ids, types

    def forward(self, ids: torch.Tensor, types: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Ratings of a batch, shape (passages, outputs)."""
        layers = self.encoder(
            input_ids=ids, token_type_ids=types, attention_mask=mask, output_hidden_states=True
        ).hidden_states[1:]
        share = types.float().unsqueeze(2)
        share = share / share.sum(dim=1, keepdim=True).clamp(min=1)
        rated: torch.Tensor = self.head(
            torch.cat([self.norm((layer.float() * share).sum(dim=1)) for layer in layers], dim=1)
        )
        return rated

    def rate(self, passages: Sequence[Passage]) -> Scores:
        """See ``Reranker``."""
        if not passages:
            return np.zeros(0)
        ids, types = self.tokens(passages)
        rated = np.zeros(len(passages))
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]))  # little is padded in a batch of one length
        with torch.inference_mode():
            for first in range(0, len(order), BATCH):
                rows = order[first : first + BATCH]
                rated[rows] = self(*padded([ids[i] for i in rows], [types[i] for i in rows], self.head.weight.device))[
                    :, 0
                ].cpu()
        return rated


def padded(
    ids: Sequence[Sequence[int]], types: Sequence[Sequence[int]], device: torch.device
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Tokens, their types and where there are any, as rectangles."""
    rows = [
        torch.nn.utils.rnn.pad_sequence([torch.tensor(row) for row in part], batch_first=True)
        for part in (ids, types, [[1] * len(row) for row in ids])
    ]
    return rows[0].to(device), rows[1].to(device), rows[2].to(device)
