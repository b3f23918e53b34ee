"""LeNet-5 (LeCun et al. 1998, section II.B).

images (N, 1, 32, 32) -> 6 maps (N, 6, 28, 28) -> pool (N, 6, 14, 14) -> 16 maps (N, 16, 10, 10) -> pool (N, 16, 5, 5)
-> 120 -> 84 -> classes
"""

from typing import Literal

import torch
from torch import Tensor, nn

from findings.errors import InputError
from findings.nets.heads import FullyConnected
from findings.nets.nonlinearity import Initialisation, Nonlinearity, initialise, layer

# which of the six maps each of the sixteen of the second convolution sees (table I): three neighbours, four
# neighbours, four of which two pairs are neighbours, all
SEEN: tuple[tuple[int, ...], ...] = (
    *(tuple(sorted((first + step) % 6 for step in (0, 1, 2))) for first in range(6)),
    *(tuple(sorted((first + step) % 6 for step in (0, 1, 2, 3))) for first in range(6)),
    *(tuple(sorted((first + step) % 6 for step in (0, 1, 3, 4))) for first in range(3)),
    tuple(range(6)),
)
PADDED = 28  # images of up to so many pixels get a border of two, as the paper's have


class LeNet5(nn.Module):
    """Two convolutions of 5x5, each followed by 2x2 pooling, and three linear layers.

    ``connections=sparse`` are the second convolution's of table I, ``dense`` those of every later account: 60 of its
    96 kernels are there. The paper's pooling has a weight and a bias for each map, and its last layer holds radial
    basis functions; here pooling has no weights, and the last layer is linear. What the paper calls C5 is the first of
    the linear layers. Images of 28x28 and less are padded by 2. Raises InputError for images that two poolings leave
    nothing of.
    """

    def __init__(
        self,
        *,
        channels: int,
        size: int,
        classes: int,
        batch_norm_group: int | None = None,  # there is no batch norm
        connections: Literal["dense", "sparse"] = "dense",
        pooling: Literal["average", "max"] = "average",
        nonlinearity: Nonlinearity = "tanh",
        initialisation: Initialisation = "xavier",
    ) -> None:
        super().__init__()
        padding = 2 if size <= PADDED else 0
        left = ((size + 2 * padding - 4) // 2 - 4) // 2
        if left < 1:
            raise InputError("data.size", f"{size} is below 12: two 5x5 convolutions and two poolings leave nothing")
        pool = nn.AvgPool2d if pooling == "average" else nn.MaxPool2d
        second = nn.Conv2d(6, 16, 5) if connections == "dense" else SparseConvolution(SEEN, 5)
        self.stages = nn.Sequential(
            nn.Sequential(nn.Conv2d(channels, 6, 5, padding=padding), layer(nonlinearity), pool(2)),
            nn.Sequential(second, layer(nonlinearity), pool(2)),
        )
        self.head = FullyConnected(16, left, classes, [120, 84], nonlinearity=nonlinearity)
        initialise(self, initialisation, nonlinearity)

    def forward(self, x: Tensor) -> Tensor:  # (N, channels, size, size) -> (N, classes)
        return self.head(self.stages(x))

    @staticmethod
    def name(model: dict) -> str:
        """How runs and reports call it: lenet5, lenet5-sparse, lenet5-max-relu-he."""
        usual = {"nonlinearity": "tanh", "initialisation": "xavier"}
        name = "lenet5" + ("-sparse" if model["connections"] == "sparse" else "")
        name += "-max" if model["pooling"] == "max" else ""
        if {key: model[key] for key in usual} == usual:
            return name
        return name + "".join(f"-{model[key].replace('_', '')}" for key in usual)


class SparseConvolution(nn.Module):
    """A convolution each of whose outputs sees only some of the inputs: ``seen`` lists them, one tuple per output."""

    def __init__(self, seen: tuple[tuple[int, ...], ...], kernel: int) -> None:
        super().__init__()
        self.seen = seen
        self.convolutions = nn.ModuleList(nn.Conv2d(len(inputs), 1, kernel) for inputs in seen)

    def forward(self, x: Tensor) -> Tensor:  # (N, C, H, W) -> (N, len(seen), H - kernel + 1, W - kernel + 1)
        maps = []
        for inputs, convolve in zip(self.seen, self.convolutions, strict=True):
            maps.append(convolve(torch.cat([x[:, each : each + 1] for each in inputs], 1)))
        return torch.cat(maps, 1)
