"""What turns the last feature maps into class scores."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn

from findings.errors import InputError
from findings.nets.nonlinearity import Nonlinearity, layer


class Scored(NamedTuple):
    """What a network with auxiliary heads returns in training; otherwise it returns its logits alone."""

    logits: Tensor  # (N, classes)
    auxiliary: tuple[Tensor, ...]  # of the same shape each


def parted(scored: Any) -> tuple[Tensor, list[Tensor]]:
    """Logits and auxiliary logits, where there are any: of a network here, or of one of torchvision's."""
    if isinstance(scored, Tensor):
        return scored, []
    logits, *others = scored
    flat = [each for other in others for each in (other if isinstance(other, tuple) else (other,))]
    return logits, [each for each in flat if each is not None]


class GlobalAveragePool(nn.Module):
    """The mean of each map (Lin et al. 2014, section 3.2), dropout, then one linear layer. Any input size."""

    def __init__(self, channels: int, classes: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout) if dropout else nn.Identity()
        self.classifier = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:  # (N, C, H, W) -> (N, classes)
        means = F.avg_pool2d(x, x.shape[2:]).flatten(1)  # (N, C); the gradient of x.mean() would lose channels_last
        return self.classifier(self.dropout(means))  # type: ignore[no-any-return]


class FullyConnected(nn.Sequential):
    """Flatten, fully connected layers of the widths in ``hidden`` with nonlinearity and dropout, the classifier.

    One input size only: maps of another size raise InputError.
    """

    def __init__(
        self,
        channels: int,
        size: int,
        classes: int,
        hidden: Sequence[int] = (),
        dropout: float = 0.0,
        nonlinearity: Nonlinearity = "relu",
    ) -> None:
        self.maps = (channels, size, size)
        layers: list[nn.Module] = [nn.Flatten()]
        inputs = channels * size * size
        for width in hidden:
            layers += [nn.Linear(inputs, width), layer(nonlinearity)]
            if dropout:
                layers.append(nn.Dropout(dropout))
            inputs = width
        super().__init__(*layers, nn.Linear(inputs, classes))

    def forward(self, x: Tensor) -> Tensor:  # (N, C, H, W) -> (N, classes)
        if x.shape[1:] != self.maps:
            given, fitting = (" x ".join(map(str, shape)) for shape in (x.shape[1:], self.maps))
            raise InputError(
                "model.head", f"fully connected layers take maps of {fitting}, these are {given}; gap takes any size"
            )
        return super().forward(x)
