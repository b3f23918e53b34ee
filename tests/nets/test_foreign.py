"""Networks of timm and torchvision: counted as torch counts them, named, typed, trained on what the data are."""

from pathlib import Path
from typing import Any

import pytest
import torch
from counting import counted
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from findings.config.compose import Composer
from findings.config.frozen import freeze, thaw
from findings.config.hyperparameters import name, resolve
from findings.errors import InputError
from findings.nets.build import construct
from findings.nets.complexity import complexity
from findings.nets.norm import GroupedBatchNorm2d
from findings.nets.synced import across_devices
from findings.nets.weights import freeze as freeze_backbone
from findings.planning.sweeps import hydra_value
from fresh import ran

TIMM, TORCHVISION = "foreign.TimmNet", "foreign.TorchvisionNet"
# the parameters that are published for 1000 classes
PUBLISHED = {
    (TIMM, "densenet121"): 7_978_856,
    (TIMM, "resnext50_32x4d"): 25_028_904,
    (TIMM, "mobilenetv3_small_100"): 2_542_856,
    (TIMM, "efficientnet_b0"): 5_288_548,
    (TIMM, "convnext_tiny"): 28_589_128,
    (TIMM, "vit_tiny_patch16_224"): 5_717_416,
    (TORCHVISION, "googlenet"): 6_624_904,
    (TORCHVISION, "shufflenet_v2_x1_0"): 2_278_604,
    (TORCHVISION, "squeezenet1_1"): 1_235_496,
    (TORCHVISION, "mnasnet1_0"): 4_383_312,
    (TORCHVISION, "regnet_y_400mf"): 4_344_144,
    (TORCHVISION, "swin_t"): 28_288_354,
    (TORCHVISION, "vit_b_16"): 86_567_656,
}


def made(target: str, called: str, *, size: int = 32, classes: int = 10, channels: int = 3, **more: Any) -> nn.Module:
    group = more.pop("group", None)
    model = resolve({"_target_": f"findings.nets.{target}", "name": called, "kwargs": more})
    return construct(model, channels=channels, size=size, classes=classes, batch_norm_group=group)


@pytest.mark.parametrize(("target", "called"), PUBLISHED)
def test_networks_cost_what_is_published_and_what_torch_counts(target: str, called: str) -> None:
    with torch.device("meta"):
        network = made(target, called, size=224, classes=1000)
    cost = complexity(network, channels=3, size=224, classes=1000)
    assert cost.parameters == PUBLISHED[target, called]
    with FlopCounterMode(display=False) as oracle, torch.no_grad():
        network.eval()(torch.empty(1, 3, 224, 224, device="meta"))
    assert 2 * cost.multiply_adds == oracle.get_total_flops()
    assert 0 < cost.head_parameters < cost.parameters
    assert cost == counted(target, name=called), "and so in planning"


@pytest.mark.parametrize(
    ("target", "called"), [(TIMM, "resnet10t"), (TIMM, "vit_tiny_patch16_224"), (TORCHVISION, "squeezenet1_1")]
)
@pytest.mark.parametrize("channels", [1, 5])
def test_channels_classes_and_size_are_the_datas(target: str, called: str, channels: int) -> None:
    torch.manual_seed(0)
    network = made(target, called, channels=channels, size=48).eval()
    with torch.no_grad():
        scores = network(torch.randn(4, channels, 48, 48))
    assert scores.shape == (4, 10)
    assert scores.std(0).max() > 0, "it sees its images"


def test_a_first_convolution_made_anew_is_drawn_like_the_one_it_replaces() -> None:
    torch.manual_seed(0)
    colours, greys = (made(TORCHVISION, "resnet18", channels=channels).network for channels in (3, 1))
    assert greys.conv1.weight.shape == (64, 1, 7, 7)
    torch.testing.assert_close(greys.conv1.weight.var(), 3 * colours.conv1.weight.var(), rtol=0.1, atol=0)


def test_auxiliary_classifiers_are_there_only_when_asked_for() -> None:
    images = torch.randn(2, 3, 96, 96)
    assert isinstance(made(TORCHVISION, "googlenet", size=96)(images), torch.Tensor)
    assert made(TORCHVISION, "googlenet", size=96, aux_logits=True)(images).aux_logits1.shape == (2, 10)
    with torch.device("meta"):
        plain, helped = (made(TORCHVISION, "googlenet", size=96, **more) for more in ({}, {"aux_logits": True}))
    plain_cost, helped_cost = (complexity(each, channels=3, size=96, classes=10) for each in (plain, helped))
    assert helped_cost.multiply_adds == plain_cost.multiply_adds, "an answer needs none of them"
    assert helped_cost.parameters > plain_cost.parameters


@pytest.mark.parametrize(
    ("target", "called"), [(TIMM, "resnet10t"), (TIMM, "vit_tiny_patch16_224"), (TORCHVISION, "squeezenet1_1")]
)
def test_all_but_the_head_can_be_frozen(target: str, called: str) -> None:
    network = made(target, called)
    freeze_backbone(network)
    head = network.head
    assert {id(each) for each in network.parameters() if each.requires_grad} == {id(each) for each in head.parameters()}
    assert {id(part) for part in network.modules() if part.training} == {id(network), *map(id, head.modules())}


