"""Networks of one block, to be counted alone: no norms, no biases, no head, so that nothing but its weights counts.

They take maps instead of images: ``channels`` has to be the ``width`` that the block is made for. ``classes`` plays no
part.
"""

from typing import Literal

from torch import Tensor, nn

from findings.errors import InputError
from findings.nets.blocks import Block, basic, bottleneck
from findings.nets.checks import positive
from findings.nets.inception import Inception
from findings.nets.nonlinearity import initialise


class SingleBlock(nn.Module):
    """A basic or a bottleneck block with ``width`` channels in and out (He et al. 2015, figure 5).

    The bottleneck works on a quarter of them. Raises InputError where ``channels`` are others, or have no quarter.
    """

    def __init__(
        self,
        *,
        channels: int,
        size: int,
        classes: int,
        batch_norm_group: int | None = None,
        block: Literal["basic", "bottleneck"] = "basic",
        width: int = 256,
    ) -> None:
        super().__init__()
        _check(channels, width, 4 if block == "bottleneck" else 1)
        layers = basic(width, width, 1) if block == "basic" else bottleneck(width, width // 4, 1)
        self.block = Block(width, layers, shortcut="identity", pre_activation=False, norm=nn.Identity)
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:  # (N, width, size, size) -> (N, width, size, size)
        return self.block(x)

    @staticmethod
    def name(model: dict) -> str:
        """How reports call it: block256-basic, block256-bottleneck."""
        return f"block{model['width']}-{model['block']}"


class SingleInception(nn.Module):
    """The inception module of lectures: 256 channels in; 128, 192 and 96 out of its 1x1, 3x3 and 5x5 convolutions.

    ``reduction`` is the width of the 1x1 convolutions before the 3x3 and the 5x5 and after the pool; 0 makes the module
    the naive one. Another ``width`` than 256 changes the outputs in proportion. Raises InputError where ``channels``
    are not ``width``, or not a multiple of 8.
    """

    def __init__(
        self,
        *,
        channels: int,
        size: int,
        classes: int,
        batch_norm_group: int | None = None,
        reduction: int = 0,
        width: int = 256,
    ) -> None:
        super().__init__()
        _check(channels, width, 8)
        if reduction < 0:
            raise InputError("model.reduction", f"{reduction} is below 0")
        outputs = [width * eighths // 8 for eighths in (4, 6, 3)]
        self.block = Inception(width, outputs, (reduction,) * 3 if reduction else None, norm=nn.Identity)
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:  # (N, width, size, size) -> (N, 672 or 416 + reduction, size, size)
        return self.block(x)

    @staticmethod
    def name(model: dict) -> str:
        """How reports call it: inception-naive, inception-reduced (to 64), inception-reduced32-w128."""
        name = "inception-reduced" if model["reduction"] else "inception-naive"
        if model["reduction"] not in (0, 64):
            name += str(model["reduction"])
        return name + (f"-w{model['width']}" if model["width"] != 256 else "")


def _check(channels: int, width: int, divisor: int) -> None:
    positive(width=width)
    if width % divisor:
        raise InputError("model.width", f"{width} is no multiple of {divisor}")
    if channels != width:
        raise InputError("model.width", f"a block of {width} channels cannot take {channels}: data.channels={width}")
