"""The residual networks for ImageNet are table 1's (He et al. 2015), and its wide, grouped and pre-activated kin."""

from typing import Any

import pytest
import torch
from counting import counted

from findings.config.hyperparameters import name as name_of
from findings.config.hyperparameters import resolve
from findings.errors import InputError
from findings.nets.imagenet import ImageNetResNet

TARGET = "imagenet.ImageNetResNet"


@pytest.mark.parametrize(
    ("depth", "parameters", "multiply_adds"),
    [
        (18, 11_689_512, 1_814_073_344),
        (34, 21_797_672, 3_663_761_408),
        (50, 25_557_032, 3_857_973_248),  # table 1 says 1.8, 3.6, 3.8, 7.6 and 11.3 billion
        (101, 44_549_160, 7_570_194_432),
        (152, 60_192_808, 11_282_415_616),
    ],
)
def test_costs_are_those_of_table_1(depth: int, parameters: int, multiply_adds: int) -> None:
    cost = counted(TARGET, depth=depth)
    assert (cost.parameters, cost.multiply_adds) == (parameters, multiply_adds)
    assert cost.head_parameters == ((512 if depth < 50 else 2048) + 1) * 1000


def test_the_strides_place_changes_the_multiply_adds_and_nothing_else() -> None:
    first, second = counted(TARGET), counted(TARGET, stride_in="3x3")
    assert second.multiply_adds == 4_089_184_256 > first.multiply_adds
    assert second.parameters == first.parameters
    strides = {}
    for stride_in in ("1x1", "3x3"):
        network = small(stride_in=stride_in)
        strides[stride_in] = [tuple(c.stride[0] for c in stage[0].convolutions) for stage in network.stages]
    assert strides == {"1x1": [(1, 1, 1)] + 3 * [(2, 1, 1)], "3x3": [(1, 1, 1)] + 3 * [(1, 2, 1)]}


def test_groups_and_pre_activation() -> None:
    """ResNeXt-50 32x4d and the pre-activated 200 layers (Xie et al. 2017, table 1; He et al. 2016, table 5)."""
    grouped = counted(TARGET, groups=32, widening=2, stride_in="3x3")
    assert (grouped.parameters, grouped.multiply_adds) == (25_028_904, 4_230_479_872)
    deep = counted(TARGET, depth=200, activation="pre")
    assert (deep.parameters, deep.layers) == (64_666_152, 204)
    network = small(activation="pre")
    assert network.stages[0][0].shares_activation
    assert network.last_norm is not None


def test_widening_doubles_what_is_inside_a_bottleneck_only() -> None:
    wide = counted(TARGET, widening=2, stride_in="3x3")
    assert (wide.parameters, wide.multiply_adds) == (68_883_240, 11_398_021_120)
    assert wide.head_parameters == counted(TARGET).head_parameters
    channels = [(c.in_channels, c.out_channels) for c in small(widening=2, width=64).stages[1][1].convolutions]
    assert channels == [(512, 256), (256, 256), (256, 512)]


def test_option_a_spares_the_projections_of_resnet34() -> None:
    projections = 128 * 64 + 256 * 128 + 512 * 256 + 2 * (128 + 256 + 512)
    plain, padded = counted(TARGET, depth=34, shortcut="none"), counted(TARGET, depth=34, shortcut="identity")
    assert plain.parameters == padded.parameters == 21_797_672 - projections
    assert projections == 173_824


def test_stages_of_table_1() -> None:
    with torch.device("meta"):
        network = ImageNetResNet(channels=3, size=224, classes=1000, depth=152)
        x = network.stem(torch.empty(1, 3, 224, 224))
        assert x.shape[1:] == (64, 112, 112)
        x = network.pool(x)
        shapes = []
        for stage in network.stages:
            x = stage(x)
            shapes.append((len(stage), *x.shape[1:3]))
    assert shapes == [(3, 256, 56), (8, 512, 28), (36, 1024, 14), (3, 2048, 7)]


def small(**hyperparameters: Any) -> ImageNetResNet:
    torch.manual_seed(0)
    return ImageNetResNet(**{"channels": 3, "size": 64, "classes": 10, "width": 8, **hyperparameters})


@pytest.mark.parametrize("size", [32, 64])
@pytest.mark.parametrize(
    "hyperparameters",
    [
        {"depth": 18},
        {"depth": 34, "shortcut": "identity"},
        {"depth": 50},
        {"depth": 50, "shortcut": "none"},
        {"stride_in": "3x3", "widening": 2},
        {"depth": 101, "batch_norm_group": 2},
        {"stride_in": "3x3", "widening": 2, "groups": 4},
        {"activation": "pre"},
    ],
)
def test_images_of_any_size_get_finite_scores(hyperparameters: dict[str, Any], size: int) -> None:
    scores = small(**hyperparameters)(torch.randn(4, 3, size, size))
    assert scores.shape == (4, 10)
    assert scores.isfinite().all()


@pytest.mark.parametrize(
    ("model", "line"),
    [
        (
            {"depth": 20},
            "model.depth: no residual network of table 1 has 20 layers; allowed: 18, 34, 50, 101, 152, 200",
        ),
        (
            {"depth": 34, "stride_in": "3x3"},
            "model.stride_in: is for bottlenecks: model.depth=50, 101, 152, 200; 34 has none",
        ),
        ({"depth": 18, "widening": 2}, "model.widening: is for bottlenecks"),
        ({"stride_in": "5x5"}, "model.stride_in: unknown value '5x5'; allowed: 1x1, 3x3"),
        ({"groups": 3}, "model.groups: 3 do not divide the 64 channels of a 3x3"),
        ({"depth": 34, "groups": 2}, "model.groups: is for bottlenecks"),
        ({"widening": 0}, "model.widening: 0 is below 1"),
        ({"width": 0}, "model.width: 0 is below 1"),
    ],
)
def test_impossible_networks_are_refused(model: dict[str, Any], line: str) -> None:
    with pytest.raises(InputError) as refusal:
        counted(TARGET, **model)
    assert str(refusal.value).startswith(line)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ({}, "resnet50"),
        ({"widening": 2, "width": 8}, "wide-resnet50x2-w8"),
        ({"depth": 34, "shortcut": "identity"}, "resnet34-identity"),
        ({"depth": 34, "shortcut": "none"}, "plain34"),
        ({"stride_in": "3x3"}, "resnet50-stride3x3"),
    ],
)
def test_names(model: dict[str, Any], name: str) -> None:
    assert name_of(resolve({"_target_": f"findings.nets.{TARGET}", **model})) == name
