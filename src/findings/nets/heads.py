"""What turns the last feature maps into class scores."""

from collections.abc import Sequence

from torch import Tensor, nn


class GlobalAveragePool(nn.Module):
    """The mean of each map (Lin et al. 2014, section 3.2), then one linear layer. Any input size."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.classifier = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:  # (N, C, H, W) -> (N, classes)
        return self.classifier(x.mean((2, 3)))


class FullyConnected(nn.Sequential):
    """Flatten, then fully connected layers of the widths in ``hidden`` with ReLU and dropout, then the classifier.

    One input size only: maps of another size raise RuntimeError in the first linear layer.
    """

    def __init__(
        self, channels: int, size: int, classes: int, hidden: Sequence[int] = (), dropout: float = 0.0
    ) -> None:
        layers: list[nn.Module] = [nn.Flatten()]
        inputs = channels * size * size
        for width in hidden:
            layers += [nn.Linear(inputs, width), nn.ReLU(inplace=True)]
            if dropout:
                layers.append(nn.Dropout(dropout))
            inputs = width
        super().__init__(*layers, nn.Linear(inputs, classes))
