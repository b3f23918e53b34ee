"""ResNeXt for CIFAR (Xie et al. 2017, section 5.4); ImageNet's is imagenet.py's with groups.

images (N, 3, 32, 32) -> stem (N, 64, 32, 32) -> stage 1 (N, 256, 32, 32) -> stage 2 (N, 512, 16, 16)
-> stage 3 (N, 1024, 8, 8) -> head
"""

from functools import partial

from torch import Tensor, nn

from findings.errors import InputError
from findings.nets.blocks import Shortcut, activated, bottleneck, stage
from findings.nets.checks import positive
from findings.nets.heads import GlobalAveragePool
from findings.nets.nonlinearity import Initialisation, Nonlinearity, initialise, variant
from findings.nets.norm import normalise


class CifarResNeXt(nn.Module):
    """``depth`` = 9n+2 layers of bottlenecks whose 3x3 has ``groups`` of ``group_width`` channels in the first stage.

    ResNeXt-29, 8x64d: groups=8, group_width=64. The stride is in the 3x3. Raises InputError for another depth.
    """

    def __init__(
        self,
        *,
        channels: int,
        size: int,
        classes: int,
        batch_norm_group: int | None = None,
        depth: int = 29,
        groups: int = 8,
        group_width: int = 64,
        shortcut: Shortcut = "projection",
        width: int = 64,
        nonlinearity: Nonlinearity = "relu",
        initialisation: Initialisation = "he",
    ) -> None:
        super().__init__()
        positive(groups=groups, group_width=group_width, width=width)
        if depth < 11 or (depth - 2) % 9:
            raise InputError(
                "model.depth", f"{depth} layers cannot be made of bottlenecks; possible are 9n+2: 11, 20, 29, ..."
            )
        if groups * group_width % width:
            raise InputError("model.width", f"{width} does not divide {groups} groups of {group_width} channels")
        norm = partial(normalise, batch_norm=True, group=batch_norm_group)
        layers_of = partial(bottleneck, stride_in="3x3", widening=groups * group_width // width, groups=groups)
        self.stem = activated(channels, width, 3, norm=norm, nonlinearity=nonlinearity)
        self.stages = nn.Sequential()
        inputs = width
        for index in range(3):
            blocks, inputs = stage(
                inputs,
                (depth - 2) // 9,
                layers_of,
                width * 2**index,
                2 if index else 1,
                shortcut=shortcut,
                pre_activation=False,
                norm=norm,
                nonlinearity=nonlinearity,
            )
            self.stages.append(blocks)
        self.head = GlobalAveragePool(inputs, classes)
        initialise(self, initialisation, nonlinearity)

    def forward(self, x: Tensor) -> Tensor:  # (N, channels, size, size) -> (N, classes)
        return self.head(self.stages(self.stem(x)))

    @staticmethod
    def name(model: dict) -> str:
        """How runs and reports call it: resnext29-8x64d, resnext29-4x16d-w16."""
        name = f"resnext{model['depth']}-{model['groups']}x{model['group_width']}d"
        name += f"-{model['shortcut']}" if model["shortcut"] != "projection" else ""
        return name + (f"-w{model['width']}" if model["width"] != 64 else "") + variant(model)
