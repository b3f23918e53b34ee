"""A small network that draws random numbers in training, in the way that ``kind`` names."""

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from findings.config.schema import Config
from tiny_runs import tiny


class DropPath(nn.Module):
    """Stochastic depth by the image, as timm has it."""

    def forward(self, x: Tensor) -> Tensor:
        return x * x.new_empty(len(x), 1, 1, 1).bernoulli_(0.5) / 0.5 if self.training else x


class Function(nn.Module):
    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x) if self.training else x


OWN = torch.Generator()
# in torch's own words or in words of one's own
SEEDED: dict[str, Callable[[], nn.Module]] = {
    "dropout": lambda: nn.Dropout(0.5),
    "dropout of channels": lambda: nn.Dropout2d(0.5),
    "alpha dropout": lambda: nn.AlphaDropout(0.5),
    "feature alpha dropout": lambda: nn.FeatureAlphaDropout(0.5),
    "rrelu": nn.RReLU,
    "fractional pooling": lambda: nn.FractionalMaxPool2d(2, output_size=8),
    "drop path": DropPath,
    "dropout as a function": lambda: Function(lambda x: F.dropout(x, 0.5)),
    "noise": lambda: Function(lambda x: x + 0.1 * torch.randn_like(x)),
    "a mask from rand": lambda: Function(lambda x: x * (torch.rand(len(x), 1, 1, 1, device=x.device) < 0.5)),
    "attention": lambda: Function(lambda x: F.scaled_dot_product_attention(x, x, x, dropout_p=0.5)),
    "a layer that is left out": lambda: Function(lambda x: x if torch.rand(()).item() < 0.5 else 2 * x),
}
REFUSED: dict[str, Callable[[], nn.Module]] = {
    "a generator of its own": lambda: Function(lambda x: x + torch.rand(x.shape, generator=OWN).to(x)),
    "Python's random": lambda: Function(lambda x: x if random.random() < 0.5 else 2 * x),
    "NumPy's global generator": lambda: Function(lambda x: x * float(np.random.rand())),
}
NOT_DRAWN: dict[str, Callable[[], nn.Module]] = {"nothing": nn.Identity, "dropout of nothing": lambda: nn.Dropout(0.0)}
KINDS = {**SEEDED, **REFUSED, **NOT_DRAWN}


class Drawing(nn.Module):
    """A convolution, batch norm, what draws, a classifier."""

    def __init__(
        self, *, channels: int, size: int, classes: int, batch_norm_group: int | None = None, kind: str = "nothing"
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(channels, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU())
        self.draws = KINDS[kind]()
        self.head = nn.Linear(4, classes)

    def forward(self, x: Tensor) -> Tensor:  # (N, channels, size, size) -> (N, classes)
        return self.head(self.draws(self.stem(x)).mean((2, 3)))

    @staticmethod
    def name(model: dict) -> str:
        return "drawing-" + model["kind"].replace(" ", "-").replace("'", "")


def drawing(directory: Path, kind: str, **changes: Any) -> Config:
    """A tiny run of that network."""
    model = {"_target_": "drawing_network.Drawing", "kind": kind}
    return replace(tiny(directory, **changes), model=model)
