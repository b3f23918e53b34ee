"""What a network costs, built on the meta device as planning builds it."""

from typing import Any

import torch

from findings.config.hyperparameters import resolve
from findings.nets.build import construct
from findings.nets.complexity import Complexity, complexity


def counted(
    target: str, *, channels: int = 3, size: int = 224, classes: int = 1000, **hyperparameters: Any
) -> Complexity:
    model = resolve({"_target_": f"findings.nets.{target}", **hyperparameters})
    with torch.device("meta"):
        network = construct(model, channels=channels, size=size, classes=classes)
    return complexity(network, channels=channels, size=size)
