"""What each layer of a network puts out, holds and costs, and how much of the image it sees; traced on the meta device.

The whole network's counts are complexity.py's; the rows here add up to them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from findings.nets.complexity import Counter, traced

aten = torch.ops.aten
# what may be done in place of its input, and needs no memory of its own then
IN_PLACE = (
    *("relu", "hardtanh", "silu", "gelu", "sigmoid", "hardswish", "hardsigmoid", "leaky_relu", "elu", "tanh"),
    *("batch_norm", "native_batch_norm", "layer_norm", "native_layer_norm", "dropout", "native_dropout"),
)
COPIES = ("clone", "_to_copy", "detach", "empty_like")  # of another layout; no layer of anybody's


@dataclass(frozen=True)
class Field:
    """The receptive field: the side of the square of the image that one value depends on, and how many pixels lie
    between those of two neighbours (Araujo et al. 2019, equations 2 and 3)."""

    side: int = 1
    stride: int = 1

    def seen_by(self, kernel: int, stride: int = 1, dilation: int = 1) -> "Field":
        return Field(self.side + (kernel - 1) * dilation * self.stride, self.stride * stride)


@dataclass(frozen=True)
class Layer:
    """One layer, or one function between layers (a sum, a concatenation), as often as it is done."""

    name: str  # of the module, dotted; of a function: the module that calls it, and the function
    kind: str
    shape: tuple[int, ...]  # of what it puts out for one image, without the batch
    parameters: int
    multiply_adds: int
    values: int  # that it puts out in memory of its own: none where it hands on a view
    in_place: bool  # whether it may write them over its input
    field: Field


class _Tracer(Counter):
    """Counts, and notes a row for every operation that computes."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Layer] = []
        self.calls: list[tuple[str, nn.Module]] = []  # of modules that are at work, outermost first
        self.counted: set[int] = set()  # parameters

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        before = self.multiply_adds
        output = super().__torch_dispatch__(func, types, args, kwargs)
        made = output[0] if isinstance(output, tuple | list) else output
        if not isinstance(made, Tensor):
            return output
        inputs = [each for each in _tensors(args) if not isinstance(each, nn.Parameter)]
        seen = _seen(func, args, inputs, made)
        made.field = seen  # type: ignore[attr-defined]
        if func.is_view or not inputs or func.overloadpacket.__name__ in COPIES:
            return output
        name, module = self.calls[-1]
        kind = func.overloadpacket.__name__.rstrip("_")
        own = [each for each in module.parameters(recurse=False) if id(each) not in self.counted]
        self.counted |= {id(each) for each in own}
        leaf = not any(True for _ in module.children())
        row = Layer(
            name if leaf else f"{name}.{kind}".lstrip("."),
            type(module).__name__ if leaf else kind,
            tuple(made.shape[1:]),
            sum(each.numel() for each in own if each.requires_grad),
            self.multiply_adds - before,
            made.numel(),
            kind in IN_PLACE,
            seen,
        )
        last = self.rows[-1] if self.rows else None
        if leaf and last is not None and last.name == row.name:  # several operations of one layer
            row = replace(
                row,
                parameters=last.parameters + row.parameters,
                multiply_adds=last.multiply_adds + row.multiply_adds,
                in_place=last.in_place and row.in_place,
            )
            self.rows.pop()
        self.rows.append(row)
        return output


def layers(network: nn.Module, *, channels: int, size: int) -> list[Layer]:
    """Every layer of ``network``, which has to lie on the meta device, for one image of (channels, size, size).

    Raises InputError where the network does not take such images.
    """
    tracer = _Tracer()
    with _watched(network, tracer):
        traced(network, tracer, channels, size)
    return tracer.rows


@contextmanager
def _watched(network: nn.Module, tracer: _Tracer) -> Iterator[None]:
    """The tracer is told which module is at work."""
    hooks = []
    for name, module in network.named_modules():

        def enter(module: nn.Module, _: Any, name: str = name) -> None:
            tracer.calls.append((name, module))

        def leave(*_: Any) -> None:
            tracer.calls.pop()

        hooks += [module.register_forward_pre_hook(enter), module.register_forward_hook(leave)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _tensors(args: Any) -> Iterator[Tensor]:
    for arg in args:
        if isinstance(arg, Tensor):
            yield arg
        elif isinstance(arg, list | tuple):
            yield from _tensors(arg)


def _seen(func: Any, args: Any, inputs: list[Tensor], made: Tensor) -> Field:
    """What one value of the output has seen of the image: through a window, or through all there is."""
    fields = [getattr(each, "field", Field()) for each in inputs]
    widest = Field(max((one.side for one in fields), default=1), max((one.stride for one in fields), default=1))
    if func is aten.convolution.default and not args[6]:
        return widest.seen_by(args[1].shape[-1], args[3][-1], args[5][-1])
    if func in (aten.max_pool2d_with_indices.default, aten.avg_pool2d.default):
        return widest.seen_by(args[1][-1], (args[2] if len(args) > 2 and args[2] else args[1])[-1])
    if inputs and inputs[0].dim() == 4:
        if func in (aten.mean.dim, aten.sum.dim_IntList, aten._adaptive_avg_pool2d.default):
            return widest.seen_by(-(-inputs[0].shape[-1] // (made.shape[-1] if made.dim() == 4 else 1)))
        if func.is_view and made.dim() == 2:  # maps put in a row, of which a linear layer uses every value
            return widest.seen_by(inputs[0].shape[-1])
    return widest
