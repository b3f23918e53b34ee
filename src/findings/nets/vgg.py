"""VGG (Simonyan & Zisserman 2015, table 1): five stages of 3x3 convolutions, each followed by 2x2 max pooling.

images (N, 3, 224, 224) -> stage 1 (N, 64, 112, 112) -> stage 2 (N, 128, 56, 56) -> stage 3 (N, 256, 28, 28)
-> stage 4 (N, 512, 14, 14) -> stage 5 (N, 512, 7, 7) -> head
"""

from functools import partial
from typing import Literal

from torch import Tensor, nn

from findings.errors import InputError
from findings.nets.blocks import activated
from findings.nets.checks import fraction, positive
from findings.nets.heads import FullyConnected, GlobalAveragePool
from findings.nets.nonlinearity import Initialisation, Nonlinearity, initialise, variant
from findings.nets.norm import normalise

# convolutions per stage in configurations A, B, D and E; three linear layers make up the rest of the depth
CONVOLUTIONS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
WIDTHS = (1, 2, 4, 8, 8)  # of the stages, times the first one's


class VGG(nn.Module):
    """VGG-11, -13, -16 or -19; as published without batch norm, and then with biases.

    ``head=fc`` has fully connected layers of the widths in ``hidden``, each followed by the nonlinearity and dropout;
    ``head=gap`` takes the mean of each map straight to the classifier, and ``hidden`` and ``dropout`` play no part.
    Raises InputError for a depth that table 1 does not have and for images below 32x32, which five poolings leave
    nothing of.
    """

    def __init__(
        self,
        *,
        channels: int,
        size: int,
        classes: int,
        batch_norm_group: int | None = None,
        depth: int = 16,
        width: int = 64,
        batch_norm: bool = False,
        head: Literal["fc", "gap"] = "fc",
        hidden: list[int] = [4096, 4096],  # noqa: B006 (a schema's default, never changed)
        dropout: float = 0.5,
        nonlinearity: Nonlinearity = "relu",
        initialisation: Initialisation = "he",
    ) -> None:
        super().__init__()
        positive(width=width, hidden=hidden)
        fraction(dropout=dropout)
        if depth not in CONVOLUTIONS:
            raise InputError("model.depth", f"no VGG has {depth} layers", [str(known) for known in CONVOLUTIONS])
        _check_size(size)
        norm = partial(normalise, batch_norm=batch_norm, group=batch_norm_group)
        self.stages = nn.Sequential()
        inputs = channels
        for convolutions, times in zip(CONVOLUTIONS[depth], WIDTHS, strict=True):
            stage = nn.Sequential()
            for _ in range(convolutions):
                stage.append(
                    activated(inputs, width * times, 3, norm=norm, bias=not batch_norm, nonlinearity=nonlinearity)
                )
                inputs = width * times
            self.stages.append(stage.append(nn.MaxPool2d(2)))
        self.head: nn.Module = (
            GlobalAveragePool(inputs, classes)
            if head == "gap"
            else FullyConnected(inputs, size // 2 ** len(WIDTHS), classes, hidden, dropout, nonlinearity)
        )
        initialise(self, initialisation, nonlinearity)

    def forward(self, x: Tensor) -> Tensor:  # (N, channels, size, size) -> (N, classes)
        _check_size(min(x.shape[2:]))
        return self.head(self.stages(x))

    @staticmethod
    def name(model: dict) -> str:
        """How runs and reports call it: vgg16, vgg16-bn, vgg11-w8-gap, vgg16-fc512-dropout0.3."""
        name = f"vgg{model['depth']}"
        if model["width"] != 64:
            name += f"-w{model['width']}"
        if model["batch_norm"]:
            name += "-bn"
        if model["head"] == "gap":
            return f"{name}-gap" + variant(model)
        if model["hidden"] != [4096, 4096]:
            name += "-fc" + "x".join(str(width) for width in model["hidden"])
        return name + (f"-dropout{model['dropout']:g}" if model["dropout"] != 0.5 else "") + variant(model)


def _check_size(size: int) -> None:
    if size < 2 ** len(WIDTHS):
        raise InputError(
            "data.size",
            f"{size} is below 32, or data.resize makes it so: five poolings would leave nothing of the image",
        )
