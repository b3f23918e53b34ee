"""The residual networks for ImageNet (He et al. 2015, table 1), and their wide variants.

images (N, 3, 224, 224) -> stem (N, 64, 112, 112) -> max pool (N, 64, 56, 56)
-> four stages of 64, 128, 256, 512 channels (four times as many with bottlenecks), at 56, 28, 14, 7 -> head
"""

from functools import partial

from torch import Tensor, nn

from findings.errors import InputError
from findings.nets.blocks import (
    Shortcut,
    StrideIn,
    activated,
    basic,
    bottleneck,
    halving_pool,
    stage,
)
from findings.nets.checks import positive
from findings.nets.heads import GlobalAveragePool
from findings.nets.nonlinearity import Initialisation, Nonlinearity, initialise, variant
from findings.nets.norm import normalise

BASIC = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}  # blocks per stage
BOTTLENECK = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}


class ImageNetResNet(nn.Module):
    """ResNet-18 and -34 of basic blocks; ResNet-50, -101 and -152 of bottlenecks. Images of any size.

    ``stride_in`` says which convolution of a bottleneck halves the size, ``widening`` multiplies a bottleneck's inner
    channels (WRN-50-2: 2; Zagoruyko & Komodakis 2016, section 3), ``width`` is the stem's and the first stage's.
    Raises InputError for a depth that table 1 does not have, or a bottleneck's option without bottlenecks.
    """

    def __init__(
        self,
        *,
        channels: int,
        size: int,
        classes: int,
        batch_norm_group: int | None = None,
        depth: int = 50,
        shortcut: Shortcut = "projection",
        stride_in: StrideIn = "1x1",
        widening: int = 1,
        width: int = 64,
        nonlinearity: Nonlinearity = "relu",
        initialisation: Initialisation = "he",
    ) -> None:
        super().__init__()
        positive(widening=widening, width=width)
        blocks = (BASIC | BOTTLENECK).get(depth)
        if blocks is None:
            allowed = [str(known) for known in BASIC | BOTTLENECK]
            raise InputError("model.depth", f"no residual network of table 1 has {depth} layers", allowed)
        if depth in BASIC:
            for key, given in (("stride_in", stride_in != "1x1"), ("widening", widening != 1)):
                if given:
                    known = ", ".join(map(str, BOTTLENECK))
                    raise InputError(f"model.{key}", f"is for bottlenecks: model.depth={known}; {depth} has none")
        layers_of = basic if depth in BASIC else partial(bottleneck, stride_in=stride_in, widening=widening)
        norm = partial(normalise, batch_norm=True, group=batch_norm_group)

        self.stem = activated(channels, width, 7, 2, norm=norm, nonlinearity=nonlinearity)
        self.pool = halving_pool()
        self.stages = nn.Sequential()
        inputs = width
        for index, number in enumerate(blocks):
            blocks_of_stage, inputs = stage(
                inputs,
                number,
                layers_of,
                width * 2**index,
                2 if index else 1,  # the pool has halved the size before the first
                shortcut=shortcut,
                pre_activation=False,
                norm=norm,
                nonlinearity=nonlinearity,
            )
            self.stages.append(blocks_of_stage)
        self.head = GlobalAveragePool(inputs, classes)
        initialise(self, initialisation, nonlinearity)

    def forward(self, x: Tensor) -> Tensor:  # (N, channels, size, size) -> (N, classes)
        return self.head(self.stages(self.pool(self.stem(x))))

    @staticmethod
    def name(model: dict) -> str:
        """How runs and reports call it: resnet50, resnet50-stride3x3, wide-resnet50x2, plain34, resnet34-identity."""
        name = f"{'plain' if model['shortcut'] == 'none' else 'resnet'}{model['depth']}"
        if model["widening"] != 1:
            name = f"wide-{name}x{model['widening']}"
        if model["shortcut"] == "identity":
            name += "-identity"
        if model["stride_in"] != "1x1":
            name += f"-stride{model['stride_in']}"
        return name + (f"-w{model['width']}" if model["width"] != 64 else "") + variant(model)
