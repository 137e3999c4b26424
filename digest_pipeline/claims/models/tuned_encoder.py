"""The networks that ``tuned_networks`` loads: a BERT-like encoder with low-rank updates and a linear head."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from transformers import AutoModel, AutoTokenizer
from transformers.utils import logging

from digest_pipeline.claims.models.tuned_weights import Passage, ShownText, Weights
from digest_pipeline.claims.models.worthiness import Scores
from digest_pipeline.model_files import is_local

TOKENS = 32, 120, 16  # at most, before, of and after a span
SHOWN_TOKENS = 90, 60  # at most, of a headline and of its explanation
STRETCH = 192  # tokens of a talk that are read together; every token is read in two stretches
BATCH = 32
UPDATED = ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense",
           "intermediate.dense", "output.dense")  # fmt: skip


class TunedEncoder(torch.nn.Module):
    """The encoder, every layer's output normalised, and a linear head over all of them."""

    def __init__(self, source: str, outputs: int = 1) -> None:
        super().__init__()
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        self.tokenizer: Any = AutoTokenizer.from_pretrained(source, local_files_only=is_local(source))
        self.encoder: Any = AutoModel.from_pretrained(source, local_files_only=is_local(source)).float()
        width, layers = self.encoder.config.hidden_size, self.encoder.config.num_hidden_layers
        self.norm = torch.nn.LayerNorm(width, elementwise_affine=False)
        self.head = torch.nn.Linear(width * layers, outputs)

    def tuned(self, weights: Weights) -> Self:
        """Stored updates worked into the encoder's weights: as fast as it was before, and ready to rate.

        Raises:
            ValueError: the updates are of another shape than the encoder.
        """
        with torch.no_grad():
            for name, linear in self.linears():
                up, down = (torch.from_numpy(weights[f"{name}.{part}"]) for part in ("up", "down"))
                if (up.shape[0], down.shape[1]) != tuple(linear.weight.shape):
                    raise ValueError(f"{name} has the shape {tuple(linear.weight.shape)}")
                linear.weight += up @ down
            if "token_types" in weights:
                self.encoder.embeddings.token_type_embeddings.weight.copy_(torch.from_numpy(weights["token_types"]))
            self.head.weight.copy_(torch.from_numpy(weights["head"]))
            self.head.bias.copy_(torch.from_numpy(weights["bias"]) if "bias" in weights else torch.zeros(1))
        return self.eval().to("cuda" if torch.cuda.is_available() else "cpu")

    def linears(self) -> Iterator[tuple[str, Any]]:
        """The layers that are updated, with their names."""
        for number, layer in enumerate(self.encoder.encoder.layer):
            for name in UPDATED:
                yield f"{number}.{name}", layer.get_submodule(name)

    def layers_of(self, ids: torch.Tensor, types: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Every layer's output, each of shape (rows, tokens, width)."""
        layers: tuple[torch.Tensor, ...] = self.encoder(
            input_ids=ids, token_type_ids=types, attention_mask=mask, output_hidden_states=True
        ).hidden_states[1:]
        return layers


class PooledEncoder(TunedEncoder):
    """Rates texts by their marked part.

    The marked tokens have the second of BERT's two token types, and the means over them of every layer's output go into
    the head.
    """

    def forward(self, ids: torch.Tensor, types: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Ratings of a batch, shape (texts, outputs)."""
        layers = self.layers_of(ids, types, mask)
        share = types.float().unsqueeze(2)
        share = share / share.sum(dim=1, keepdim=True).clamp(min=1)
        rated: torch.Tensor = self.head(
            torch.cat([self.norm((layer.float() * share).sum(dim=1)) for layer in layers], dim=1)
        )
        return rated

    def rate_tokens(self, ids: Sequence[list[int]], types: Sequence[list[int]]) -> Scores:
        """The first output for each text."""
        rated = np.zeros(len(ids))
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]))  # little is padded in a batch of one length
        with torch.inference_mode():
            for first in range(0, len(order), BATCH):
                rows = order[first : first + BATCH]
                rated[rows] = self(*padded([ids[i] for i in rows], [types[i] for i in rows], self.head.weight.device))[
                    :, 0
                ].cpu()
        return rated


class PassageEncoder(PooledEncoder):
    """Rates spans between their surroundings."""

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

    def rate(self, passages: Sequence[Passage]) -> Scores:
        """See ``Reranker``."""
        return self.rate_tokens(*self.tokens(passages)) if passages else np.zeros(0)


class ShownEncoder(PooledEncoder):
    """Rates headlines before their explanations."""

    def tokens(self, shown: Sequence[ShownText]) -> tuple[list[list[int]], list[list[int]]]:
        """Numbers of each claim's tokens, and of their types: the headline's are marked."""
        headlines, explanations = (
            self.tokenizer(list(part), add_special_tokens=False, verbose=False)["input_ids"]
            for part in zip(*shown, strict=True)
        )
        ids, types = [], []
        for headline, explanation in zip(headlines, explanations, strict=True):
            above, below = headline[: SHOWN_TOKENS[0]], explanation[: SHOWN_TOKENS[1]]
            ids.append([self.tokenizer.cls_token_id, *above, self.tokenizer.sep_token_id, *below])
            types.append([0, *[1] * len(above), *[0] * (1 + len(below))])
        return ids, types

    def rate(self, shown: Sequence[ShownText]) -> Scores:
        """See ``ClarityRater``."""
        return self.rate_tokens(*self.tokens(shown)) if shown else np.zeros(0)


class TalkEncoder(TunedEncoder):
    """Rates every token of a talk, read in stretches that overlap."""

    def tokens(self, words: Sequence[str]) -> tuple[list[int], npt.NDArray[np.int64]]:
        """Numbers of a talk's tokens, and where each word's begin (one more than there are words)."""
        distinct = list(dict.fromkeys(words))  # a talk says most of its words many times
        numbers = self.tokenizer(distinct, add_special_tokens=False, verbose=False)["input_ids"] if distinct else []
        tokens_of = dict(zip(distinct, numbers, strict=True))
        found = [tokens_of[word] for word in words]
        return [token for tokens in found for token in tokens], np.cumsum([0, *map(len, found)])

    def stretch(self, ids: Sequence[int], start: int) -> tuple[list[int], int, int]:
        """A stretch with what marks its edges (the talk's own ends in another way), and where its own tokens lie."""
        left = [self.tokenizer.cls_token_id, *([self.tokenizer.sep_token_id] if start <= 0 else [])]
        own = list(ids[max(0, start) : start + STRETCH])
        right = [self.tokenizer.sep_token_id] if start + STRETCH >= len(ids) else []
        return [*left, *own, *right], len(left), len(left) + len(own)

    def forward(self, ids: torch.Tensor, types: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Ratings of every token, shape (stretches, tokens, outputs)."""
        rated: torch.Tensor = self.head(
            torch.cat([self.norm(layer.float()) for layer in self.layers_of(ids, types, mask)], dim=2)
        )
        return rated

    def rate(self, words: Sequence[str]) -> Scores:
        """See ``TalkRater`` and ``Punctuator``."""
        ids, starts = self.tokens(words)
        outputs = self.head.out_features
        if not ids:
            return np.zeros((len(words), outputs))
        step = STRETCH // 2
        places = list(range(0, max(1, len(ids) - step), step))
        sums, weights = np.zeros((len(ids), outputs)), np.zeros((len(ids), 1))
        with torch.inference_mode():
            for first in range(0, len(places), BATCH):
                some = places[first : first + BATCH]
                parts = [self.stretch(ids, start) for start in some]
                rows = [part for part, _, _ in parts]
                rated = self(*padded(rows, [[0] * len(row) for row in rows], self.head.weight.device)).cpu()
                for start, (_, begin, end), row in zip(some, parts, rated.numpy(), strict=True):
                    own = slice(start, start + end - begin)
                    near = _nearness(end - begin, is_first=start == 0, is_last=start + STRETCH >= len(ids))[:, None]
                    sums[own] += near * row[begin:end]
                    weights[own] += near
        whole = np.concatenate([np.zeros((1, outputs)), np.cumsum(sums / weights, axis=0)])
        counts = np.diff(starts)[:, None]
        found: Scores = np.where(counts > 0, np.diff(whole[starts], axis=0) / np.maximum(counts, 1), 0.0)
        return found


def _nearness(count: int, *, is_first: bool, is_last: bool) -> Scores:
    """How much each token of a stretch counts: more in the middle, where it is read with both its sides."""
    place = np.arange(1, count + 1)
    near: Scores = np.minimum(place, place[::-1]) / count
    if is_first:
        near[: count // 2] = 0.5
    if is_last:
        near[count // 2 :] = 0.5
    return near


def padded(
    ids: Sequence[Sequence[int]], types: Sequence[Sequence[int]], device: torch.device
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Tokens, their types and where there are any, as rectangles."""
    rows = [
        torch.nn.utils.rnn.pad_sequence([torch.tensor(row) for row in part], batch_first=True)
        for part in (ids, types, [[1] * len(row) for row in ids])
    ]
    return rows[0].to(device), rows[1].to(device), rows[2].to(device)


NETWORKS: Mapping[str, type[PassageEncoder | ShownEncoder | TalkEncoder]] = {
    "clarity_rater": ShownEncoder,
    "punctuation": TalkEncoder,
    "reranker": PassageEncoder,
    "talk_rater": TalkEncoder,
}
