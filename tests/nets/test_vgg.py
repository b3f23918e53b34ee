"""VGG is table 1's (Simonyan & Zisserman 2015); its convolutions compute what torchvision's compute."""

from typing import Any

import pytest
import torch
from counting import counted
from torch import nn

from findings.config.hyperparameters import name as name_of
from findings.config.hyperparameters import resolve
from findings.errors import InputError
from findings.nets.vgg import VGG

TARGET = "vgg.VGG"


@pytest.mark.parametrize(
    ("depth", "parameters", "multiply_adds"),
    [
        (11, 132_863_336, 7_609_090_048),
        (13, 133_047_848, 11_308_466_176),
        (16, 138_357_544, 15_470_264_320),
        (19, 143_667_240, 19_632_062_464),
    ],
)
def test_costs(depth: int, parameters: int, multiply_adds: int) -> None:
    cost = counted(TARGET, depth=depth)
    assert (cost.parameters, cost.multiply_adds) == (parameters, multiply_adds)
    assert cost.head_parameters == 123_642_856, "most of them"


def test_global_average_pooling_replaces_the_head_alone() -> None:
    fc, gap = counted(TARGET), counted(TARGET, head="gap")
    assert gap.head_parameters == 513_000
    assert fc.parameters - fc.head_parameters == gap.parameters - gap.head_parameters == 14_714_688


def test_depth_counts_the_layers_with_weights() -> None:
    for depth in (11, 13, 16, 19):
        with torch.device("meta"):
            network = VGG(channels=3, size=32, classes=10, depth=depth)
        assert sum(isinstance(module, nn.Conv2d | nn.Linear) for module in network.modules()) == depth


def test_batch_norm_takes_the_place_of_the_convolutions_biases() -> None:
    network = small(batch_norm=True)
    kinds = [type(module) for module in network.modules() if isinstance(module, nn.Conv2d | nn.BatchNorm2d)]
    assert kinds == [nn.Conv2d, nn.BatchNorm2d] * 13
    for normalised, bare in ((True, False), (False, True)):
        convolutions = [m for m in small(batch_norm=normalised).modules() if isinstance(m, nn.Conv2d)]
        assert {convolution.bias is not None for convolution in convolutions} == {bare}


def small(**hyperparameters: Any) -> VGG:
    torch.manual_seed(0)
    return VGG(**{"channels": 3, "size": 32, "classes": 10, "width": 4, "hidden": [16], **hyperparameters})


@pytest.mark.parametrize("size", [32, 63, 64])
@pytest.mark.parametrize("hyperparameters", [{"depth": 19}, {"depth": 11, "batch_norm": True}, {"head": "gap"}])
def test_images_get_finite_scores(hyperparameters: dict[str, Any], size: int) -> None:
    network = small(size=size, **hyperparameters)
    images = torch.randn(2, 3, size, size)
    assert network.stages(images).shape == (2, 32, size // 32, size // 32)
    assert network(images).shape == (2, 10)
    assert network(images).isfinite().all()


def test_torchvisions_convolutions_compute_the_same() -> None:
    from torchvision.models import vgg

    torch.manual_seed(0)
    theirs = vgg.make_layers(vgg.cfgs["A"])
    ours = VGG(channels=3, size=64, classes=10, depth=11, head="gap").stages
    convolutions = [[m for m in network.modules() if isinstance(m, nn.Conv2d)] for network in (ours, theirs)]
    for our, their in zip(*convolutions, strict=True):
        our.load_state_dict(their.state_dict())
    image = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(ours(image), theirs(image))


@pytest.mark.parametrize(
    ("model", "line"),
    [
        ({"depth": 12}, "model.depth: no VGG has 12 layers; allowed: 11, 13, 16, 19"),
        (
            {"size": 31},
            "data.size: 31 is below 32, or data.resize makes it so: five poolings would leave nothing of the image",
        ),
        ({"dropout": 1.0}, "model.dropout: 1.0 is not in [0, 1)"),
        ({"hidden": [16, 0]}, "model.hidden: 0 is below 1"),
        ({"width": 0}, "model.width: 0 is below 1"),
    ],
)
def test_impossible_networks_are_refused(model: dict[str, Any], line: str) -> None:
    with pytest.raises(InputError) as refusal:
        counted(TARGET, **model)
    assert str(refusal.value) == line


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ({}, "vgg16"),
        ({"depth": 11, "width": 8, "batch_norm": True, "head": "gap"}, "vgg11-w8-bn-gap"),
        ({"hidden": [512], "dropout": 0.0}, "vgg16-fc512-dropout0"),
    ],
)
def test_names(model: dict[str, Any], name: str) -> None:
    assert name_of(resolve({"_target_": f"findings.nets.{TARGET}", **model})) == name
