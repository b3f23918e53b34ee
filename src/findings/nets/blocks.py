"""What networks are stacked from: convolutions, blocks with their shortcuts, stages of blocks.

Post-activation (He et al. 2015, figures 2 and 5): convolution, norm, ReLU; the last ReLU comes after the sum.
Pre-activation (He et al. 2016, figure 4e): norm, ReLU, convolution; nothing comes after the sum.
In the place of ReLU there may be another ``nonlinearity``.
"""

from collections.abc import Callable
from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

from findings.nets.nonlinearity import FUNCTIONS, Nonlinearity, layer

Shortcut = Literal["identity", "projection", "none"]
StrideIn = Literal["1x1", "3x3"]
Norm = Callable[[int], nn.Module]
Layers = list[tuple[int, ...]]  # (outputs, kernel, stride) of each convolution, and its groups where it has more than 1


def convolution(
    inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1, *, bias: bool = False
) -> nn.Conv2d:
    """A convolution that keeps the size (odd kernels), or divides it by the stride."""
    return nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, groups=groups, bias=bias)


def activated(
    inputs: int,
    outputs: int,
    kernel: int,
    stride: int = 1,
    *,
    norm: Norm,
    bias: bool = False,
    nonlinearity: Nonlinearity = "relu",
) -> nn.Sequential:
    """Convolution, norm, nonlinearity."""
    return nn.Sequential(convolution(inputs, outputs, kernel, stride, bias=bias), norm(outputs), layer(nonlinearity))


def halving_pool() -> nn.MaxPool2d:
    """3x3 max pooling that halves the size, rounded up: 112 -> 56, 1 -> 1."""
    return nn.MaxPool2d(3, stride=2, padding=1)


class IdentityShortcut(nn.Module):
    """Option A (He et al. 2015, section 4.1): subsample, and pad the new channels with zeros. No parameters."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.stride, self.new_channels = stride, outputs - inputs

    def forward(self, x: Tensor) -> Tensor:  # (N, C, H, W) -> (N, C', H / stride, W / stride)
        if self.stride > 1:  # every stride-th position, as a pool: a slice's gradient would lose channels_last
            x = F.avg_pool2d(x, 1, self.stride)
        return F.pad(x, (0, 0, 0, 0, 0, self.new_channels)) if self.new_channels else x


def _shortcut(kind: Shortcut, inputs: int, outputs: int, stride: int, norm: Norm | None) -> nn.Module | None:
    """None for a plain block. Option B projects where the shape changes, and is the identity elsewhere."""
    if kind == "none":
        return None
    if kind == "identity" or (inputs == outputs and stride == 1):
        return IdentityShortcut(inputs, outputs, stride)
    projection = convolution(inputs, outputs, 1, stride)
    return nn.Sequential(projection, norm(outputs)) if norm else projection


class Block(nn.Module):
    """Some convolutions and a shortcut around them.

    ``layers`` lists the convolutions as (outputs, kernel, stride[, groups]); the first sees ``inputs`` channels.
    Without batch norm the convolutions have biases. ``opens``: it is a pre-activated network's first block, which
    activates the stem's output before the two paths part (He et al. 2016, appendix). ``dropout``, if a network sets it,
    is applied between the first two of its pre-activated convolutions, after the ReLU (Zagoruyko & Komodakis 2016,
    section 2.4).
    """

    def __init__(
        self,
        inputs: int,
        layers: Layers,
        *,
        shortcut: Shortcut,
        pre_activation: bool,
        norm: Norm,
        bias: bool = False,
        opens: bool = False,
        nonlinearity: Nonlinearity = "relu",
    ) -> None:
        super().__init__()
        self.pre_activation = pre_activation
        self.dropout: nn.Module | None = None
        self.activate = FUNCTIONS[nonlinearity]
        self.convolutions, self.norms = nn.ModuleList(), nn.ModuleList()
        channels, total_stride = inputs, 1
        for outputs, kernel, stride, *groups in layers:
            self.convolutions.append(convolution(channels, outputs, kernel, stride, *groups, bias=bias))
            self.norms.append(norm(channels if pre_activation else outputs))
            channels, total_stride = outputs, total_stride * stride
        # where the shape changes, and in the first block, the shortcut too starts from the activated input
        self.shares_activation = inputs != channels or total_stride > 1 or opens
        # He et al. 2016: the projection of a pre-activated input needs no norm of its own
        self.shortcut = _shortcut(shortcut, inputs, channels, total_stride, None if pre_activation else norm)

    def forward(self, x: Tensor) -> Tensor:  # (N, C, H, W) -> (N, C', H / stride, W / stride)
        return self._pre_activated(x) if self.pre_activation else self._post_activated(x)

    def _post_activated(self, x: Tensor) -> Tensor:
        y = x
        last = len(self.convolutions) - 1
        for index, (convolve, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            y = norm(convolve(y))
            if index < last:
                y = self.activate(y, inplace=True)
        return self.activate(y if self.shortcut is None else self.joined(y, x), inplace=True)

    def _pre_activated(self, x: Tensor) -> Tensor:
        y = x
        for index, (convolve, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            y = self.activate(norm(y))
            if index == 0 and self.shares_activation:
                x = y
            if index == 1 and self.dropout is not None:
                y = self.dropout(y)
            y = convolve(y)
        return y if self.shortcut is None else self.joined(y, x)

    def joined(self, y: Tensor, x: Tensor) -> Tensor:
        """The sum of what the convolutions have made (``y``) and what the shortcut hands on of ``x``."""
        assert self.shortcut is not None
        return y + self.shortcut(x)  # type: ignore[no-any-return]


def basic(inputs: int, width: int, stride: int) -> Layers:
    """Two 3x3 convolutions (He et al. 2015, figure 5 left). ``inputs`` plays no part."""
    return [(width, 3, stride), (width, 3, 1)]


def bottleneck(
    inputs: int, width: int, stride: int, *, stride_in: StrideIn = "1x1", widening: int = 1, groups: int = 1
) -> Layers:
    """1x1, 3x3, 1x1 with four times the channels out (figure 5 right); the stride is in the first 1x1, as published.

    Most libraries have it in the 3x3 instead, which then sees four times the positions. ``widening`` multiplies what
    lies between the two 1x1, but not what comes out (WRN-50-2; Zagoruyko & Komodakis 2016, section 3). ``groups``
    divide the channels of the 3x3 (ResNeXt; Xie et al. 2017, figure 3c).
    """
    inner = width * widening
    first, second = (stride, 1) if stride_in == "1x1" else (1, stride)
    return [(inner, 1, first), (inner, 3, second, groups), (4 * width, 1, 1)]


def stage(
    inputs: int,
    blocks: int,
    layers_of: Callable[[int, int, int], Layers],
    width: int,
    stride: int,
    *,
    shortcut: Shortcut,
    pre_activation: bool,
    norm: Norm,
    bias: bool = False,
    opens: bool = False,
    nonlinearity: Nonlinearity = "relu",
    block: Callable[..., Block] = Block,
) -> tuple[nn.Sequential, int]:
    """That many blocks, of which the first has the stride; and the channels that come out of them.

    ``opens``: the first block is the network's first. ``block`` makes each, as the class does.
    """
    made = nn.Sequential()
    for index in range(blocks):
        layers = layers_of(inputs, width, 1 if index else stride)
        made.append(
            block(
                inputs,
                layers,
                shortcut=shortcut,
                pre_activation=pre_activation,
                norm=norm,
                bias=bias,
                opens=opens and not index,
                nonlinearity=nonlinearity,
            )
        )
        inputs = layers[-1][0]
    return made, inputs
