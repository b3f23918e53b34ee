"""The residual networks for ImageNet (He et al. 2015, table 1), and their wide, grouped and pre-activated variants.

images (N, 3, 224, 224) -> stem (N, 64, 112, 112) -> max pool (N, 64, 56, 56)
-> four stages of 64, 128, 256, 512 channels (four times as many with bottlenecks), at 56, 28, 14, 7 -> head
"""

from functools import partial
from typing import Literal

from torch import Tensor, nn

from findings.errors import InputError
from findings.nets.blocks import (
    Shortcut,
    StrideIn,
    activated,
    basic,
    bottleneck,
    convolution,
    halving_pool,
    stage,
)
from findings.nets.checks import positive
from findings.nets.heads import GlobalAveragePool
from findings.nets.nonlinearity import FUNCTIONS, Initialisation, Nonlinearity, initialise, variant
from findings.nets.norm import normalise

BASIC = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}  # blocks per stage
BOTTLENECK = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3), 200: (3, 24, 36, 3)}


class ImageNetResNet(nn.Module):
    """ResNet-18 and -34 of basic blocks; ResNet-50, -101, -152 and -200 of bottlenecks. Images of any size.

    ``stride_in`` says which convolution of a bottleneck halves the size, ``widening`` multiplies a bottleneck's inner
    channels (WRN-50-2: 2; Zagoruyko & Komodakis 2016, section 3), ``groups`` divide its 3x3 (ResNeXt-50 32x4d: 32, with
    a widening of 2; Xie et al. 2017, table 1), ``width`` is the stem's and the first stage's. ``activation=pre``: He et
    al. 2016, whose 200 layers are table 5's. Raises InputError for a depth that no table has, or a bottleneck's option
    without bottlenecks, or groups that do not divide the channels.
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
        groups: int = 1,
        activation: Literal["post", "pre"] = "post",
        width: int = 64,
        nonlinearity: Nonlinearity = "relu",
        initialisation: Initialisation = "he",
    ) -> None:
        super().__init__()
        positive(widening=widening, width=width, groups=groups)
        blocks = (BASIC | BOTTLENECK).get(depth)
        if blocks is None:
            allowed = [str(known) for known in BASIC | BOTTLENECK]
            raise InputError("model.depth", f"no residual network of table 1 has {depth} layers", allowed)
        if depth in BASIC:
            for key, given in (("stride_in", stride_in != "1x1"), ("widening", widening != 1), ("groups", groups != 1)):
                if given:
                    known = ", ".join(map(str, BOTTLENECK))
                    raise InputError(f"model.{key}", f"is for bottlenecks: model.depth={known}; {depth} has none")
        if width * widening % groups:
            raise InputError("model.groups", f"{groups} do not divide the {width * widening} channels of a 3x3")
        layers_of = (
            basic if depth in BASIC else partial(bottleneck, stride_in=stride_in, widening=widening, groups=groups)
        )
        norm = partial(normalise, batch_norm=True, group=batch_norm_group)
        pre = activation == "pre"

        self.stem: nn.Module = (
            convolution(channels, width, 7, 2)  # the first block activates, before its two paths part
            if pre
            else activated(channels, width, 7, 2, norm=norm, nonlinearity=nonlinearity)
        )
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
                pre_activation=pre,
                norm=norm,
                opens=pre and not index,
                nonlinearity=nonlinearity,
            )
            self.stages.append(blocks_of_stage)
        self.activate = FUNCTIONS[nonlinearity]
        self.last_norm = norm(inputs) if pre else None
        self.head = GlobalAveragePool(inputs, classes)
        initialise(self, initialisation, nonlinearity)

    def forward(self, x: Tensor) -> Tensor:  # (N, channels, size, size) -> (N, classes)
        x = self.stages(self.pool(self.stem(x)))
        if self.last_norm is not None:
            x = self.activate(self.last_norm(x))
        return self.head(x)

    @staticmethod
    def name(model: dict) -> str:
        """How runs and reports call it: resnet50, resnet50-stride3x3, wide-resnet50x2, plain34, resnext50-32x4d."""
        name = f"{'plain' if model['shortcut'] == 'none' else 'resnet'}{model['depth']}"
        if model["groups"] != 1:
            each = model["width"] * model["widening"] // model["groups"]
            name = f"{name.replace('resnet', 'resnext')}-{model['groups']}x{each}d"
        elif model["widening"] != 1:
            name = f"wide-{name}x{model['widening']}"
        if model["activation"] == "pre":
            name = f"preact-{name}"
        if model["shortcut"] == "identity":
            name += "-identity"
        if model["stride_in"] != "1x1":
            name += f"-stride{model['stride_in']}"
        return name + (f"-w{model['width']}" if model["width"] != 64 else "") + variant(model)
