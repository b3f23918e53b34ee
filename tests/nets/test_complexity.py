"""Costs are counted from the network itself, and leave it as it was."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from findings.errors import InputError
from findings.nets.complexity import complexity


def test_counts_of_a_small_network() -> None:
    with torch.device("meta"):
        network = nn.Sequential(
            nn.Conv2d(3, 4, 3, stride=2, padding=1),  # 4x4x4 values of 27 multiply-adds
            nn.BatchNorm2d(4),
            nn.ReLU(inplace=True),
            nn.Conv2d(4, 8, 3, groups=2),  # 8x2x2 values of 18 multiply-adds
            nn.Flatten(),
            nn.Linear(32, 5),
        )
    counted = complexity(network, channels=3, size=8)
    assert counted.multiply_adds == 64 * 27 + 32 * 18 + 5 * 32
    assert counted.activations == 64 + 32 + 5
    assert counted.layers == 3
    assert counted.parameters == (4 * 27 + 4) + 8 + (8 * 18 + 8) + (32 * 5 + 5)


def test_what_is_not_trained_is_no_parameter() -> None:
    with torch.device("meta"):
        network = nn.Sequential(nn.Flatten(), nn.Linear(4, 2), nn.Linear(2, 3))
    network[1].requires_grad_(False)
    assert complexity(network, channels=1, size=2).parameters == 9


def test_the_network_stays_as_it_was() -> None:
    with torch.device("meta"):
        network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    for training in (True, False):
        network.train(training)
        complexity(network, channels=1, size=4)
        assert network.training is network[1].training is training
        assert not any(module._forward_hooks for module in network)


def test_a_layer_used_twice_counts_twice() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Conv2d(1, 1, 3, padding=1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.layer(self.layer(x))

    with torch.device("meta"):
        network = Twice()
    counted = complexity(network, channels=1, size=4)
    assert (counted.multiply_adds, counted.layers) == (2 * 16 * 9, 2)


class By(nn.Module):
    """A network that is one function."""

    def __init__(self, function: Callable[..., torch.Tensor], *shapes: tuple[int, ...]) -> None:
        super().__init__()
        self.function = function
        self.weights = nn.ParameterList(nn.Parameter(torch.empty(shape)) for shape in shapes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(x, *self.weights)


@pytest.mark.parametrize(
    ("network", "multiply_adds"),
    [
        (By(lambda x, w: F.linear(x, w), (5, 4)), 2 * 4 * 4 * 5),  # (1, 2, 4, 4) -> (1, 2, 4, 5)
        (By(lambda x, w: x.flatten(2) @ w, (16, 3)), 2 * 16 * 3),
        (By(lambda x, w: torch.einsum("nchw,cd->ndhw", x, w), (2, 6)), 16 * 2 * 6),
        (By(lambda x: F.scaled_dot_product_attention(x, x, x)), 2 * 2 * 4 * 4 * 4),  # 2 heads, 2 products of 4x4 by 4x4
        (By(lambda x, w: F.conv_transpose2d(x, w, stride=2), (2, 3, 2, 2)), 16 * 2 * 3 * 4),  # each input spreads
        (By(lambda x, w: F.conv2d(x, w, groups=2), (4, 1, 3, 3)), 4 * 4 * 9),
        (By(lambda x: x * x.mean((2, 3), keepdim=True)), 0),  # elementwise
    ],
)
def test_products_count_whoever_asks_for_them(network: By, multiply_adds: int) -> None:
    network.to("meta")
    assert complexity(network, channels=2, size=4).multiply_adds == multiply_adds
    with FlopCounterMode(display=False) as oracle, torch.no_grad():
        network(torch.empty(1, 2, 4, 4, device="meta"))
    assert oracle.get_total_flops() == 2 * multiply_adds


def test_what_is_no_classifier_of_these_classes_is_refused() -> None:
    with torch.device("meta"):
        network = nn.Sequential(nn.Flatten(), nn.Linear(4, 3))
    assert complexity(network, channels=1, size=2, classes=3).layers == 1
    with pytest.raises(InputError, match=r"puts out \(1, 3\) for one image, not scores \(1, 5\)"):
        complexity(network, channels=1, size=2, classes=5)
    with pytest.raises(InputError, match="model: Sequential fails on images of 2 x 2 x 2: RuntimeError"):
        complexity(network, channels=2, size=2)
