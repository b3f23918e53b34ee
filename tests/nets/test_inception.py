"""Inception modules are figure 2 and GoogLeNet is table 1 of Szegedy et al. 2015."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from counting import counted
from torch import Tensor, nn

from findings.config.hyperparameters import name as name_of
from findings.config.hyperparameters import resolve
from findings.errors import InputError
from findings.nets.complexity import complexity
from findings.nets.inception import GoogLeNet, Inception

TARGET = "inception.GoogLeNet"


def test_costs_of_googlenet() -> None:
    cost = counted(TARGET)
    assert cost.head_parameters == 1024 * 1000 + 1000
    assert cost.parameters == 6_998_552  # the paper's rounded rows add to 6.96 M, with its K of 1,024
    assert cost.multiply_adds == 1_582_671_872


def test_batch_norms_two_parameters_a_channel_replace_one_bias() -> None:
    channels = counted(TARGET, batch_norm=True).parameters - counted(TARGET).parameters
    convolutions = [m for m in small(width=64).modules() if isinstance(m, nn.Conv2d)]
    assert channels == sum(convolution.out_channels for convolution in convolutions)


def test_modules_and_layers_of_table_1() -> None:
    network = small(width=64)
    modules = [module for module in network.modules() if isinstance(module, Inception)]
    assert [module.channels for module in modules] == [256, 480, 512, 512, 512, 528, 832, 832, 1024]
    in_stem = sum(isinstance(module, nn.Conv2d) for module in network.stem.modules())
    assert in_stem + 2 * len(modules) + 1 == 22
    with torch.device("meta"):
        network = GoogLeNet(channels=3, size=224, classes=1000)
        x = network.stem(torch.empty(1, 3, 224, 224))
        shapes = [x.shape[1:3]]
        for stage in network.stages:
            x = stage(x)
            shapes.append(x.shape[1:3])
    assert shapes == [(192, 28), (480, 28), (832, 14), (1024, 7)]


def test_the_naive_module_is_figure_2a() -> None:
    torch.manual_seed(0)
    module = Inception(6, (4, 5, 3), norm=nn.Identity, bias=True)
    one, three, five = [m for m in module.modules() if isinstance(m, nn.Conv2d)]
    x = torch.randn(2, 6, 7, 7)
    expected = [F.relu(convolve(x)) for convolve in (one, three, five)]
    expected.append(F.max_pool2d(x, 3, 1, 1))
    assert module.channels == 4 + 5 + 3 + 6
    torch.testing.assert_close(module(x), torch.cat(expected, 1))
    assert [c.kernel_size for c in (one, three, five)] == [(1, 1), (3, 3), (5, 5)]


def test_the_module_with_reductions_is_figure_2b() -> None:
    torch.manual_seed(0)
    module = Inception(6, (4, 5, 3), (2, 1, 7), norm=nn.BatchNorm2d).eval()
    one, reduce_3, three, reduce_5, five, project = [m for m in module.modules() if isinstance(m, nn.Conv2d)]
    # batch norm as it starts only divides by sqrt(1 + eps)
    layer = lambda convolve, y: F.relu(convolve(y) / (1 + 1e-5) ** 0.5)  # noqa: E731
    x = torch.randn(2, 6, 7, 7)
    expected = [layer(one, x), layer(three, layer(reduce_3, x)), layer(five, layer(reduce_5, x))]
    expected.append(layer(project, F.max_pool2d(x, 3, 1, 1)))
    assert module.channels == 4 + 5 + 3 + 7
    torch.testing.assert_close(module(x), torch.cat(expected, 1))
    assert [c.out_channels for c in (reduce_3, reduce_5, project)] == [2, 1, 7]
    assert one.bias is None


def test_the_modules_input_is_left_as_it_was() -> None:
    """Its four branches share it; ReLUs work in place."""
    x = torch.randn(2, 6, 7, 7)
    before = x.clone()
    Inception(6, (4, 5, 3), norm=nn.Identity)(x)
    assert torch.equal(x, before)


def small(**hyperparameters: Any) -> GoogLeNet:
    torch.manual_seed(0)
    return GoogLeNet(**{"channels": 3, "size": 32, "classes": 10, "width": 8, **hyperparameters})


@pytest.mark.parametrize("size", [8, 32, 64])
@pytest.mark.parametrize("hyperparameters", [{}, {"batch_norm": True, "dropout": 0.0, "batch_norm_group": 2}])
def test_images_of_any_size_get_finite_scores(hyperparameters: dict[str, Any], size: int) -> None:
    scores = small(**hyperparameters)(torch.randn(4, 3, size, size))
    assert scores.shape == (4, 10)
    assert scores.isfinite().all()


def test_dropout_lies_before_the_classifier_and_is_for_training_only() -> None:
    network, images = small(), torch.randn(2, 3, 32, 32)
    assert [m.p for m in network.modules() if isinstance(m, nn.Dropout)] == [0.4]
    assert not torch.equal(network(images), network(images))
    network.eval()
    assert torch.equal(network(images), network(images))


@pytest.mark.parametrize(
    ("model", "line"),
    [
        ({"width": 12}, "model.width: 12 is no multiple of 8, of which table 1's channels are made"),
        ({"width": 0}, "model.width: 0 is below 1"),
        ({"dropout": -0.1}, "model.dropout: -0.1 is not in [0, 1)"),
        ({"depth": 22}, "model.depth: no such hyperparameter"),
    ],
)
def test_impossible_networks_are_refused(model: dict[str, Any], line: str) -> None:
    with pytest.raises(InputError) as refusal:
        counted(TARGET, **model)
    assert str(refusal.value).startswith(line)


def test_names() -> None:
    def name(**model: Any) -> str:
        return name_of(resolve({"_target_": f"findings.nets.{TARGET}", **model}))

    assert name() == "googlenet"
    assert name(auxiliary=True) == "googlenet-aux"
    assert name(width=8, batch_norm=True, dropout=0.0) == "googlenet-w8-bn-dropout0"


def test_auxiliary_classifiers_are_the_papers() -> None:
    """Section 5: 5x5 pooling with stride 3 to maps of 4x4, 128 convolutions 1x1, 1024 units, 70 % dropout."""
    with torch.device("meta"):
        network = GoogLeNet(channels=3, size=224, classes=1000, auxiliary=True)
        plain = GoogLeNet(channels=3, size=224, classes=1000)
    assert network.auxiliary is not None
    parameters = [sum(parameter.numel() for parameter in head.parameters()) for head in network.auxiliary]
    rest = 4 * 4 * 128 * 1024 + 1024 + 1024 * 1000 + 1000
    assert parameters == [512 * 128 + 128 + rest, 528 * 128 + 128 + rest]
    assert [m.p for head in network.auxiliary for m in head.modules() if isinstance(m, nn.Dropout)] == [0.7, 0.7]
    scored = network(torch.empty(2, 3, 224, 224, device="meta"))
    assert scored.logits.shape == scored.auxiliary[0].shape == scored.auxiliary[1].shape == (2, 1000)
    costs = [complexity(each.eval(), channels=3, size=224).multiply_adds for each in (network, plain)]
    assert costs[0] == costs[1], "they have no part in what an image costs"


@pytest.mark.parametrize("size", [8, 32, 96])
def test_auxiliary_classifiers_see_4a_and_4d_and_only_in_training(size: int) -> None:
    network = small(auxiliary=True, size=size, dropout=0.0)
    images = torch.randn(2, 3, size, size)
    seen: list[Tensor] = []
    for index in (1, 4):
        network.stages[1][index].register_forward_hook(lambda module, given, maps: seen.append(maps))  # type: ignore[index]
    assert network.auxiliary is not None
    for dropout in network.auxiliary.modules():
        if isinstance(dropout, nn.Dropout):
            dropout.p = 0.0
    scored = network(images)
    for head, maps, scores in zip(network.auxiliary, seen, scored.auxiliary, strict=True):
        torch.testing.assert_close(head(maps), scores)
    logits = network.eval()(images)
    torch.testing.assert_close(logits, scored.logits)
    assert small(size=size)(torch.randn(2, 3, size, size)).shape == (2, 10), "and by default there are none"
