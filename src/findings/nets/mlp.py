"""Multi-layer perceptrons: what convolutional networks are compared with."""

from math import sqrt

from torch import Tensor, nn

from findings.errors import InputError
from findings.nets.checks import fraction, positive
from findings.nets.nonlinearity import Initialisation, Nonlinearity, initialise, layer, variant
from findings.nets.norm import normalise


class MLP(nn.Module):
    """The image's values in one row, ``layers`` hidden layers of ``width``, the classifier.

    ``parameters`` chooses the width instead, so that the network has as nearly as possible as many, batch norm left
    aside: ``parameters=269722`` is one as large as ResNet-20. Raises InputError where so few make no network.
    """

    def __init__(
        self,
        *,
        channels: int,
        size: int,
        classes: int,
        batch_norm_group: int | None = None,
        layers: int = 2,
        width: int = 512,
        parameters: int | None = None,
        batch_norm: bool = False,
        dropout: float = 0.0,
        nonlinearity: Nonlinearity = "relu",
        initialisation: Initialisation = "he",
    ) -> None:
        super().__init__()
        positive(layers=layers, width=width)
        fraction(dropout=dropout)
        inputs = channels * size * size
        if parameters is not None:
            width = _width(parameters, inputs, layers, classes)
        self.head = nn.Sequential(nn.Flatten())
        for _ in range(layers):
            self.head.append(nn.Linear(inputs, width))
            if batch_norm:
                norm = normalise(width, batch_norm=True, group=batch_norm_group)
                self.head.extend([nn.Unflatten(1, (width, 1, 1)), norm, nn.Flatten()])
            self.head.append(layer(nonlinearity))
            if dropout:
                self.head.append(nn.Dropout(dropout))
            inputs = width
        self.head.append(nn.Linear(inputs, classes))
        initialise(self, initialisation, nonlinearity)

    def forward(self, x: Tensor) -> Tensor:  # (N, channels, size, size) -> (N, classes)
        return self.head(x)  # type: ignore[no-any-return]

    @staticmethod
    def name(model: dict) -> str:
        """How runs and reports call it: mlp2x512, mlp2-270k, mlp3x64-bn-dropout0.5."""
        given = model["parameters"]
        name = f"mlp{model['layers']}" + (f"-{round(given / 1000)}k" if given else f"x{model['width']}")
        name += "-bn" if model["batch_norm"] else ""
        return name + (f"-dropout{model['dropout']:g}" if model["dropout"] else "") + variant(model)


def _width(parameters: int, inputs: int, layers: int, classes: int) -> int:
    """The width at which weights and biases are nearest to so many: the root of a square, rounded."""
    square, line, left = layers - 1, inputs + layers + classes, parameters - classes  # square w^2 + line w = left
    if left < square + line:
        least = square + line + classes
        raise InputError("model.parameters", f"{parameters} are too few for {layers} hidden layers: {least} at least")
    return round((sqrt(line**2 + 4 * square * left) - line) / (2 * square) if square else left / line)
