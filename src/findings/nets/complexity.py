"""What a network costs, counted from what it does on the meta device: no memory, no arithmetic, milliseconds.

Counted are the multiply-adds of convolutions (grouped, depthwise, transposed) and of matrix products, whoever asks for
them: layers, functions, attention, einsum, as often as they are done. Not counted are additions, biases, norms,
activations, pools, softmax, elementwise products (squeeze-excitation's last step) and interpolation, which the papers
leave out, too. It is the network as it answers a test image: what only training does (auxiliary classifiers, dropout)
costs nothing here, though the parameters of such classifiers are among the parameters.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from findings.errors import InputError
from findings.nets.shapes import shaped

aten = torch.ops.aten
PRODUCTS = {  # and which of their arguments is the left factor
    aten.mm.default: 0,
    aten.bmm.default: 0,
    aten.mv.default: 0,
    aten.dot.default: 0,
    aten.addmm.default: 1,
    aten.baddbmm.default: 1,
    aten.addmv.default: 1,
}


@dataclass(frozen=True)
class Complexity:
    """Of one network and input size. A multiply-add counts as one, as in the papers; batch of one image."""

    parameters: int
    multiply_adds: int  # of convolutions and matrix products
    activations: int  # values that these put out
    head_parameters: int = 0  # of the classifier and what lies between it and the last maps
    layers: int = 0  # convolutions and matrix products, each as often as it is done


def complexity(network: nn.Module, *, channels: int, size: int, classes: int | None = None) -> Complexity:
    """Count ``network``, which has to lie on the meta device, for one image of (channels, size, size).

    Raises InputError where the network does not take such images, or does not put out a score for each of ``classes``.
    """
    counter = Counter()
    output = traced(network, counter, channels, size)
    if classes is not None and getattr(output, "shape", None) != (1, classes):
        found = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
        raise InputError("model", f"{type(network).__name__} puts out {found} for one image, not scores (1, {classes})")
    head = getattr(network, "head", None)
    return Complexity(
        _parameters(network),
        counter.multiply_adds,
        counter.activations,
        _parameters(head) if isinstance(head, nn.Module) else 0,
        counter.layers,
    )


def accepts(network: nn.Module, *, channels: int, size: int) -> bool:
    """Whether ``network``, on the meta device, takes images of (channels, size, size)."""
    try:
        traced(network, Counter(), channels, size)
    except InputError:
        return False
    return True


def traced(network: nn.Module, counter: "Counter", channels: int, size: int) -> Any:
    """What ``network`` puts out for one image, with the ``counter`` watching. Raises InputError where it cannot."""
    try:
        with torch.no_grad(), _evaluating(network), counter:
            return network(torch.empty(1, channels, size, size, device="meta"))
    except InputError:
        raise
    except Exception as error:
        problem = f"fails on images of {channels} x {size} x {size}: {type(error).__name__}: {error}"
        raise InputError("model", f"{type(network).__name__} {problem}") from error


@contextmanager
def _evaluating(network: nn.Module) -> Iterator[None]:
    """In evaluation mode; afterwards every module is as it was."""
    before = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        yield
    finally:
        for module, training in before:
            module.training = training


def _parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)


class Counter(TorchDispatchMode):
    """Sees every operation as torch carries it out, below layers and functions."""

    def __init__(self) -> None:
        super().__init__()
        self.multiply_adds = self.activations = self.layers = 0

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # nothing is compiled here, and to see to that torch would import its compiler, for seconds

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        output = shaped(func, args, kwargs or {})
        if func is aten.convolution.default:
            self._add(output, _of_convolution(output, *args[:2], transposed=args[6]))
        elif func in PRODUCTS:
            self._add(output, output.numel() * args[PRODUCTS[func]].shape[-1])
        return output

    def _add(self, output: Tensor, multiply_adds: int) -> None:
        self.multiply_adds += multiply_adds
        self.activations += output.numel()
        self.layers += 1


def _of_convolution(output: Tensor, x: Tensor, weight: Tensor, *, transposed: bool) -> int:
    """Every weight is used once at each place: of the output, or, transposed, of the input."""
    places = (x if transposed else output).shape[2:]
    return len(x) * prod(places) * weight.numel()
