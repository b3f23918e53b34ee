"""The blocks that residual and plain networks are stacked from, and their shortcuts.

Post-activation (He et al. 2015, figures 2 and 5): convolution, norm, ReLU; the last ReLU comes after the sum.
Pre-activation (He et al. 2016, figure 4e): norm, ReLU, convolution; nothing comes after the sum.
"""

from collections.abc import Callable
from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

Shortcut = Literal["identity", "projection", "none"]
Norm = Callable[[int], nn.Module]


def convolution(inputs: int, outputs: int, kernel: int, stride: int = 1, *, bias: bool = False) -> nn.Conv2d:
    """A convolution that keeps the size (odd kernels), or divides it by the stride."""
    return nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=bias)


class IdentityShortcut(nn.Module):
    """Option A (He et al. 2015, section 4.1): subsample, and pad the new channels with zeros. No parameters."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.stride, self.new_channels = stride, outputs - inputs

    def forward(self, x: Tensor) -> Tensor:  # (N, C, H, W) -> (N, C', H / stride, W / stride)
        if self.stride > 1:
            x = x[:, :, :: self.stride, :: self.stride]
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

    ``layers`` lists the convolutions as (outputs, kernel, stride); the first sees ``inputs`` channels. Without batch
    norm the convolutions have biases.
    """

    def __init__(
        self,
        inputs: int,
        layers: list[tuple[int, int, int]],
        *,
        shortcut: Shortcut,
        pre_activation: bool,
        norm: Norm,
        bias: bool = False,
    ) -> None:
        super().__init__()
        self.pre_activation = pre_activation
        self.convolutions, self.norms = nn.ModuleList(), nn.ModuleList()
        channels, total_stride = inputs, 1
        for outputs, kernel, stride in layers:
            self.convolutions.append(convolution(channels, outputs, kernel, stride, bias=bias))
            self.norms.append(norm(channels if pre_activation else outputs))
            channels, total_stride = outputs, total_stride * stride
        self.reshapes = inputs != channels or total_stride > 1
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
                y = F.relu(y, inplace=True)
        if self.shortcut is not None:
            y = y + self.shortcut(x)
        return F.relu(y, inplace=True)

    def _pre_activated(self, x: Tensor) -> Tensor:
        y = x
        for index, (convolve, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            y = F.relu(norm(y))
            if index == 0 and self.reshapes:
                x = y  # where the shape changes, the shortcut starts from the activated input
            y = convolve(y)
        return y if self.shortcut is None else y + self.shortcut(x)


def basic(inputs: int, width: int, stride: int) -> list[tuple[int, int, int]]:
    """Two 3x3 convolutions (He et al. 2015, figure 5 left). ``inputs`` plays no part."""
    return [(width, 3, stride), (width, 3, 1)]


def bottleneck(inputs: int, width: int, stride: int) -> list[tuple[int, int, int]]:
    """1x1, 3x3, 1x1 with four times the channels out (figure 5 right); the stride is in the first 1x1, as published."""
    return [(width, 1, stride), (width, 3, 1), (4 * width, 1, 1)]
