"""The networks are the papers': parameters, multiply-adds, shapes, initialisation; and every named one runs."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from findings.config.compose import Composer, groups
from findings.config.folders import shared
from findings.config.hyperparameters import name as name_of
from findings.config.hyperparameters import resolve
from findings.config.schema import Config
from findings.errors import InputError
from findings.nets.build import construct
from findings.nets.cifar import CifarNet
from findings.nets.complexity import Complexity, complexity
from findings.nets.wide import WideResNet
from fresh import ran

CIFAR, WIDE = "findings.nets.cifar.CifarNet", "findings.nets.wide.WideResNet"
NAMED = sorted({*groups()["model"]} - {"timm", "torchvision"})  # test_foreign.py has those
TOO_SMALL = {name for name in NAMED if name.startswith(("vgg", "alexnet", "lenet"))}  # for digits, those are
TOO_NARROW = {"resnext50-32x4d"}  # at the scale's width its groups have no channels
MAPS = {name for name in NAMED if name.startswith(("block", "inception"))}  # blocks alone: no images, no classes
SHAPES = {  # what a model file's costs are for: (channels, size, classes)
    "an image of 224x224 in 1,000 classes": (3, 224, 1000),
    "an image of 227x227 in 1,000 classes": (3, 227, 1000),
    "a grey image of 32x32": (1, 32, 10),
    "on maps of 28x28x256": (256, 28, 10),
}


@pytest.fixture(scope="module")
def composer() -> Composer:
    return Composer()


def costs(target: str, *, classes: int = 10, **hyperparameters: Any) -> Complexity:
    with torch.device("meta"):
        network = construct(resolve({"_target_": target, **hyperparameters}), channels=3, size=32, classes=classes)
    return complexity(network, channels=3, size=32)


@pytest.mark.parametrize(
    ("depth", "parameters"), [(20, 269_722), (32, 464_154), (44, 658_586), (56, 853_018), (110, 1_727_962)]
)
def test_residual_networks_of_option_a_have_exactly_the_parameters_of_plain_ones(depth: int, parameters: int) -> None:
    assert costs(CIFAR, depth=depth).parameters == parameters
    assert costs(CIFAR, depth=depth, shortcut="none").parameters == parameters


def test_projections_add_their_parameters() -> None:
    # 16x32 + 32x64 weights and two batch norms' scales and shifts
    assert costs(CIFAR, depth=56, shortcut="projection").parameters == 855_770 == 853_018 + 512 + 2048 + 64 + 128


@pytest.mark.parametrize(
    ("depth", "widening", "parameters"),
    [(28, 10, 36_479_194), (16, 4, 2_748_890), (16, 8, 10_961_370), (40, 4, 8_949_210)],
)
def test_wide_networks(depth: int, widening: int, parameters: int) -> None:
    assert costs(WIDE, depth=depth, widening=widening).parameters == parameters


def test_a_hundred_classes_change_the_classifier_alone() -> None:
    assert costs(CIFAR, depth=56, classes=100).parameters == 853_018 + 90 * 65


def test_multiply_adds_of_resnet56_are_those_worked_out_by_hand() -> None:
    # stem; per stage 18 convolutions of 3x3, of which the first of stages 2 and 3 halves size and doubles channels
    stem = 32 * 32 * 16 * 3 * 9
    stages = [32 * 32 * 18 * 16 * 16 * 9] + [s * s * (17 * w * w + w * w // 2) * 9 for s, w in ((16, 32), (8, 64))]
    assert costs(CIFAR, depth=56).multiply_adds == stem + sum(stages) + 640 == 125_485_696
    assert costs(CIFAR, depth=56, shortcut="none").multiply_adds == 125_485_696


@pytest.mark.parametrize("model", NAMED)
def test_the_numbers_in_each_model_file_are_the_networks_own(model: str, composer: Composer) -> None:
    text = (shared("conf") / "model" / f"{model}.yaml").read_text()
    config = composer.compose(["scale=cifar10", f"model={model}"]).config
    for words, (channels, size, classes) in SHAPES.items():
        if words in text:
            config = replace(config, data=replace(config.data, channels=channels, size=size, classes=classes))
    with torch.device("meta"):  # some are blocks, whose outputs are no scores
        cost = complexity(build(config), channels=config.data.channels, size=config.data.size)
    for number, million in re.findall(r"([\d.,]+)( M)? parameters", text):
        if million:
            assert number == f"{cost.parameters / 1e6:.1f}"
        else:
            assert number == f"{cost.parameters:,}"
    for number in re.findall(r"([\d.,]+) M multiply-adds", text):
        assert number == f"{cost.multiply_adds / 1e6:,.1f}"
    assert " parameters" in text or model in ("cifar", "wide"), "a model file says what its network costs"


def test_counting_wakes_no_compiler() -> None:
    """Planning counts hundreds of networks; torch's compiler takes a second to import."""
    code = """
import sys
from counting import counted
for target, more in (
    ("inception.GoogLeNet", {}),
    ("vgg.VGG", {}),
    ("imagenet.ImageNetResNet", {"depth": 152}),
    ("cifar.CifarNet", {"depth": 8, "head": "fc", "hidden": [512], "dropout": 0.5, "size": 32}),
    ("single.SingleInception", {"channels": 256, "reduction": 64, "size": 28}),
    ("lenet.LeNet5", {"connections": "sparse", "size": 32}),
    ("alexnet.AlexNet", {"size": 227}),
    ("nin.NetworkInNetwork", {"size": 32}),
    ("resnext.CifarResNeXt", {"size": 32}),
    ("densenet.CifarDenseNet", {"size": 32}),
    ("densenet.ImageNetDenseNet", {}),
    ("gated.GatedNet", {"size": 32}),
    ("mlp.MLP", {"size": 32}),
    ("imagenet.ImageNetResNet", {"depth": 200, "activation": "pre"}),
):
    counted(target, **more)
    assert "torch._dynamo" not in sys.modules, target
"""
    ran(code, Path(__file__).parent)


