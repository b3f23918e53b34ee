"""Costs are counted from the network itself, and leave it as it was."""

import torch
from torch import nn

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
