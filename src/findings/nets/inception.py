"""Inception modules and GoogLeNet (Szegedy et al. 2015, "Going deeper with convolutions")."""

from collections.abc import Sequence
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn

from findings.errors import InputError
from findings.nets.blocks import Norm, activated, halving_pool
from findings.nets.checks import fraction, positive
from findings.nets.heads import FullyConnected, GlobalAveragePool, Scored
from findings.nets.nonlinearity import Initialisation, Nonlinearity, initialise, variant
from findings.nets.norm import LocalResponseNorm, normalise

# per module: channels out of the 1x1, 3x3 and 5x5; 1x1 reductions before the 3x3, before the 5x5, after the pool
Row = tuple[tuple[int, int, int], tuple[int, int, int]]
STAGES: tuple[tuple[Row, ...], ...] = (
    (((64, 128, 32), (96, 16, 32)), ((128, 192, 96), (128, 32, 64))),  # 3a, 3b
    (
        ((192, 208, 48), (96, 16, 64)),  # 4a
        ((160, 224, 64), (112, 24, 64)),
        ((128, 256, 64), (128, 24, 64)),
        ((112, 288, 64), (144, 32, 64)),
        ((256, 320, 128), (160, 32, 128)),
    ),
    (((256, 320, 128), (160, 32, 128)), ((384, 384, 128), (192, 48, 128))),  # 5a, 5b
)

AUXILIARY_AFTER = (1, 4)  # 4a and 4d, after the pooling that opens the second stage


class Inception(nn.Module):
    """1x1, 3x3 and 5x5 convolutions and a 3x3 max pool, side by side, their channels concatenated (figure 2).

    ``outputs`` are the channels of the three convolutions. ``reductions`` are those of the 1x1 convolutions before the
    3x3, before the 5x5 and after the pool (figure 2b); without them the module is the naive one (figure 2a), whose pool
    hands on all its ``inputs``. The nonlinearity follows every convolution. ``channels`` says how many come out.
    """

    def __init__(
        self,
        inputs: int,
        outputs: Sequence[int],
        reductions: Sequence[int] | None = None,
        *,
        norm: Norm,
        bias: bool = False,
        nonlinearity: Nonlinearity = "relu",
    ) -> None:
        super().__init__()
        convolve = partial(activated, norm=norm, bias=bias, nonlinearity=nonlinearity)
        self.branches = nn.ModuleList([convolve(inputs, outputs[0], 1)])
        for index, kernel in enumerate((3, 5)):
            branch, channels = nn.Sequential(), inputs
            if reductions:
                branch, channels = nn.Sequential(convolve(inputs, reductions[index], 1)), reductions[index]
            self.branches.append(branch.append(convolve(channels, outputs[1 + index], kernel)))
        pool = nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1))
        self.branches.append(pool.append(convolve(inputs, reductions[2], 1)) if reductions else pool)
        self.channels = sum(outputs) + (reductions[2] if reductions else inputs)

    def forward(self, x: Tensor) -> Tensor:  # (N, inputs, H, W) -> (N, channels, H, W)
        return torch.cat([branch(x) for branch in self.branches], 1)


