"""What follows each layer, and the weights that go with it."""

import math
from collections.abc import Callable
from functools import partial
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Nonlinearity = Literal["relu", "leaky_relu", "tanh", "sigmoid"]
Initialisation = Literal["he", "xavier", "orthogonal"]

SLOPE = 0.01  # of a leaky ReLU where its input is negative (Maas et al. 2013, section 2)


def _tanh(x: Tensor, inplace: bool = False) -> Tensor:
    return torch.tanh(x)


def _sigmoid(x: Tensor, inplace: bool = False) -> Tensor:
    return torch.sigmoid(x)


# as functions of (x, inplace=False); where there is nothing to gain by it, none works in place
FUNCTIONS: dict[Nonlinearity, Callable[..., Tensor]] = {
    "relu": F.relu,
    "leaky_relu": partial(F.leaky_relu, negative_slope=SLOPE),
    "tanh": _tanh,
    "sigmoid": _sigmoid,
}


def layer(kind: Nonlinearity) -> nn.Module:
    """The same as a layer, which may work in place."""
    if kind == "relu":
        return nn.ReLU(inplace=True)
    if kind == "leaky_relu":
        return nn.LeakyReLU(SLOPE, inplace=True)
    return nn.Tanh() if kind == "tanh" else nn.Sigmoid()


def initialise(network: nn.Module, how: Initialisation = "he", nonlinearity: Nonlinearity = "relu") -> None:
    """Draw the weights of all convolutions and linear layers; their biases are zero.

    ``he``: normal with variance 2 / fan_in, less for a leaky ReLU (He et al. 2015b, section 2.2). ``xavier``: uniform
    with variance 2 / (fan_in + fan_out) (Glorot & Bengio 2010, equation 16). ``orthogonal``: orthogonal rows or columns
    (Saxe et al. 2014, section 3), times the square root of 2 where half of what comes out is rectified away.
    """
    slope = {"relu": 0.0, "leaky_relu": SLOPE}.get(nonlinearity)
    for module in network.modules():
        # a network on the meta device has no values; to draw them torch would import its compiler, for a second
        if isinstance(module, nn.Conv2d | nn.Linear) and not module.weight.is_meta:
            if how == "he":
                nn.init.kaiming_normal_(module.weight, a=slope or 0.0, mode="fan_in", nonlinearity="leaky_relu")
            elif how == "xavier":
                nn.init.xavier_uniform_(module.weight)
            else:
                nn.init.orthogonal_(module.weight, 1.0 if slope is None else math.sqrt(2 / (1 + slope**2)))
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def variant(model: dict) -> str:
    """What of both differs from ReLU and He's weights, as it appears in a network's name."""
    nonlinearity, initialisation = model["nonlinearity"], model["initialisation"]
    name = f"-{nonlinearity.replace('_', '')}" if nonlinearity != "relu" else ""
    return name + (f"-{initialisation}" if initialisation != "he" else "")
