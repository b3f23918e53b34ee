"""AlexNet (Krizhevsky et al. 2012, section 3.5), and what later accounts have made of it.

images (N, 3, 227, 227) -> 11x11 by 4 (N, 96, 55, 55) -> pool (N, 96, 27, 27) -> 5x5 (N, 256, 27, 27)
-> pool (N, 256, 13, 13) -> three 3x3 (N, 256, 13, 13) -> pool (N, 256, 6, 6) -> 4096 -> 4096 -> classes
"""

from functools import partial

from torch import Tensor, nn

from findings.errors import InputError
from findings.nets.checks import fraction, positive
from findings.nets.heads import FullyConnected
from findings.nets.nonlinearity import Initialisation, Nonlinearity, initialise, layer, variant
from findings.nets.norm import LocalResponseNorm, normalise

WIDTHS = [96, 256, 384, 384, 256]  # channels out of the convolutions
KERNELS = (11, 5, 3, 3, 3)
GROUPED = (False, True, False, True, True)  # the third sees both halves (figure 2)
POOLED = (True, True, False, False, True)


class AlexNet(nn.Module):
    """Five convolutions and three linear layers.

    ``groups=2`` are the published halves, one for each of two GPUs; 1 joins them. ``local_response_norm`` is section
    3.3's, after the first two convolutions and before their pooling. ``padding`` is the first convolution's: images of
    224x224 need 2 to leave the 55x55 that the paper speaks of, those of 227x227 need none. ``widths`` of [64, 192, 384,
    256, 256] with one group, a padding of 2 and no local response norm are torchvision's network.
    Raises InputError for images of which the strides leave nothing, or groups that do not divide the channels.
    """

    def __init__(
        self,
        *,
        channels: int,
        size: int,
        classes: int,
        batch_norm_group: int | None = None,
        widths: list[int] = WIDTHS,
        groups: int = 2,
        local_response_norm: bool = True,
        batch_norm: bool = False,
        padding: int = 0,
        hidden: list[int] = [4096, 4096],  # noqa: B006 (a schema's default, never changed)
        dropout: float = 0.5,
        nonlinearity: Nonlinearity = "relu",
        initialisation: Initialisation = "he",
    ) -> None:
        super().__init__()
        positive(widths=widths, groups=groups, hidden=hidden)
        fraction(dropout=dropout)
        if len(widths) != len(KERNELS):
            raise InputError("model.widths", f"{len(widths)} are given for {len(KERNELS)} convolutions")
        if any(width % groups for width in widths):
            raise InputError("model.groups", f"{groups} do not divide each of the widths {widths}")
        norm = partial(normalise, batch_norm=batch_norm, group=batch_norm_group)
        self.stages = nn.Sequential()
        inputs, left = channels, size
        for index, (width, kernel) in enumerate(zip(widths, KERNELS, strict=True)):
            stride, beyond = (1, kernel // 2) if index else (4, padding)
            divided = groups if GROUPED[index] else 1
            convolve = nn.Conv2d(inputs, width, kernel, stride, beyond, groups=divided, bias=not batch_norm)
            stage = nn.Sequential(convolve, norm(width), layer(nonlinearity))
            inputs, left = width, (left + 2 * beyond - kernel) // stride + 1
            if local_response_norm and index < 2:
                stage.append(LocalResponseNorm())
            if POOLED[index]:
                stage.append(nn.MaxPool2d(3, stride=2))
                left = (left - 3) // 2 + 1
            if left < 1:
                raise InputError("data.size", f"{size} is too small: strides and poolings leave nothing of the image")
            self.stages.append(stage)
        self.head = FullyConnected(inputs, left, classes, hidden, dropout, nonlinearity)
        initialise(self, initialisation, nonlinearity)

    def forward(self, x: Tensor) -> Tensor:  # (N, channels, size, size) -> (N, classes)
        return self.head(self.stages(x))

    @staticmethod
    def name(model: dict) -> str:
        """How runs and reports call it: alexnet, alexnet-ungrouped, alexnet-nolrn-bn, alexnet-w64-ungrouped-nolrn."""
        name = "alexnet" + ("" if model["widths"] == WIDTHS else f"-w{model['widths'][0]}")
        name += {1: "-ungrouped", 2: ""}.get(model["groups"], f"-groups{model['groups']}")
        name += "" if model["local_response_norm"] else "-nolrn"
        name += "-bn" if model["batch_norm"] else ""
        name += f"-pad{model['padding']}" if model["padding"] else ""
        if model["hidden"] != [4096, 4096]:
            name += "-fc" + "x".join(str(width) for width in model["hidden"])
        return name + (f"-dropout{model['dropout']:g}" if model["dropout"] != 0.5 else "") + variant(model)