def test_arguments_reach_the_constructor() -> None:
    assert made(TIMM, "resnet10t", drop_rate=0.25).network.drop_rate == 0.25
    assert made(TORCHVISION, "mobilenet_v3_small", dropout=0.4).network.classifier[2].p == 0.4


def test_batch_norm_in_groups_is_for_plain_batch_norm() -> None:
    network = made(TORCHVISION, "resnet18", group=4)
    norms = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
    assert len(norms) == 20
    assert all(isinstance(layer, GroupedBatchNorm2d) and layer.group == 4 for layer in norms)
    assert made(TORCHVISION, "googlenet", group=4, size=96).network.conv1.bn.eps == 0.001
    with pytest.raises(InputError, match=r"recipe\.batch_norm_group: is for nn\.BatchNorm2d"):
        made(TIMM, "densenet121", group=4)


def test_batch_norm_that_would_see_a_part_of_a_batch_is_refused_to_several_devices() -> None:
    across_devices(made(TORCHVISION, "resnet18"))
    with pytest.raises(InputError, match=r"trainer\.devices: BatchNormAct2d is for one device"):
        across_devices(made(TIMM, "densenet121"))


@pytest.mark.parametrize(
    ("target", "called", "more", "line"),
    [
        (TIMM, "densnet121", {}, "model.name: timm has no classifier 'densnet121'; did you mean one of densenet121"),
        (TIMM, "resnet50.a1_in1k", {}, "model.name: timm has no classifier 'resnet50.a1_in1k'; did you mean one of"),
        (
            TORCHVISION,
            "googlnet",
            {},
            "model.name: torchvision has no classifier 'googlnet'; did you mean one of googl",
        ),
        (TORCHVISION, "fcn_resnet50", {}, "model.name: torchvision has no classifier 'fcn_resnet50'"),
        (TIMM, "resnet18", {"drop": 1}, "model.kwargs: timm's resnet18 cannot be made: TypeError"),
        (TIMM, "resnet18", {"pretrained": True}, "model.kwargs: every run draws its own initial weights"),
        (TORCHVISION, "resnet18", {"weights": "DEFAULT"}, "model.kwargs: every run draws its own initial weights"),
        (TORCHVISION, "resnet18", {"num_classes": 3}, "model.kwargs: num_classes comes from the data"),
        (TIMM, "resnet18", {"in_chans": 3}, "model.kwargs: in_chans comes from the data"),
    ],
)
def test_mistakes_are_one_line(target: str, called: str, more: dict[str, Any], line: str) -> None:
    with pytest.raises(InputError) as refusal, torch.device("meta"):
        made(target, called, **more)
    assert str(refusal.value).startswith(line)
    assert "\n" not in str(refusal.value)


def test_images_that_are_too_small_are_refused_with_their_size() -> None:
    with pytest.raises(InputError, match="model: TimmNet fails on images of 3 x 8 x 8: RuntimeError: Given input size"):
        counted(TIMM, size=8, name="densenet121")


def test_names_are_safe_for_paths_and_say_what_differs() -> None:
    def called(**model: Any) -> str:
        return name(resolve({"_target_": "findings.nets.foreign.TimmNet", **model}))

    assert called(name="densenet121") == "timm-densenet121"
    assert called(name="resnet18", kwargs={"drop_rate": 0.1, "act": "../x y"}) == "timm-resnet18-act.._x_y-drop_rate0.1"
    assert "/" not in called(name="../etc", kwargs={"a/b": [1, {"c": None}]})


def test_kwargs_go_through_overrides_freezing_and_hashing(tmp_path: Path) -> None:
    composer = Composer()
    model = ("model=timm", "model.name=resnet18")
    plain = composer.compose(model)
    assert plain.config.model == {"_target_": "findings.nets.foreign.TimmNet", "name": "resnet18", "kwargs": {}}
    whole = composer.compose([*model, "model.kwargs={drop_rate: 0.1, block_args: {a: [1, 2]}}"])
    assert whole.config.model["kwargs"] == {"drop_rate": 0.1, "block_args": {"a": [1, 2]}}
    one = composer.compose([*model, "model.kwargs.drop_rate=0.1"])
    assert one.config.model["kwargs"] == {"drop_rate": 0.1}
    again = composer.compose([*model, f"model.kwargs={hydra_value({'drop_rate': 0.1})}"])
    assert again.id == one.id
    assert len({plain.id, whole.id, one.id}) == 3
    (tmp_path / "config.yaml").write_text(freeze(whole))
    assert thaw(tmp_path / "config.yaml") == whole
    with pytest.raises(InputError, match=r"model\.kwargs: '3' is no mapping such as"):
        composer.compose([*model, "model.kwargs=3"])


def test_timm_is_imported_where_a_network_of_its_is_built_and_nowhere_else(tmp_path: Path) -> None:
    code = """if True:
        import sys, findings
        findings.plan("quick/depth-degradation", "seed=0")
        assert "timm" not in sys.modules and "torchvision" not in sys.modules
        findings.plan("quick/depth-degradation", "seed=0", "model=timm", "model.name=resnet18")
        assert "timm" in sys.modules
    """
    ran(code, tmp_path)
