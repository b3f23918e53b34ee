"""Densely connected networks (Huang et al. 2017): every layer sees the maps of all before it in its block.

CIFAR (section 4.2): images (N, 3, 32, 32) -> stem (N, 2k, 32, 32) -> three blocks at 32, 16, 8 -> head
ImageNet (table 1): images (N, 3, 224, 224) -> stem (N, 2k, 112, 112) -> pool -> four blocks at 56, 28, 14, 7 -> head
"""

from functools import partial

import torch
from torch import Tensor, nn

from findings.errors import InputError
from findings.nets.blocks import Norm, activated, convolution, halving_pool
from findings.nets.checks import fraction, positive
from findings.nets.heads import GlobalAveragePool
from findings.nets.nonlinearity import FUNCTIONS, Initialisation, Nonlinearity, initialise, layer, variant
from findings.nets.norm import normalise

IMAGENET = {121: (6, 12, 24, 16), 169: (6, 12, 32, 32), 201: (6, 12, 48, 32), 161: (6, 12, 36, 24)}


class DenseLayer(nn.Module):
    """Norm, nonlinearity, 1x1 convolution to 4k maps, norm, nonlinearity, 3x3 convolution to k: all of them, and its
    input (section 3, "bottleneck layers"). Without ``bottleneck`` only the 3x3 with what comes before it."""

    def __init__(
        self,
        inputs: int,
        growth: int,
        *,
        bottleneck: bool,
        norm: Norm,
        dropout: float = 0.0,
        nonlinearity: Nonlinearity = "relu",
    ) -> None:
        super().__init__()
        self.reduced = nn.Sequential()
        if bottleneck:
            self.reduced.extend([norm(inputs), layer(nonlinearity), convolution(inputs, 4 * growth, 1)])
            inputs = 4 * growth
        self.grown = nn.Sequential(norm(inputs), layer(nonlinearity), convolution(inputs, growth, 3))
        if dropout:
            self.grown.append(nn.Dropout(dropout))

    def forward(self, x: Tensor) -> Tensor:  # (N, C, H, W) -> (N, C + k, H, W)
        return torch.cat([x, self.grown(self.reduced(x))], 1)


class Transition(nn.Sequential):
    """Norm, nonlinearity, 1x1 convolution to ``outputs`` maps, 2x2 average pooling; sizes are rounded up."""

    def __init__(self, inputs: int, outputs: int, *, norm: Norm, nonlinearity: Nonlinearity = "relu") -> None:
        pool = nn.AvgPool2d(2, ceil_mode=True)
        super().__init__(norm(inputs), layer(nonlinearity), convolution(inputs, outputs, 1), pool)


class _Dense(nn.Module):
    """Blocks with transitions between them, a last norm and nonlinearity, the head; the stem is a subclass's."""

    def __init__(
        self,
        stem: nn.Module,
        inputs: int,
        blocks: tuple[int, ...],
        growth: int,
        *,
        classes: int,
        bottleneck: bool,
        compression: float,
        norm: Norm,
        dropout: float,
        nonlinearity: Nonlinearity,
        initialisation: Initialisation,
    ) -> None:
        super().__init__()
        self.stem = stem
        self.stages = nn.Sequential()
        for index, layers in enumerate(blocks):
            stage = nn.Sequential()
            if index:
                outputs = int(inputs * compression)
                stage.append(Transition(inputs, outputs, norm=norm, nonlinearity=nonlinearity))
                inputs = outputs
            for _ in range(layers):
                made = partial(DenseLayer, bottleneck=bottleneck, norm=norm, dropout=dropout, nonlinearity=nonlinearity)
                stage.append(made(inputs, growth))
                inputs += growth
            self.stages.append(stage)
        self.last_norm = norm(inputs)
        self.activate = FUNCTIONS[nonlinearity]
        self.head = GlobalAveragePool(inputs, classes)
        initialise(self, initialisation, nonlinearity)

    def forward(self, x: Tensor) -> Tensor:  # (N, channels, size, size) -> (N, classes)
        return self.head(self.activate(self.last_norm(self.stages(self.stem(x)))))


class CifarDenseNet(_Dense):
    """DenseNet of ``depth`` layers and ``growth`` k; as published BC: with bottlenecks, and a compression of 1/2.

    ``depth`` = 6n+4 with bottlenecks, 3n+4 without. Raises InputError for another.
    """

    def __init__(
        self,
        *,
        channels: int,
        size: int,
        classes: int,
        batch_norm_group: int | None = None,
        depth: int = 100,
        growth: int = 12,
        bottleneck: bool = True,
        compression: float = 0.5,
        dropout: float = 0.0,
        nonlinearity: Nonlinearity = "relu",
        initialisation: Initialisation = "he",
    ) -> None:
        positive(growth=growth)
        fraction(dropout=dropout)
        if not 0 < compression <= 1:
            raise InputError("model.compression", f"{compression} is not in (0, 1]")
        step = 6 if bottleneck else 3
        if depth <= 4 or (depth - 4) % step:
            possible = f"{step}n+4: {step + 4}, {2 * step + 4}, {3 * step + 4}, ..."
            raise InputError("model.depth", f"{depth} layers cannot be made; possible are {possible}")
        inputs = 2 * growth if bottleneck and compression < 1 else 16
        super().__init__(
            convolution(channels, inputs, 3),
            inputs,
            3 * ((depth - 4) // step,),
            growth,
            classes=classes,
            bottleneck=bottleneck,
            compression=compression,
            norm=partial(normalise, batch_norm=True, group=batch_norm_group),
            dropout=dropout,
            nonlinearity=nonlinearity,
            initialisation=initialisation,
        )

    @staticmethod
    def name(model: dict) -> str:
        """How runs and reports call it: densenet100x12-bc, densenet40x12, densenet40x12-c0.5."""
        name = f"densenet{model['depth']}x{model['growth']}"
        half = model["compression"] == 0.5
        name += "-bc" if model["bottleneck"] and half else "-b" if model["bottleneck"] else ""
        if model["compression"] != (0.5 if model["bottleneck"] else 1.0):
            name += f"-c{model['compression']:g}"
        return name + (f"-dropout{model['dropout']:g}" if model["dropout"] else "") + variant(model)


class ImageNetDenseNet(_Dense):
    """DenseNet-121, -169, -201 (k = 32) and -161 (k = 48), with bottlenecks and a compression of 1/2. Any size.

    Raises InputError for a depth that is not the paper's.
    """

    def __init__(
        self,
        *,
        channels: int,
        size: int,
        classes: int,
        batch_norm_group: int | None = None,
        depth: int = 121,
        growth: int = 32,
        nonlinearity: Nonlinearity = "relu",
        initialisation: Initialisation = "he",
    ) -> None:
        positive(growth=growth)
        if depth not in IMAGENET:
            raise InputError("model.depth", f"no densely connected network has {depth}", [str(one) for one in IMAGENET])
        norm = partial(normalise, batch_norm=True, group=batch_norm_group)
        first = activated(channels, 2 * growth, 7, 2, norm=norm, nonlinearity=nonlinearity)
        super().__init__(
            nn.Sequential(first, halving_pool()),
            2 * growth,
            IMAGENET[depth],
            growth,
            classes=classes,
            bottleneck=True,
            compression=0.5,
            norm=norm,
            dropout=0.0,
            nonlinearity=nonlinearity,
            initialisation=initialisation,
        )

    @staticmethod
    def name(model: dict) -> str:
        """How runs and reports call it: densenet121, densenet161-k48."""
        return f"densenet{model['depth']}" + (f"-k{model['growth']}" if model["growth"] != 32 else "") + variant(model)
