"""Wide residual networks (Zagoruyko & Komodakis 2016, table 1): few pre-activated layers, many channels."""

from typing import Literal

from torch import nn

from findings.nets.blocks import Block, Shortcut
from findings.nets.checks import fraction
from findings.nets.cifar import CifarNet, _variant
from findings.nets.nonlinearity import Initialisation, Nonlinearity


class WideResNet(CifarNet):
    """WRN-depth-widening with ``depth`` = 6n+4: the paper counts the three projections as layers, too.

    ``dropout`` lies between the two 3x3 convolutions of every block (section 2.4; 0.3 on CIFAR), not in the head.
    """

    fixed_layers = 4
    opens_activated = False  # where the first block keeps the channels, the authors' code leaves its shortcut alone

    def __init__(
        self,
        *,
        channels: int,
        size: int,
        classes: int,
        batch_norm_group: int | None = None,
        depth: int = 28,
        widening: int = 10,
        shortcut: Shortcut = "projection",
        width: int = 16,
        batch_norm: bool = True,
        head: Literal["gap", "fc"] = "gap",
        hidden: list[int] = [],  # noqa: B006 (a schema's default, never changed)
        dropout: float = 0.0,
        nonlinearity: Nonlinearity = "relu",
        initialisation: Initialisation = "he",
    ) -> None:
        fraction(dropout=dropout)
        super().__init__(
            channels=channels,
            size=size,
            classes=classes,
            batch_norm_group=batch_norm_group,
            depth=depth,
            block="basic",
            shortcut=shortcut,
            activation="pre",
            width=width,
            widening=widening,
            batch_norm=batch_norm,
            head=head,
            hidden=hidden,
            nonlinearity=nonlinearity,
            initialisation=initialisation,
        )
        for block in self.modules():
            if dropout and isinstance(block, Block):
                block.dropout = nn.Dropout(dropout)

    @staticmethod
    def name(model: dict) -> str:
        """How runs and reports call it: wide28x10, wide16x4-none, wide28x10-dropout0.3."""
        name = f"wide{model['depth']}x{model['widening']}"
        if model["shortcut"] != "projection":
            name += f"-{model['shortcut']}"
        name += _variant({**model, "widening": 1, "dropout": 0.0})
        return name + (f"-dropout{model['dropout']:g}" if model["dropout"] else "")
