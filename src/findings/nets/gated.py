"""Shortcuts with gates (Srivastava et al. 2015; He et al. 2016, section 3.1, figure 2 c and d), in the CIFAR family.

images (N, 3, 32, 32) -> stem, stage 1 (N, w, 32, 32) -> stage 2 (N, 2w, 16, 16) -> stage 3 (N, 4w, 8, 8) -> head
"""

from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn

from findings.nets.blocks import Block, Layers, activated, basic, stage
from findings.nets.checks import positive
from findings.nets.cifar import CifarNet
from findings.nets.heads import GlobalAveragePool
from findings.nets.nonlinearity import Initialisation, Nonlinearity, initialise, variant
from findings.nets.norm import normalise

Gate = Literal["exclusive", "shortcut_only"]


class GatedBlock(Block):
    """A block whose paths are weighed by g = sigmoid(1x1 convolution of the input + bias), one weight for each value.

    ``exclusive`` (a highway): g of what the convolutions have made and 1 - g of the shortcut. ``shortcut_only``: all of
    the first, and 1 - g of the shortcut. ``bias`` is where the gate's biases begin: the lower, the more of the shortcut
    is handed on.
    """

    def __init__(self, inputs: int, layers: Layers, *, gate: Gate, gate_bias: float, **block: Any) -> None:
        super().__init__(inputs, layers, **block)
        self.kind, self.gate_bias = gate, gate_bias  # which is set once all weights have been drawn
        stride = 1
        for _, _, each, *_ in layers:
            stride *= each
        self.gate = nn.Conv2d(inputs, layers[-1][0], 1, stride)

    def joined(self, y: Tensor, x: Tensor) -> Tensor:
        assert self.shortcut is not None
        opening = self.gate(x)
        kept = torch.sigmoid(-opening) * self.shortcut(x)  # 1 - g of it
        return torch.sigmoid(opening) * y + kept if self.kind == "exclusive" else y + kept


class GatedNet(nn.Module):
    """``depth`` = 6n+2 layers of basic blocks as in :class:`CifarNet`, their shortcuts (option A) behind gates.

    The paper's best gates began with a bias of -6. Raises InputError for another depth.
    """

    def __init__(
        self,
        *,
        channels: int,
        size: int,
        classes: int,
        batch_norm_group: int | None = None,
        depth: int = 110,
        gate: Gate = "exclusive",
        gate_bias: float = -6.0,
        width: int = 16,
        nonlinearity: Nonlinearity = "relu",
        initialisation: Initialisation = "he",
    ) -> None:
        super().__init__()
        positive(width=width)
        blocks = CifarNet.blocks_per_stage(depth, "basic")
        norm = partial(normalise, batch_norm=True, group=batch_norm_group)
        self.stem = activated(channels, width, 3, norm=norm, nonlinearity=nonlinearity)
        self.stages = nn.Sequential()
        inputs = width
        for index in range(3):
            made, inputs = stage(
                inputs,
                blocks,
                basic,
                width * 2**index,
                2 if index else 1,
                shortcut="identity",
                pre_activation=False,
                norm=norm,
                nonlinearity=nonlinearity,
                block=partial(GatedBlock, gate=gate, gate_bias=gate_bias),
            )
            self.stages.append(made)
        self.head = GlobalAveragePool(inputs, classes)
        initialise(self, initialisation, nonlinearity)
        for module in self.modules():
            if isinstance(module, GatedBlock) and not module.gate.weight.is_meta:
                assert module.gate.bias is not None
                nn.init.constant_(module.gate.bias, module.gate_bias)

    def forward(self, x: Tensor) -> Tensor:  # (N, channels, size, size) -> (N, classes)
        return self.head(self.stages(self.stem(x)))

    @staticmethod
    def name(model: dict) -> str:
        """How runs and reports call it: gated110, gated110-shortcut-only-bias0-w8."""
        name = f"gated{model['depth']}" + ("-shortcut-only" if model["gate"] == "shortcut_only" else "")
        name += f"-bias{model['gate_bias']:g}" if model["gate_bias"] != -6 else ""
        return name + (f"-w{model['width']}" if model["width"] != 16 else "") + variant(model)
