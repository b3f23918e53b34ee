"""Weights of others, under our names, give the scores of others."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from findings.config.hyperparameters import resolve
from findings.errors import InputError
from findings.nets.build import construct
from findings.nets.cifar import CifarNet
from findings.nets.keys import from_option_a, from_torchvision

RESNET = {"_target_": "findings.nets.imagenet.ImageNetResNet"}
VGG = {"_target_": "findings.nets.vgg.VGG"}
OTHERS = {"widths": [64, 192, 384, 256, 256], "groups": 1, "local_response_norm": False, "padding": 2}
SAME: dict[str, tuple[dict[str, Any], int]] = {
    "resnet18": (RESNET | {"depth": 18}, 64),
    "resnet34": (RESNET | {"depth": 34}, 64),
    "resnet50": (RESNET | {"depth": 50, "stride_in": "3x3"}, 64),
    "resnet101": (RESNET | {"depth": 101, "stride_in": "3x3"}, 64),
    "resnet152": (RESNET | {"depth": 152, "stride_in": "3x3"}, 64),
    "wide_resnet50_2": (RESNET | {"depth": 50, "stride_in": "3x3", "widening": 2}, 64),
    "resnext50_32x4d": (RESNET | {"depth": 50, "stride_in": "3x3", "widening": 2, "groups": 32}, 64),
    "densenet121": ({"_target_": "findings.nets.densenet.ImageNetDenseNet"}, 64),
    "vgg16": (VGG, 224),  # whose head takes 7x7 maps
    "vgg19": (VGG | {"depth": 19}, 224),
    "vgg16_bn": (VGG | {"batch_norm": True}, 224),
    "vgg19_bn": (VGG | {"depth": 19, "batch_norm": True}, 224),
    "alexnet": ({"_target_": "findings.nets.alexnet.AlexNet"} | OTHERS, 224),
}


def drawn(make: Callable[[], nn.Module]) -> nn.Module:
    """In evaluation mode, with norms and biases of which no two are alike: fresh ones would hide a mix-up.

    Made on the meta device and drawn once: their own constructors take seconds for 140 million weights.
    """
    with torch.device("meta"):
        network = make()
    torch.manual_seed(0)
    network.to_empty(device="cpu")
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            for values in (module.weight, module.bias, module.running_var, module.running_mean):
                nn.init.uniform_(values, 0.5, 1.5)
            module.num_batches_tracked.zero_()
        elif isinstance(module, nn.Conv2d | nn.Linear):
            bound = (6 / module.weight[0].numel()) ** 0.5
            nn.init.uniform_(module.weight, -bound, bound)
            if module.bias is not None:
                nn.init.uniform_(module.bias, -0.5, 0.5)
    return network.eval()


def compared(theirs: nn.Module, name: str) -> None:
    """Ours with their weights gives their scores."""
    model, size = SAME[name]
    with torch.device("meta"):
        ours = construct(resolve(model), channels=3, size=size, classes=10).eval()
    ours.load_state_dict(from_torchvision(name, theirs.state_dict()), assign=True)
    image = torch.randn(1, 3, size, size)
    with torch.no_grad():
        scores = theirs(image)
        assert scores.std() > 0
        torch.testing.assert_close(ours(image), scores, rtol=1e-4, atol=1e-4 * scores.std().item())


@pytest.mark.parametrize("name", SAME)
def test_torchvisions_weights_give_torchvisions_scores(name: str) -> None:
    from torchvision import models

    compared(drawn(lambda: models.get_model(name, weights=None, num_classes=10)), name)


@pytest.mark.parametrize("name", ["resnet50", "resnext50_32x4d"])
def test_timms_residual_networks_have_torchvisions_layout(name: str) -> None:
    import timm

    compared(drawn(lambda: timm.create_model(name, num_classes=10)), name)


class PaddedOnBothSides(nn.Module):
    """The layout of the public CIFAR networks with option A, written from its description."""

    def __init__(self, blocks: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)
        inputs = 16
        for stage, width in enumerate((16, 32, 64)):
            row = nn.Sequential()
            for index in range(blocks):
                block = nn.Module()
                stride = 2 if stage and not index else 1
                block.conv1 = nn.Conv2d(inputs, width, 3, stride, 1, bias=False)
                block.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
                block.bn1, block.bn2 = nn.BatchNorm2d(width), nn.BatchNorm2d(width)
                row.append(block)
                inputs = width
            setattr(self, f"layer{stage + 1}", row)
        self.linear = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(x)))
        for stage in (self.layer1, self.layer2, self.layer3):
            for block in stage:
                y = block.bn2(block.conv2(F.relu(block.bn1(block.conv1(x)))))
                if y.shape != x.shape:
                    new = (y.shape[1] - x.shape[1]) // 2
                    x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, new, new))
                x = F.relu(y + x)
        return self.linear(x.mean((2, 3)))  # type: ignore[no-any-return]


def test_channels_that_others_pad_on_both_sides_are_put_in_our_order() -> None:
    theirs = drawn(lambda: PaddedOnBothSides(3))
    ours = CifarNet(channels=3, size=32, classes=10, depth=20).eval()
    ours.load_state_dict(from_option_a(theirs.state_dict()))
    images = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        scores = theirs(images)
        torch.testing.assert_close(ours(images), scores, rtol=1e-4, atol=1e-4 * scores.std().item())


def test_what_has_no_place_is_named() -> None:
    with pytest.raises(InputError, match="weights: there is no map of torchvision's googlenet"):
        from_torchvision("googlenet", {})
    with pytest.raises(InputError, match=r"weights: 'layer1\.0\.se\.weight' has no place in a network here"):
        from_torchvision("resnet50", {"layer1.0.se.weight": torch.zeros(1)})
