"""Dropout in wide residual networks lies in the blocks (Zagoruyko & Komodakis 2016, section 2.4)."""

import pytest
import torch
from torch import nn

from findings.config import hyperparameters
from findings.errors import InputError
from findings.nets.blocks import Block
from findings.nets.wide import WideResNet

SHAPE = {"channels": 3, "size": 8, "classes": 10}


def wide(dropout: float) -> WideResNet:
    torch.manual_seed(0)
    return WideResNet(**SHAPE, depth=16, widening=1, dropout=dropout)


def test_every_block_drops_what_the_second_convolution_reads() -> None:
    """After the norm and the ReLU, and nowhere else."""
    network = wide(0.3).train()
    dropouts = [layer for layer in network.modules() if isinstance(layer, nn.Dropout)]
    blocks = [layer for layer in network.modules() if isinstance(layer, Block)]
    assert [layer.p for layer in dropouts] == [0.3] * len(blocks) == [0.3] * 6
    read: dict[str, torch.Tensor] = {}
    for name, convolution in zip(("first", "second"), blocks[3].convolutions, strict=True):
        convolution.register_forward_pre_hook(lambda _, given, name=name: read.update({name: given[0]}))
    torch.manual_seed(1)
    network(torch.randn(64, 3, 8, 8))
    zeros = {name: float((given == 0).double().mean()) for name, given in read.items()}
    assert zeros["first"] == pytest.approx(0.5, abs=0.05)  # the ReLU's
    assert zeros["second"] == pytest.approx(1 - 0.5 * 0.7, abs=0.05)  # and of the rest three in ten
    assert (read["second"] >= 0).all()


def test_it_costs_no_parameter_and_is_off_in_evaluation() -> None:
    images = torch.randn(4, 3, 8, 8)
    with_dropout, without = wide(0.3).eval(), wide(0.0).eval()
    assert with_dropout.state_dict().keys() == without.state_dict().keys()
    assert torch.equal(with_dropout(images), without(images))


def test_it_is_in_the_name_and_has_to_be_a_fraction() -> None:
    model = hyperparameters.resolve({"_target_": "findings.nets.wide.WideResNet", "dropout": 0.3})
    assert hyperparameters.name(model) == "wide28x10-dropout0.3"
    assert hyperparameters.name(model | {"dropout": 0.0}) == "wide28x10"
    with pytest.raises(InputError, match=r"^model\.dropout: "):
        wide(1.5)
