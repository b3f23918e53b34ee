"""A network's layers, traced: shapes, weights, values in memory, receptive fields; and they add up to the whole."""

from typing import Any

import pytest
import torch
from torch import nn

from findings.config.hyperparameters import resolve
from findings.nets.build import construct
from findings.nets.complexity import complexity
from findings.nets.layers import Field, Layer, layers

RESNET = ("imagenet.ImageNetResNet", 224)


def made(target: str, size: int, **hyperparameters: Any) -> nn.Module:
    with torch.device("meta"):
        resolved = resolve({"_target_": f"findings.nets.{target}", **hyperparameters})
        return construct(resolved, channels=3, size=size, classes=1000)


def rows_of(target: str, size: int, **hyperparameters: Any) -> list[Layer]:
    return layers(made(target, size, **hyperparameters), channels=3, size=size)


@pytest.mark.parametrize(
    ("target", "size", "hyperparameters"),
    [
        ("vgg.VGG", 224, {}),
        ("alexnet.AlexNet", 227, {}),
        (*RESNET, {"depth": 50}),
        ("inception.GoogLeNet", 224, {}),
        ("densenet.CifarDenseNet", 32, {}),
        ("gated.GatedNet", 32, {"depth": 20}),
        ("foreign.TorchvisionNet", 64, {"name": "mobilenet_v2"}),
    ],
)
def test_layers_add_up_to_the_network(target: str, size: int, hyperparameters: dict[str, Any]) -> None:
    network = made(target, size, **hyperparameters)
    rows, whole = layers(network, channels=3, size=size), complexity(network, channels=3, size=size)
    assert sum(row.parameters for row in rows) == whole.parameters
    assert sum(row.multiply_adds for row in rows) == whole.multiply_adds
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())


def test_activations_of_vgg16() -> None:
    """What a lecture prints as 24 million values is 15.2 million, or 28.8 million with a copy at every ReLU."""
    rows, image = rows_of("vgg.VGG", 224), 3 * 224 * 224
    assert image + sum(row.values for row in rows if not row.in_place) == 15_237_608
    assert image + sum(row.values for row in rows) == 28_793_320


@pytest.mark.parametrize(
    ("target", "size", "hyperparameters", "side"),
    [
        ("alexnet.AlexNet", 227, {}, 195),
        ("vgg.VGG", 224, {}, 212),
        (*RESNET, {"depth": 18}, 435),
        (*RESNET, {"depth": 34}, 899),
        (*RESNET, {"depth": 50, "stride_in": "3x3"}, 427),
        (*RESNET, {"depth": 101, "stride_in": "3x3"}, 971),
        (*RESNET, {"depth": 152, "stride_in": "3x3"}, 1451),
        ("cifar.CifarNet", 32, {"depth": 20}, 81),
        ("cifar.CifarNet", 32, {"depth": 56}, 249),
        ("cifar.CifarNet", 32, {"depth": 110}, 501),
    ],
)
def test_receptive_fields_of_the_last_maps(target: str, size: int, hyperparameters: dict[str, Any], side: int) -> None:
    """As by the recursion r += (k - 1) j (Araujo et al. 2019)."""
    last = [row for row in rows_of(target, size, **hyperparameters) if len(row.shape) == 3 and row.shape[-1] > 1][-1]
    assert last.field.side == side


def test_a_receptive_field_is_where_the_gradient_is() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(1, 2, 3, stride=2, padding=1), nn.Conv2d(2, 2, 3, dilation=2, padding=2), nn.AvgPool2d(2)
    )
    image = torch.randn(1, 1, 64, 64, requires_grad=True)
    network(image)[0, :, 8, 8].sum().backward()
    assert image.grad is not None
    columns = image.grad[0, 0].any(0).nonzero().flatten()
    with torch.device("meta"):
        rows = layers(network.to("meta"), channels=1, size=64)
    assert rows[-1].field == Field(int(columns[-1] - columns[0]) + 1, 4)


def test_what_happens_between_layers_has_rows_of_its_own() -> None:
    names = [row.name for row in rows_of("cifar.CifarNet", 32, depth=8)]
    assert names[:4] == ["stem.0", "stem.1", "stem.2", "stages.0.0.convolutions.0"]
    assert "stages.0.0.add" in names
