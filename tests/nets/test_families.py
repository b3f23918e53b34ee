"""The other families of the lectures are the papers': parameters, layers, shapes, and what each has of its own."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from counting import counted
from torch import nn

from findings.config.hyperparameters import name as name_of
from findings.config.hyperparameters import resolve
from findings.errors import InputError
from findings.nets.alexnet import AlexNet
from findings.nets.build import construct
from findings.nets.densenet import CifarDenseNet
from findings.nets.gated import GatedNet
from findings.nets.lenet import SEEN, LeNet5
from findings.nets.mlp import MLP
from findings.nets.nin import NetworkInNetwork
from findings.nets.norm import LocalResponseNorm

CIFAR = {"size": 32, "classes": 10}
GREY = CIFAR | {"channels": 1}
TORCHVISIONS = {"widths": [64, 192, 384, 256, 256], "groups": 1, "local_response_norm": False, "padding": 2}


@pytest.mark.parametrize(
    ("target", "hyperparameters", "parameters", "layers"),
    [
        ("lenet.LeNet5", GREY, 61_706, 5),
        ("lenet.LeNet5", GREY | {"connections": "sparse"}, 61_706 - 36 * 25, 4 + 16),
        ("alexnet.AlexNet", {"size": 227}, 60_965_224, 8),
        ("alexnet.AlexNet", {"size": 227, "groups": 1}, 62_378_344, 8),
        ("alexnet.AlexNet", TORCHVISIONS, 61_100_840, 8),
        ("nin.NetworkInNetwork", CIFAR, 966_986, 9),
        ("resnext.CifarResNeXt", CIFAR, 34_426_698, 32),
        ("resnext.CifarResNeXt", CIFAR | {"groups": 16}, 68_155_210, 32),
        ("densenet.CifarDenseNet", CIFAR, 769_162, 100),
        ("densenet.CifarDenseNet", CIFAR | {"depth": 40, "bottleneck": False, "compression": 1.0}, 1_019_722, 40),
        ("densenet.ImageNetDenseNet", {}, 7_978_856, 121),
        ("densenet.ImageNetDenseNet", {"depth": 161, "growth": 48}, 28_681_000, 161),
        ("gated.GatedNet", CIFAR, 1_824_186, 110 + 54),
        ("mlp.MLP", CIFAR, 3072 * 512 + 512 + 512 * 512 + 512 + 5130, 3),
        ("inception.GoogLeNet", {"local_response_norm": True}, 6_998_552, 58),
        ("inception.GoogLeNet", {"auxiliary": True}, 13_378_280, 58),
        ("cifar.CifarNet", CIFAR | {"depth": 1202}, 19_421_274, 1202),
        ("vgg.VGG", {}, 138_357_544, 16),
        ("vgg.VGG", {"depth": 19}, 143_667_240, 19),
    ],
)
def test_parameters_and_layers(target: str, hyperparameters: dict[str, Any], parameters: int, layers: int) -> None:
    cost = counted(target, **hyperparameters)
    assert (cost.parameters, cost.layers) == (parameters, layers)


def test_alexnets_maps_are_those_of_the_paper() -> None:
    network = AlexNet(channels=3, size=227, classes=10, widths=[8, 8, 8, 8, 8], hidden=[8])
    x = torch.zeros(1, 3, 227, 227)
    assert network.stages[0][0](x).shape == (1, 8, 55, 55)
    sizes = []
    for stage in network.stages:
        x = stage(x)
        sizes.append(x.shape[-1])
    assert sizes == [27, 13, 13, 13, 6]


def test_the_sparse_connections_are_those_of_table_i() -> None:
    assert [len(inputs) for inputs in SEEN] == 6 * [3] + 9 * [4] + [6]
    assert SEEN[0] == (0, 1, 2)
    assert SEEN[5] == (0, 1, 5)
    assert SEEN[11] == (0, 1, 2, 5)
    assert SEEN[12] == (0, 1, 3, 4)
    torch.manual_seed(0)
    network = LeNet5(channels=1, size=28, classes=10, connections="sparse")
    maps = torch.randn(1, 6, 14, 14)
    before = network.stages[1][0](maps)
    maps[:, 5] += 1
    changed = (network.stages[1][0](maps) != before).flatten(2).any(2)[0]
    assert changed.tolist() == [5 in inputs for inputs in SEEN]


def test_local_response_norm_is_the_papers() -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 7, 5, 4)
    torch.testing.assert_close(LocalResponseNorm()(x), F.local_response_norm(x, 5, alpha=5e-4, beta=0.75, k=2.0))


def test_every_dense_layer_hands_on_what_it_has_seen() -> None:
    torch.manual_seed(0)
    network = CifarDenseNet(channels=1, size=8, classes=10, depth=22, growth=4)
    x = network.stem(torch.randn(2, 1, 8, 8))
    y = network.stages[0](x)
    assert y.shape == (2, 8 + 3 * 4, 8, 8)
    assert torch.equal(y[:, :8], x)


@pytest.mark.parametrize(("gate", "made"), [("exclusive", 0.0), ("shortcut_only", 1.0)])
def test_a_closed_gate_leaves_the_shortcut_alone(gate: Any, made: float) -> None:
    """With a bias of minus 40, g is 0: of the shortcut comes all, of the convolutions none, or with one gate all."""
    torch.manual_seed(0)
    network = GatedNet(channels=1, size=8, classes=10, depth=8, gate=gate, gate_bias=-40.0, width=4).eval()
    block, x = network.stages[0][0], torch.rand(2, 4, 8, 8)
    convolved = block.norms[1](block.convolutions[1](F.relu(block.norms[0](block.convolutions[0](x)))))
    torch.testing.assert_close(block(x), F.relu(x + made * convolved))


def test_an_mlp_matches_the_parameters_that_it_is_told() -> None:
    for layers in (1, 2, 3):
        for wanted in (269_722, 853_018):
            cost = counted("mlp.MLP", **CIFAR, layers=layers, parameters=wanted)
            assert abs(cost.parameters - wanted) <= (3072 + 2 * 512 + 10) / 2


def test_without_mlpconv_nothing_is_left_of_the_small_networks() -> None:
    network = NetworkInNetwork(channels=3, size=32, classes=10, mlpconv=False)
    kernels = [module.kernel_size[0] for module in network.modules() if isinstance(module, nn.Conv2d)]
    assert kernels == [5, 5, 3, 1]


@pytest.mark.parametrize(
    ("target", "hyperparameters", "name"),
    [
        ("lenet.LeNet5", {"connections": "sparse", "nonlinearity": "relu"}, "lenet5-sparse-relu-xavier"),
        ("alexnet.AlexNet", {"groups": 1, "batch_norm": True}, "alexnet-ungrouped-bn"),
        ("alexnet.AlexNet", TORCHVISIONS, "alexnet-w64-ungrouped-nolrn-pad2"),
        ("nin.NetworkInNetwork", {"width": 96, "mlpconv": False}, "nin-w96-nomlpconv"),
        ("resnext.CifarResNeXt", {}, "resnext29-8x64d"),
        ("imagenet.ImageNetResNet", {"groups": 32, "widening": 2}, "resnext50-32x4d"),
        ("imagenet.ImageNetResNet", {"depth": 200, "activation": "pre"}, "preact-resnet200"),
        ("densenet.CifarDenseNet", {}, "densenet100x12-bc"),
        ("densenet.CifarDenseNet", {"bottleneck": False, "compression": 1.0, "depth": 40}, "densenet40x12"),
        ("densenet.ImageNetDenseNet", {}, "densenet121"),
        ("gated.GatedNet", {"gate": "shortcut_only", "gate_bias": 0.0}, "gated110-shortcut-only-bias0"),
        ("mlp.MLP", {"parameters": 269_722, "batch_norm": True}, "mlp2-270k-bn"),
        ("inception.GoogLeNet", {"modules": "naive"}, "googlenet-naive"),
    ],
)
def test_names(target: str, hyperparameters: dict[str, Any], name: str) -> None:
    assert name_of(resolve({"_target_": f"findings.nets.{target}", **hyperparameters})) == name


@pytest.mark.parametrize(
    ("target", "hyperparameters", "line"),
    [
        ("lenet.LeNet5", {"size": 7}, "data.size: 7 is below 12"),
        ("alexnet.AlexNet", {"size": 32}, "data.size: 32 is too small"),
        ("alexnet.AlexNet", {"widths": [64, 64]}, "model.widths: 2 are given for 5 convolutions"),
        ("alexnet.AlexNet", {"groups": 5}, "model.groups: 5 do not divide"),
        ("nin.NetworkInNetwork", {"width": 0}, "model.width: 0 is below 1"),
        ("resnext.CifarResNeXt", {"depth": 30}, "model.depth: 30 layers cannot be made of bottlenecks"),
        ("resnext.CifarResNeXt", {"width": 100}, "model.width: 100 does not divide"),
        ("densenet.CifarDenseNet", {"depth": 41}, "model.depth: 41 layers cannot be made; possible are 6n+4: 10"),
        ("densenet.CifarDenseNet", {"compression": 0.0}, "model.compression: 0.0 is not in (0, 1]"),
        ("densenet.ImageNetDenseNet", {"depth": 120}, "model.depth: no densely connected network has 120"),
        ("gated.GatedNet", {"depth": 21}, "model.depth: 21 layers cannot be made of basic blocks"),
        ("mlp.MLP", {"parameters": 100}, "model.parameters: 100 are too few"),
    ],
)
def test_impossible_networks_are_refused(target: str, hyperparameters: dict[str, Any], line: str) -> None:
    with pytest.raises(InputError) as refusal:
        counted(target, **{"size": 32, "classes": 10} | hyperparameters)
    assert str(refusal.value).startswith(line)


@pytest.mark.parametrize(
    ("target", "hyperparameters"),
    [
        ("lenet.LeNet5", {"connections": "sparse"}),
        ("alexnet.AlexNet", {"size": 67, "widths": [8, 8, 8, 8, 8], "hidden": [16]}),
        ("nin.NetworkInNetwork", {"width": 12, "batch_norm": True}),
        ("resnext.CifarResNeXt", {"depth": 11, "groups": 2, "group_width": 4, "width": 8}),
        ("densenet.CifarDenseNet", {"depth": 22, "growth": 4, "dropout": 0.2}),
        ("densenet.ImageNetDenseNet", {"growth": 4}),
        ("gated.GatedNet", {"depth": 8, "width": 4}),
        ("mlp.MLP", {"width": 16, "batch_norm": True, "batch_norm_group": 2, "dropout": 0.5}),
        ("inception.GoogLeNet", {"modules": "naive", "width": 8, "local_response_norm": True}),
    ],
)
def test_every_weight_learns(target: str, hyperparameters: dict[str, Any]) -> None:
    torch.manual_seed(0)
    given = {"channels": 3, "size": 32, "classes": 10, "batch_norm_group": None} | hyperparameters
    data = {key: given.pop(key) for key in ("channels", "size", "classes", "batch_norm_group")}
    network = construct(resolve({"_target_": f"findings.nets.{target}", **given}), **data)
    scores = network(torch.randn(4, 3, data["size"], data["size"]))
    assert scores.shape == (4, 10)
    F.cross_entropy(scores, torch.arange(4)).backward()
    for name, weight in network.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.isfinite().all(), name


def test_the_width_of_an_mlp_is_its_own_where_nothing_is_to_be_matched() -> None:
    assert MLP(channels=1, size=8, classes=10, width=7).head[1].out_features == 7