@pytest.mark.parametrize("model", sorted(set(NAMED) - TOO_SMALL - TOO_NARROW - MAPS))
def test_every_named_network_builds_and_runs_on_digits_too(model: str, composer: Composer) -> None:
    """On the meta device, as the test above has done with images of 32x32."""
    config = composer.compose([f"model={model}"]).config
    with torch.device("meta"):
        scores = build(config).eval()(torch.empty(2, 1, 8, 8))
    assert scores.shape == (2, 10)


@pytest.mark.parametrize("model", sorted(TOO_SMALL | TOO_NARROW | MAPS))
def test_networks_that_cannot_take_digits_say_so(model: str, composer: Composer) -> None:
    with torch.device("meta"), pytest.raises(InputError, match=r"^(model\.width|model\.groups|data\.size): "):
        build(composer.compose([f"model={model}"]).config)


@pytest.mark.parametrize(
    "model",
    [
        "plain20",
        "resnet20",
        "resnet56-projection",
        "preact-resnet110",
        "preact-resnet29-bottleneck",
        "wide10x2-plain",
        "resnet8-fc-dropout",
        "resnet50-stride3x3",
        "googlenet",
    ],
)
def test_networks_give_finite_scores_for_images(model: str, composer: Composer) -> None:
    config = composer.compose([f"model={model}"]).config
    torch.manual_seed(0)
    scores = build(config)(torch.randn(4, 1, 8, 8))
    assert scores.shape == (4, 10)
    assert scores.isfinite().all()


def build(config: Config) -> nn.Module:
    data = config.data
    return construct(resolve(config.model), channels=data.channels, size=data.size, classes=data.classes)


@pytest.mark.parametrize(("block", "depth", "expansion"), [("basic", 20, 1), ("bottleneck", 29, 4)])
def test_shapes_of_every_stage(block: Any, depth: int, expansion: int) -> None:
    network = CifarNet(channels=3, size=32, classes=10, depth=depth, block=block)
    x = network.stem(torch.zeros(1, 3, 32, 32))
    assert x.shape == (1, 16, 32, 32)
    shapes = []
    for stage in network.stages:
        assert len(stage) == 3
        x = stage(x)
        shapes.append(tuple(x.shape[1:]))
    assert shapes == [(16 * expansion, 32, 32), (32 * expansion, 16, 16), (64 * expansion, 8, 8)]


def test_widening_widens_the_stages_but_not_the_stem() -> None:
    network = WideResNet(channels=3, size=32, classes=10, depth=10, widening=3)
    assert network.stem[0].out_channels == 16
    assert [stage[0].convolutions[0].out_channels for stage in network.stages] == [48, 96, 192]


def test_he_initialisation() -> None:
    """Variance 2 / fan_in for convolutions and linear layers; biases 0 (He et al. 2015b, section 2.2)."""
    torch.manual_seed(0)
    network = CifarNet(channels=3, size=8, classes=10, depth=8, width=64, batch_norm=False, head="fc", hidden=[256])
    checked = 0
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            assert module.bias is not None
            assert not module.bias.any()
            if module.weight.numel() > 10_000:
                fan_in = module.weight[0].numel()
                assert module.weight.var().item() == pytest.approx(2 / fan_in, rel=0.05)
                assert abs(module.weight.mean().item()) < 0.05 * (2 / fan_in) ** 0.5
                checked += 1
    assert checked == 7