class GoogLeNet(nn.Module):
    """The 22 layers of table 1. Images of any size.

        images (N, 3, 224, 224) -> stem (N, 192, 28, 28)
        -> 3a, 3b (N, 480, 28, 28) -> 4a ... 4e (N, 832, 14, 14) -> 5a, 5b (N, 1024, 7, 7) -> head

    As published it has biases and no batch norm; ``local_response_norm`` adds the stem's, which holds no weights.
    ``modules=naive`` are figure 2a's, without the 1x1 reductions. ``auxiliary`` adds the two classifiers on 4a and 4d
    that have a part in training alone (section 5): there, a call returns :class:`Scored`. Maps too small for their 5x5
    pooling are pooled as a whole. ``width`` is the first convolution's, and all other channels of table 1 stay in
    proportion. Raises InputError for a width that is no multiple of 8.
    """

    def __init__(
        self,
        *,
        channels: int,
        size: int,
        classes: int,
        batch_norm_group: int | None = None,
        width: int = 64,
        batch_norm: bool = False,
        dropout: float = 0.4,
        auxiliary: bool = False,
        modules: Literal["reduced", "naive"] = "reduced",
        local_response_norm: bool = False,
        nonlinearity: Nonlinearity = "relu",
        initialisation: Initialisation = "he",
    ) -> None:
        super().__init__()
        positive(width=width)
        fraction(dropout=dropout)
        if width % 8:
            raise InputError("model.width", f"{width} is no multiple of 8, of which table 1's channels are made")
        norm = partial(normalise, batch_norm=batch_norm, group=batch_norm_group)
        bias = not batch_norm
        convolve = partial(activated, norm=norm, bias=bias, nonlinearity=nonlinearity)
        self.stem = nn.Sequential(convolve(channels, width, 7, 2), halving_pool())
        self.stem.extend([LocalResponseNorm()] if local_response_norm else [])
        self.stem.extend([convolve(width, width, 1), convolve(width, 3 * width, 3)])
        self.stem.extend([LocalResponseNorm()] if local_response_norm else [])
        self.stem.append(halving_pool())
        self.stages = nn.Sequential()
        inputs = 3 * width
        for index, rows in enumerate(STAGES):
            stage = nn.Sequential(halving_pool()) if index else nn.Sequential()
            for row in rows:
                outputs, reductions = ([number * width // 64 for number in numbers] for numbers in row)
                reduced = reductions if modules == "reduced" else None
                module = Inception(inputs, outputs, reduced, norm=norm, bias=bias, nonlinearity=nonlinearity)
                stage.append(module)
                inputs = module.channels
            self.stages.append(stage)
        self.head = GlobalAveragePool(inputs, classes, dropout)
        self.auxiliary: nn.ModuleList | None = None
        if auxiliary:
            maps = -(-size // 16)  # of stage 4: halved four times, each time rounded up
            self.auxiliary = nn.ModuleList()
            for after in AUXILIARY_AFTER:
                module = self.stages[1][after]  # type: ignore[index]
                pool = nn.AvgPool2d(5, 3) if maps >= 5 else nn.AvgPool2d(maps)
                left, few = max(1, (maps - 2) // 3), 2 * width
                connected = FullyConnected(few, left, classes, [16 * width], 0.7, nonlinearity)
                self.auxiliary.append(nn.Sequential(pool, convolve(module.channels, few, 1), connected))
        initialise(self, initialisation, nonlinearity)

    def forward(self, x: Tensor) -> Tensor | Scored:  # (N, channels, size, size) -> (N, classes)
        if self.auxiliary is None or not self.training:
            return self.head(self.stages(self.stem(x)))
        return self._scored(x)

    def _scored(self, x: Tensor) -> Scored:
        assert self.auxiliary is not None
        first, second, third = self.stages
        assert isinstance(second, nn.Sequential)
        x, maps = first(self.stem(x)), []
        for index, module in enumerate(second):
            x = module(x)
            if index in AUXILIARY_AFTER:
                maps.append(x)
        auxiliary = tuple(head(each) for head, each in zip(self.auxiliary, maps, strict=True))
        return Scored(self.head(third(x)), auxiliary)

    @staticmethod
    def name(model: dict) -> str:
        """How runs and reports call it: googlenet, googlenet-w8-bn-dropout0."""
        name = "googlenet"
        if model["width"] != 64:
            name += f"-w{model['width']}"
        if model["batch_norm"]:
            name += "-bn"
        name += "-naive" if model["modules"] == "naive" else ""
        name += "-lrn" if model["local_response_norm"] else ""
        if model["auxiliary"]:
            name += "-aux"
        return name + (f"-dropout{model['dropout']:g}" if model["dropout"] != 0.4 else "") + variant(model)
