"""Network in Network (Lin et al. 2014, figure 2, with the widths that its authors published for CIFAR-10).

images (N, 3, 32, 32) -> mlpconv (N, 96, 32, 32) -> max pool (N, 96, 16, 16) -> mlpconv (N, 192, 16, 16)
-> average pool (N, 192, 8, 8) -> mlpconv (N, classes, 8, 8) -> mean of each map (N, classes)
"""

from functools import partial

import torch.nn.functional as F
from torch import Tensor, nn

from findings.nets.blocks import activated, halving_pool
from findings.nets.checks import fraction, positive
from findings.nets.nonlinearity import Initialisation, Nonlinearity, initialise, variant
from findings.nets.norm import normalise


class NetworkInNetwork(nn.Module):
    """Three convolutions, each followed by two of 1x1 (a small MLP at every position), and no linear layer.

    ``mlpconv=false`` leaves the 1x1 away, but for the last, which makes a map for each class. ``width`` is the
    published 192; the first two 1x1 have 5/6 and 1/2 of it. ``dropout`` follows the two poolings.
    """

    def __init__(
        self,
        *,
        channels: int,
        size: int,
        classes: int,
        batch_norm_group: int | None = None,
        width: int = 192,
        mlpconv: bool = True,
        batch_norm: bool = False,
        dropout: float = 0.5,
        nonlinearity: Nonlinearity = "relu",
        initialisation: Initialisation = "he",
    ) -> None:
        super().__init__()
        positive(width=width)
        fraction(dropout=dropout)
        norm = partial(normalise, batch_norm=batch_norm, group=batch_norm_group)
        convolve = partial(activated, norm=norm, bias=not batch_norm, nonlinearity=nonlinearity)
        self.stages = nn.Sequential()
        inputs = channels
        pools = (halving_pool(), nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False), None)
        small = ((-(-width * 5 // 6), -(-width // 2)), (width, width), (width,))
        for kernel, perceptron, pool in zip((5, 5, 3), small, pools, strict=True):
            stage = nn.Sequential(convolve(inputs, width, kernel))
            inputs = width
            for outputs in perceptron if mlpconv else ():
                stage.append(convolve(inputs, outputs, 1))
                inputs = outputs
            if pool is not None:
                stage.extend([pool, nn.Dropout(dropout)])
            self.stages.append(stage)
        self.head = nn.Conv2d(inputs, classes, 1)
        initialise(self, initialisation, nonlinearity)

    def forward(self, x: Tensor) -> Tensor:  # (N, channels, size, size) -> (N, classes)
        maps = self.head(self.stages(x))
        return F.avg_pool2d(maps, maps.shape[2:]).flatten(1)

    @staticmethod
    def name(model: dict) -> str:
        """How runs and reports call it: nin, nin-w96-nomlpconv-bn."""
        name = "nin" + (f"-w{model['width']}" if model["width"] != 192 else "")
        name += "" if model["mlpconv"] else "-nomlpconv"
        name += "-bn" if model["batch_norm"] else ""
        return name + (f"-dropout{model['dropout']:g}" if model["dropout"] != 0.5 else "") + variant(model)