def test_channels_last_computes_the_same() -> None:
    torch.manual_seed(0)
    network = CifarNet(channels=3, size=16, classes=10, depth=14, batch_norm_group=4).double()
    images = torch.randn(8, 3, 16, 16, dtype=torch.float64)
    contiguous = network(images)
    last = network.to(memory_format=torch.channels_last)(images.contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(last, contiguous)


@pytest.mark.parametrize(
    ("target", "model", "line"),
    [
        (
            CIFAR,
            {"depth": 21},
            "model.depth: 21 layers cannot be made of basic blocks; possible are 6n+2: ..., 8, 14, 20",
        ),
        (CIFAR, {"depth": 2}, "model.depth: 2 layers cannot be made of basic blocks; possible are 6n+2: ..., 8, 14"),
        (CIFAR, {"depth": 22, "block": "bottleneck"}, "possible are 9n+2: ..., 11, 20, 29"),
        (
            WIDE,
            {"depth": 20},
            "model.depth: 20 layers cannot be made of basic blocks; possible are 6n+4: ..., 10, 16, 22",
        ),
        (
            CIFAR,
            {"widht": 8},
            "model.widht: no such hyperparameter of findings.nets.cifar.CifarNet; did you mean 'width'?",
        ),
        (WIDE, {"block": "basic"}, "model.block: no such hyperparameter"),
        (CIFAR, {"depth": "abc"}, "model.depth: 'abc' is not a whole number"),
        (CIFAR, {"depth": 20.0}, "model.depth: '20.0' is not a whole number"),
        (CIFAR, {"depth": True}, "model.depth: 'True' is not a whole number"),
        (CIFAR, {"dropout": "0.5"}, "model.dropout: '0.5' is not a number"),
        (CIFAR, {"batch_norm": 1}, "model.batch_norm: '1' is not true or false"),
        (CIFAR, {"shortcut": "nome"}, "model.shortcut: unknown value 'nome'; did you mean 'none'?"),
        (CIFAR, {"hidden": 512}, "model.hidden: '512' is not a list"),
        (CIFAR, {"hidden": ["a"]}, "model.hidden: 'a' is not a whole number"),
        (CIFAR, {"width": 0}, "model.width: 0 is below 1"),
        (CIFAR, {"hidden": [8]}, "model.hidden: belongs to model.head=fc"),
        (CIFAR, {"dropout": 0.5}, "model.dropout: belongs to model.head=fc"),
        (CIFAR, {"head": "fc", "dropout": 0.5}, "model.dropout: needs hidden layers"),
        (CIFAR, {"head": "fc", "hidden": [8], "dropout": 1.0}, "model.dropout: 1.0 is not in [0, 1)"),
        ("findings.nets.cifar.Nothing", {}, "model._target_: no network 'findings.nets.cifar.Nothing'"),
        ("nowhere.Net", {}, "model._target_: no network 'nowhere.Net'"),
        ("torch.nn.Linear", {}, "model._target_: 'torch.nn.Linear' is no network"),
        ("", {}, "model._target_: is missing"),
    ],
)
def test_impossible_networks_are_refused_in_one_line(target: str, model: dict[str, Any], line: str) -> None:
    with pytest.raises(InputError) as refusal:
        costs(target, **model)
    assert line in str(refusal.value)
    assert "\n" not in str(refusal.value)


# what a run's name says and its file leaves out
IN_FULL = {
    r"^(preact-resnet(?:164|1001))-bottleneck$": r"\1-projection-bottleneck",
    r"-fc": "-fc512",
    r"-dropout$": "-dropout0.5",
    r"^(wide\d.*)-plain$": r"\1-none",
    r"^wide-resnet50x2$": "wide-resnet50x2-stride3x3",
    r"^resnext50-32x4d$": "resnext50-32x4d-stride3x3",
    r"^alexnet-torchvision$": "alexnet-w64-ungrouped-nolrn-pad2",
    r"^nin-no-mlpconv$": "nin-nomlpconv",
    r"^mlp$": "mlp2x512",
}


@pytest.mark.parametrize("model", sorted(set(NAMED) - {"cifar", "wide"}))
def test_a_named_networks_runs_carry_the_name_of_its_file(model: str, composer: Composer) -> None:
    expected = model
    for file, run in IN_FULL.items():
        expected = re.sub(file, run, expected)
    config = composer.compose(["scale=cifar10", f"model={model}"]).config  # the quick scale would halve the width
    assert name_of(config.model) == expected


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ({"shortcut": "none", "width": 8}, "plain20-w8"),
        ({"widening": 2}, "resnet20-x2"),
        ({"batch_norm": False}, "resnet20-nobn"),
        ({"head": "fc", "hidden": [512, 256], "dropout": 0.5}, "resnet20-fc512x256-dropout0.5"),
    ],
)
def test_variants_are_named_by_what_differs(model: dict[str, Any], name: str) -> None:
    assert name_of(resolve({"_target_": CIFAR, **model})) == name
