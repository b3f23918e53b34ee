"""Weights that others have published, under the names that our networks have for them.

One map for each layout: torchvision's, which timm's residual networks share, and that of the public CIFAR networks with
option A. A map renames tensors and, where channels lie in another order, permutes them. It changes no number but those
of VGG's norms, which take in the biases of the convolutions before them; ours have none there.
"""

import re
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from findings.errors import InputError
from findings.nets.vgg import CONVOLUTIONS

Rules = list[tuple[str, str]]  # (pattern of a whole module's name, what it is called here)

RESIDUAL: Rules = [
    (r"conv1", "stem.0"),
    (r"bn1", "stem.1"),
    (r"layer(\d)\.(\d+)\.conv(\d)", "stages.{0}.{1}.convolutions.{2}"),
    (r"layer(\d)\.(\d+)\.bn(\d)", "stages.{0}.{1}.norms.{2}"),
    (r"layer(\d)\.(\d+)\.downsample\.(\d)", "stages.{0}.{1}.shortcut.{2}"),
    (r"fc|linear", "head.classifier"),
]
ALEXNET: Rules = [
    *((rf"features\.{theirs}", f"stages.{ours}.0") for ours, theirs in enumerate((0, 3, 6, 8, 10))),
    *((rf"classifier\.{theirs}", f"head.{ours}") for theirs, ours in ((1, 1), (4, 4), (6, 7))),
]
DENSE: Rules = [
    (r"features\.conv0", "stem.0.0"),
    (r"features\.norm0", "stem.0.1"),
    (r"features\.denseblock(\d)\.denselayer(\d+)\.norm1", "stages.{0}.{1}.reduced.0"),
    (r"features\.denseblock(\d)\.denselayer(\d+)\.conv1", "stages.{0}.{1}.reduced.2"),
    (r"features\.denseblock(\d)\.denselayer(\d+)\.norm2", "stages.{0}.{1}.grown.0"),
    (r"features\.denseblock(\d)\.denselayer(\d+)\.conv2", "stages.{0}.{1}.grown.2"),
    (r"features\.transition(\d)\.norm", "stages.{0}.0.0"),
    (r"features\.transition(\d)\.conv", "stages.{0}.0.2"),
    (r"features\.norm5", "last_norm"),
    (r"classifier", "head.classifier"),
]


def from_torchvision(name: str, theirs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state of torchvision's network ``name`` (resnet50, resnext50_32x4d, vgg16_bn, ...) as ours has it.

    Raises InputError for a name whose layout is not ours: torchvision's GoogLeNet has 3x3 where the paper has 5x5.
    """
    if re.fullmatch(r"(wide_)?resnet\d+(_2)?|resnext\d+_\d+x\d+d", name):
        return _renamed(theirs, RESIDUAL, _from_one)
    if name == "alexnet":
        return _renamed(theirs, ALEXNET, _as_they_are)
    if name.startswith("densenet"):
        return _renamed(theirs, DENSE, _dense)
    if found := re.fullmatch(r"vgg(\d+)(_bn)?", name):
        ours = _renamed(theirs, _vgg(int(found[1]), batch_norm=bool(found[2])), _as_they_are)
        return _without_biases(ours) if found[2] else ours
    known = ["alexnet", "densenet121", "resnet50", "resnext50_32x4d", "vgg16", "vgg16_bn", "wide_resnet50_2"]
    raise InputError("weights", f"there is no map of torchvision's {name}", known, name)


def from_option_a(theirs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state of a public CIFAR ResNet with option A as :class:`CifarNet` has it.

    Where the channels double, those networks pad zeros on both sides of them, ours behind. So from the second stage on
    our channels are theirs in another order: first those that the shortcut has brought, then the new ones.
    """
    ours = _renamed(theirs, RESIDUAL, _from_one)
    width = len(ours["stem.0.weight"])
    orders = [torch.arange(width)]  # of each stage's channels: where each of ours is among theirs
    for stage in (1, 2):
        new = width * 2**stage // 4  # on either side
        orders.append(torch.cat([orders[-1] + new, torch.arange(new), torch.arange(3 * new, 4 * new)]))
    for name, tensor in list(ours.items()):
        found = re.fullmatch(r"stages\.(\d)\.(\d+)\.(convolutions|norms)\.(\d)\.(\w+)", name)
        if found is None or tensor.ndim == 0:
            continue
        stage, block, first = int(found[1]), int(found[2]), found[4] == "0"
        if first and found[3] == "convolutions":
            ours[name] = tensor[:, orders[stage - 1 if stage and not block else stage]]
        elif not first:
            ours[name] = tensor[orders[stage]]
    ours["head.classifier.weight"] = ours["head.classifier.weight"][:, orders[-1]]
    return ours


def _without_biases(ours: dict[str, Tensor]) -> dict[str, Tensor]:
    """A bias before a norm shifts what the norm subtracts: the running mean less the bias gives the same."""
    for name in [name for name in ours if re.fullmatch(r"stages\..*\.0\.bias", name)]:
        mean = f"{name.removesuffix('.0.bias')}.1.running_mean"
        ours[mean] = ours[mean] - ours.pop(name)
    return ours


def _renamed(
    theirs: Mapping[str, Tensor], rules: Rules, numbered: Callable[[str, list[int]], list[int]]
) -> dict[str, Tensor]:
    """Each tensor under our name for its module. Raises InputError naming the first that no rule speaks of."""
    ours = {}
    for name, tensor in theirs.items():
        module, _, kind = name.rpartition(".")
        for pattern, ours_is in rules:
            if found := re.fullmatch(pattern, module):
                numbers = numbered(ours_is, [int(group) for group in found.groups()])
                ours[f"{ours_is.format(*numbers)}.{kind}"] = tensor
                break
        else:
            raise InputError("weights", f"'{name}' has no place in a network here")
    return ours


def _as_they_are(_: str, numbers: list[int]) -> list[int]:
    return numbers


def _from_one(ours_is: str, numbers: list[int]) -> list[int]:
    """Stages, convolutions and norms are counted from one there; blocks and what makes a shortcut from zero."""
    if not numbers:
        return numbers
    stage, block, part = numbers
    return [stage - 1, block, part if "shortcut" in ours_is else part - 1]


def _dense(ours_is: str, numbers: list[int]) -> list[int]:
    """A transition is there between two blocks, here the first of the block after it, whose layers move by one."""
    if len(numbers) == 2:
        block, layer = numbers
        return [block - 1, layer - 1 + (block > 1)]
    return numbers


def _vgg(depth: int, *, batch_norm: bool) -> Rules:
    """There all layers of all stages are in one row: convolution, norm, ReLU, ..., pool, convolution, ..."""
    rules: Rules = [(rf"classifier\.{theirs}", f"head.{ours}") for theirs, ours in ((0, 1), (3, 4), (6, 7))]
    place = 0
    for stage, convolutions in enumerate(CONVOLUTIONS[depth]):
        for index in range(convolutions):
            rules.append((rf"features\.{place}", f"stages.{stage}.{index}.0"))
            if batch_norm:
                rules.append((rf"features\.{place + 1}", f"stages.{stage}.{index}.1"))
            place += 3 if batch_norm else 2
        place += 1  # the pool
    return rules
