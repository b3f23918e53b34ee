"""Global average pooling takes any size, fully connected layers one."""

import pytest
import torch
from torch import nn

from findings.errors import InputError
from findings.nets.cifar import CifarNet
from findings.nets.heads import FullyConnected, GlobalAveragePool


def test_global_average_pooling_is_a_mean_and_a_linear_layer() -> None:
    head = GlobalAveragePool(6, 10)
    x = torch.randn(2, 6, 4, 5)
    torch.testing.assert_close(head(x), head.classifier(x.flatten(2).mean(2)))


def test_pooling_accepts_other_sizes_and_fully_connected_layers_refuse_them() -> None:
    pooled = CifarNet(channels=1, size=8, classes=10, depth=8)
    assert pooled(torch.randn(2, 1, 20, 12)).shape == (2, 10)
    connected = CifarNet(channels=1, size=8, classes=10, depth=8, head="fc", hidden=[12])
    assert connected(torch.randn(2, 1, 8, 8)).shape == (2, 10)
    with pytest.raises(InputError, match="take maps of 64 x 2 x 2, these are 64 x 4 x 4"):
        connected(torch.randn(2, 1, 16, 16))


@pytest.mark.parametrize("size", [7, 8, 9, 30])
def test_fully_connected_layers_fit_sizes_that_do_not_halve_evenly(size: int) -> None:
    network = CifarNet(channels=1, size=size, classes=10, depth=8, head="fc")
    assert network(torch.randn(2, 1, size, size)).shape == (2, 10)


def test_hidden_layers_have_the_widths_asked_for_and_dropout_after_each() -> None:
    head = FullyConnected(4, 3, 10, [20, 30], 0.5)
    linear = [(m.in_features, m.out_features) for m in head if isinstance(m, nn.Linear)]
    assert linear == [(36, 20), (20, 30), (30, 10)]
    kinds = [nn.Flatten, nn.Linear, nn.ReLU, nn.Dropout, nn.Linear, nn.ReLU, nn.Dropout, nn.Linear]
    assert [type(module) for module in head] == kinds
    assert not any(isinstance(module, nn.Dropout) for module in FullyConnected(4, 3, 10, [20]))
    assert [type(module) for module in FullyConnected(4, 3, 10)] == [nn.Flatten, nn.Linear]


def test_dropout_is_for_training_only() -> None:
    torch.manual_seed(0)
    head, x = FullyConnected(4, 3, 10, [200], 0.5), torch.randn(2, 4, 3, 3)
    assert not torch.equal(head(x), head(x))
    assert torch.equal(head.eval()(x), head(x))
