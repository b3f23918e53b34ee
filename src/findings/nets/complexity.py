"""What a network costs, counted from the network itself on the meta device: no memory, no arithmetic, milliseconds."""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from findings.errors import InputError


@dataclass(frozen=True)
class Complexity:
    """Of one network and input size. A multiply-add counts as one, as in the papers; batch of one image."""

    parameters: int
    multiply_adds: int  # of convolutions and linear layers
    activations: int  # values that convolutions and linear layers put out
    head_parameters: int = 0  # of the classifier and what lies between it and the last maps
    layers: int = 0  # convolutions and linear layers, each as often as it is used


def complexity(network: nn.Module, *, channels: int, size: int) -> Complexity:
    """Count ``network``, which has to lie on the meta device, for one image of (channels, size, size).

    As it is evaluated: in training, what is drawn may decide what is computed.
    """
    multiply_adds = activations = layers = 0
    training = network.training

    def count(module: nn.Module, _: Any, output: Tensor) -> None:
        nonlocal multiply_adds, activations, layers
        weight = module.weight
        assert isinstance(weight, Tensor)
        # every output value is a dot product with one row of the weights
        multiply_adds += output.numel() * weight[0].numel()
        activations += output.numel()
        layers += 1

    hooks = [
        module.register_forward_hook(count) for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)
    ]
    try:
        with torch.no_grad(), _ShapesOnly():
            network.eval()(torch.empty(1, channels, size, size, device="meta"))
    finally:
        network.train(training)
        for hook in hooks:
            hook.remove()
    head = getattr(network, "head", None)
    return Complexity(_parameters(network), multiply_adds, activations, _parameters(head) if head else 0, layers)


def accepts(network: nn.Module, *, channels: int, size: int) -> bool:
    """Whether ``network``, on the meta device, takes images of (channels, size, size)."""
    try:
        with torch.no_grad(), _ShapesOnly():
            network.eval()(torch.empty(1, channels, size, size, device="meta"))
    except InputError:
        return False
    return True


def _parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)


# the shape of what they are given first
_KEEPING = (F.batch_norm, F.relu, F.leaky_relu, torch.tanh, torch.sigmoid, F.dropout, Tensor.add, Tensor.__add__)


class _ShapesOnly(TorchFunctionMode):
    """Spares the arithmetic of what makes torch import its compiler on the meta device, which takes a second."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in _KEEPING:
            return args[0]
        if func is torch.cat:
            maps, dimension = args  # what to join, and along which dimension
            shape = list(maps[0].shape)
            shape[dimension] = sum(each.shape[dimension] for each in maps)
            return maps[0].new_empty(shape)
        if func is F.linear:
            return args[0].new_empty(*args[0].shape[:-1], len(args[1]))
        if func is Tensor.mean:
            func = Tensor.sum
        return func(*args, **(kwargs or {}))
