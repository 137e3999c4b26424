"""Low-rank updates of an encoder, learnt while its own weights stay (Hu et al., ICLR 2022)."""

import math
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from digest_pipeline.claims.models.tuned_encoder import TunedEncoder

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
RANK, SCALE = 8, 2.0
DROPOUT = 0.1
Network = TypeVar("Network", bound=TunedEncoder)


def mixed_precision() -> torch.autocast:
    """Arithmetic in bfloat16 where that is fast: on a CPU that does not multiply it, it takes ten times as long."""
    able = torch.cpu.get_capabilities()
    is_fast = DEVICE.type == "cuda" or bool(able.get("avx512_bf16") or able.get("amx_bf16"))
    return torch.autocast(DEVICE.type, dtype=torch.bfloat16, enabled=is_fast)


class LowRank(nn.Module):
    """A layer that stays as it is, and a low-rank update of it that is learnt."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.linear = linear
        self.down = nn.Parameter(torch.randn(RANK, linear.in_features) / math.sqrt(linear.in_features))
        self.up = nn.Parameter(torch.zeros(linear.out_features, RANK))
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """What the layer gives, updated."""
        updated: torch.Tensor = self.linear(values) + SCALE * (self.dropout(values) @ self.down.T @ self.up.T)
        return updated


def with_updates(network: Network) -> Network:
    """The network with updates to be learnt and a head that begins at nothing."""
    network.encoder.requires_grad_(False)
    for name, linear in list(network.linears()):
        number, _, place = name.partition(".")
        network.encoder.encoder.layer[int(number)].set_submodule(place, LowRank(linear))
    nn.init.zeros_(network.head.weight)
    nn.init.zeros_(network.head.bias)
    return network.to(DEVICE)


def learnt(network: TunedEncoder) -> dict[str, npt.NDArray[np.float16]]:
    """The updates and the first output's head, in half precision: what ``TunedEncoder.tuned`` reads."""
    stored = {"head": network.head.weight[:1]}
    for name, layer in network.linears():
        stored[f"{name}.up"], stored[f"{name}.down"] = SCALE * layer.up, layer.down
    return {name: tensor.detach().cpu().numpy().astype(np.float16) for name, tensor in stored.items()}
