"""What follows each layer, and the weights that networks begin with: as asked for, everywhere, and by name."""

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from findings.config.hyperparameters import name, resolve
from findings.nets.build import construct
from findings.nets.complexity import complexity
from fresh import ran

CIFAR = "findings.nets.cifar.CifarNet"
NETWORKS: dict[str, dict[str, Any]] = {
    "resnet8": {"_target_": CIFAR, "depth": 8, "width": 4},
    "preact": {"_target_": CIFAR, "depth": 8, "width": 4, "activation": "pre"},
    "fc": {"_target_": CIFAR, "depth": 8, "width": 4, "head": "fc", "hidden": [8]},
    "wide": {"_target_": "findings.nets.wide.WideResNet", "depth": 10, "widening": 1, "width": 4},
    "resnet18": {"_target_": "findings.nets.imagenet.ImageNetResNet", "depth": 18, "width": 8},
    "vgg11": {"_target_": "findings.nets.vgg.VGG", "depth": 11, "width": 4, "hidden": [8]},
    "googlenet": {"_target_": "findings.nets.inception.GoogLeNet", "width": 8},
}
FUNCTIONS = {
    "relu": (F.relu, torch.relu),
    "leaky_relu": (F.leaky_relu,),
    "tanh": (torch.tanh, F.tanh),
    "sigmoid": (torch.sigmoid, F.sigmoid),
}


def network(model: dict[str, Any], **more: Any) -> nn.Module:
    torch.manual_seed(0)
    return construct(resolve({**model, **more}), channels=3, size=32, classes=10)


class Calls(TorchFunctionMode):
    """Counts calls of each nonlinearity."""

    def __init__(self) -> None:
        super().__init__()
        self.made = dict.fromkeys(FUNCTIONS, 0)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        for kind, functions in FUNCTIONS.items():
            self.made[kind] += func in functions
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("model", NETWORKS.values(), ids=NETWORKS.keys())
def test_every_layer_has_the_nonlinearity_that_is_asked_for(model: dict[str, Any]) -> None:
    made = {}
    for kind in FUNCTIONS:
        with Calls() as calls:
            scores = network(model, nonlinearity=kind)(torch.randn(2, 3, 32, 32))
        assert scores.isfinite().all()
        made[kind] = calls.made
    layers = made["relu"]["relu"]
    assert layers > 3
    assert made == {kind: dict.fromkeys(FUNCTIONS, 0) | {kind: layers} for kind in FUNCTIONS}


@pytest.mark.parametrize("model", NETWORKS.values(), ids=NETWORKS.keys())
def test_it_changes_no_count(model: dict[str, Any]) -> None:
    with torch.device("meta"):
        counted = [complexity(network(model, nonlinearity=kind), channels=3, size=32) for kind in FUNCTIONS]
    assert len(set(counted)) == 1


def test_counting_it_wakes_no_compiler() -> None:
    code = f"""
import sys
from counting import counted
for kind in {list(FUNCTIONS)}:
    counted("cifar.CifarNet", depth=8, head="fc", hidden=[8], size=32, nonlinearity=kind, initialisation="orthogonal")
    assert "torch._dynamo" not in sys.modules, kind
"""
    ran(code, Path(__file__).parent)


def weights(**more: Any) -> list[Tensor]:
    """Large ones, flat: (outputs, inputs to each)."""
    made = network({"_target_": CIFAR, "depth": 8, "width": 64, "head": "fc", "hidden": [256]}, **more)
    layers = [module for module in made.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    assert not any(layer.bias.any() for layer in layers if layer.bias is not None)
    return [layer.weight.detach().flatten(1) for layer in layers if layer.weight.numel() > 10_000]


@pytest.mark.parametrize(("nonlinearity", "variance"), [("relu", 2.0), ("leaky_relu", 2 / 1.0001), ("tanh", 2.0)])
def test_he_is_for_rectifiers(nonlinearity: str, variance: float) -> None:
    for weight in weights(nonlinearity=nonlinearity):
        assert weight.var().item() * weight.shape[1] == pytest.approx(variance, rel=0.05)


def test_xavier_is_uniform_between_what_comes_in_and_what_goes_out() -> None:
    """Glorot & Bengio 2010, equation 16; a convolution's positions count on both sides."""
    made = network({"_target_": CIFAR, "depth": 8, "width": 64}, initialisation="xavier")
    (convolution, *_) = made.stages[2][0].convolutions  # type: ignore[index, union-attr]
    bound = (6 / (9 * 128 + 9 * 256)) ** 0.5
    assert convolution.weight.abs().max().item() == pytest.approx(bound, rel=0.01)
    assert convolution.weight.var().item() == pytest.approx(bound**2 / 3, rel=0.05)


@pytest.mark.parametrize(("nonlinearity", "square"), [("relu", 2.0), ("tanh", 1.0), ("sigmoid", 1.0)])
def test_orthogonal_weights_keep_lengths_but_for_what_is_rectified_away(nonlinearity: str, square: float) -> None:
    for weight in weights(nonlinearity=nonlinearity, initialisation="orthogonal"):
        short = weight if weight.shape[0] <= weight.shape[1] else weight.T
        torch.testing.assert_close(short @ short.T, square * torch.eye(len(short)), atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ({"_target_": CIFAR, "nonlinearity": "tanh"}, "resnet20-tanh"),
        ({"_target_": CIFAR, "nonlinearity": "leaky_relu", "initialisation": "xavier"}, "resnet20-leakyrelu-xavier"),
        ({"_target_": CIFAR, "activation": "pre", "initialisation": "orthogonal"}, "preact-resnet20-orthogonal"),
        ({"_target_": "findings.nets.wide.WideResNet", "nonlinearity": "sigmoid"}, "wide28x10-sigmoid"),
        ({"_target_": "findings.nets.imagenet.ImageNetResNet", "initialisation": "xavier"}, "resnet50-xavier"),
        ({"_target_": "findings.nets.vgg.VGG", "nonlinearity": "tanh", "head": "gap"}, "vgg16-gap-tanh"),
        ({"_target_": "findings.nets.vgg.VGG", "nonlinearity": "tanh"}, "vgg16-tanh"),
        ({"_target_": "findings.nets.inception.GoogLeNet", "initialisation": "orthogonal"}, "googlenet-orthogonal"),
    ],
)
def test_names_say_what_differs(model: dict[str, Any], expected: str) -> None:
    assert name(resolve(model)) == expected
