"""The CIFAR family of He et al. 2015, section 4.2: a 3x3 stem, three stages of n blocks, a head.

    images (N, 3, 32, 32) -> stem, stage 1 (N, w, 32, 32) -> stage 2 (N, 2w, 16, 16) -> stage 3 (N, 4w, 8, 8) -> head

Plain networks are the same without shortcuts; bottleneck blocks put out four times the channels.
"""

from typing import Literal

from torch import Tensor, nn

from findings.errors import InputError
from findings.nets.blocks import Shortcut, basic, bottleneck, convolution, stage
from findings.nets.checks import fraction, positive
from findings.nets.heads import FullyConnected, GlobalAveragePool
from findings.nets.nonlinearity import FUNCTIONS, Initialisation, Nonlinearity, initialise, layer, variant
from findings.nets.norm import normalise

LAYERS_PER_BLOCK = {"basic": 2, "bottleneck": 3}


class CifarNet(nn.Module):
    """A plain or residual network with ``depth`` = 6n+2 (basic) or 9n+2 (bottleneck) weighted layers.

    Shortcuts: ``identity`` is option A (zero padding, no parameters), ``projection`` option B, ``none`` makes it plain.
    ``width`` is the first stage's, multiplied by ``widening`` (Zagoruyko & Komodakis 2016) in all three stages but not
    in the stem. ``activation`` says whether the ``nonlinearity`` comes after a convolution or before it. Raises
    InputError for a depth that the blocks cannot make, or a head that dropout cannot serve.
    """

    fixed_layers = 2  # the stem and the classifier
    opens_activated = True  # the first pre-activated block activates both its paths

    def __init__(
        self,
        *,
        channels: int,
        size: int,
        classes: int,
        batch_norm_group: int | None = None,
        depth: int = 20,
        block: Literal["basic", "bottleneck"] = "basic",
        shortcut: Shortcut = "identity",
        activation: Literal["post", "pre"] = "post",
        width: int = 16,
        widening: int = 1,
        batch_norm: bool = True,
        head: Literal["gap", "fc"] = "gap",
        hidden: list[int] = [],  # noqa: B006 (a schema's default, never changed)
        dropout: float = 0.0,
        nonlinearity: Nonlinearity = "relu",
        initialisation: Initialisation = "he",
    ) -> None:
        super().__init__()
        _check(width=width, widening=widening, head=head, hidden=hidden, dropout=dropout)
        blocks = self.blocks_per_stage(depth, block)
        pre_activation = activation == "pre"
        layers_of = basic if block == "basic" else bottleneck

        def norm(outputs: int) -> nn.Module:
            return normalise(outputs, batch_norm=batch_norm, group=batch_norm_group)

        self.stem = nn.Sequential(convolution(channels, width, 3, bias=not batch_norm))
        if not pre_activation:
            self.stem.extend([norm(width), layer(nonlinearity)])
        self.stages = nn.Sequential()
        inputs = width
        for index in range(3):
            blocks_of_stage, inputs = stage(
                inputs,
                blocks,
                layers_of,
                width * widening * 2**index,
                2 if index else 1,
                shortcut=shortcut,
                pre_activation=pre_activation,
                norm=norm,
                bias=not batch_norm,
                opens=self.opens_activated and not index,
                nonlinearity=nonlinearity,
            )
            self.stages.append(blocks_of_stage)
        # after pre-activated blocks the sum still has to be normalised and activated once (He et al. 2016, appendix)
        self.activate = FUNCTIONS[nonlinearity]
        self.last_norm = norm(inputs) if pre_activation else None
        last_size = (size + 3) // 4  # halved twice, each time rounded up
        self.head: nn.Module = (
            GlobalAveragePool(inputs, classes)
            if head == "gap"
            else FullyConnected(inputs, last_size, classes, hidden, dropout, nonlinearity)
        )
        initialise(self, initialisation, nonlinearity)

    def forward(self, x: Tensor) -> Tensor:  # (N, channels, size, size) -> (N, classes)
        x = self.stages(self.stem(x))
        if self.last_norm is not None:
            x = self.activate(self.last_norm(x))
        return self.head(x)

    @classmethod
    def blocks_per_stage(cls, depth: int, block: str) -> int:
        """n in depth = 6n+2 (9n+2 for bottlenecks)."""
        step = 3 * LAYERS_PER_BLOCK[block]
        if depth <= cls.fixed_layers or (depth - cls.fixed_layers) % step:
            n = max(1, round((depth - cls.fixed_layers) / step))
            near = ", ".join(str(step * m + cls.fixed_layers) for m in range(max(1, n - 2), max(1, n - 2) + 5))
            possible = f"{step}n+{cls.fixed_layers}: ..., {near}, ..."
            raise InputError("model.depth", f"{depth} layers cannot be made of {block} blocks; possible are {possible}")
        return (depth - cls.fixed_layers) // step

    @staticmethod
    def name(model: dict) -> str:
        """How runs and reports call it: resnet56, plain20-w8, preact-resnet110, resnet20-fc512-dropout0.5."""
        parts = ["plain" if model["shortcut"] == "none" else "resnet", str(model["depth"])]
        if model["activation"] == "pre":
            parts.insert(0, "preact-")
        if model["shortcut"] == "projection":
            parts.append("-projection")
        if model["block"] == "bottleneck":
            parts.append("-bottleneck")
        return "".join(parts) + _variant(model)


def _variant(model: dict) -> str:
    """What differs from the family's usual members, as it appears in a name."""
    name = f"-x{model['widening']}" if model.get("widening", 1) != 1 else ""
    if model["width"] != 16:
        name += f"-w{model['width']}"
    if not model["batch_norm"]:
        name += "-nobn"
    if model["head"] == "fc":
        name += "-fc" + "x".join(str(width) for width in model["hidden"])
        if model["dropout"]:
            name += f"-dropout{model['dropout']:g}"
    return name + variant(model)


def _check(*, width: int, widening: int, head: str, hidden: list[int], dropout: float) -> None:
    positive(width=width, widening=widening, hidden=hidden)
    fraction(dropout=dropout)
    if head == "gap" and (hidden or dropout):
        raise InputError("model.hidden" if hidden else "model.dropout", "belongs to model.head=fc")
    if dropout and not hidden:
        raise InputError("model.dropout", "needs hidden layers to drop from: model.hidden=[512]")
