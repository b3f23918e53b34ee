"""The shapes that operations put out on the meta device, of those that image classifiers consist of.

torch knows all shapes itself, but the first of them that it is asked for makes it import its compiler, which takes
seconds: more than planning a thousand runs. What is not listed here, or does not fit, is left to torch, which also has
the words for what does not fit.
"""

from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import Any

import torch
from torch import Tensor

aten = torch.ops.aten
ELEMENTWISE = (
    *("add", "sub", "mul", "div", "pow", "neg"),  # with broadcasting
    *("relu", "hardtanh", "silu", "gelu", "sigmoid", "hardswish", "hardsigmoid", "leaky_relu", "elu", "tanh"),
)


def shaped(operation: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What ``operation`` puts out, without values; by torch itself where it is not known here."""
    known = KNOWN.get(operation)
    made = known(*args, **kwargs) if known else None
    return operation(*args, **kwargs) if made is None else made


def _convolution(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    transposed: bool,
    output_padding: Sequence[int],
    groups: int,
) -> Tensor | None:  # (N, C, H, W) -> (N, outputs, H', W'), and likewise in one and three dimensions
    inputs, outputs = (
        (weight.shape[0], weight.shape[1] * groups) if transposed else (weight.shape[1] * groups, len(weight))
    )
    if x.shape[1] != inputs or x.dim() != weight.dim():
        return None
    shape = []
    for place, (length, kernel) in enumerate(zip(x.shape[2:], weight.shape[2:], strict=True)):
        step, beyond, apart = (values[place % len(values)] for values in (stride, padding, dilation))
        reach = apart * (kernel - 1) + 1
        if transposed:
            shape.append((length - 1) * step - 2 * beyond + reach + output_padding[place % len(output_padding)])
        else:
            shape.append((length + 2 * beyond - reach) // step + 1)
    return x.new_empty(len(x), outputs, *shape) if min(shape) > 0 else None


def _product(a: Tensor, b: Tensor) -> Tensor | None:  # (..., n, k), (..., k, m) -> (..., n, m)
    fits = a.shape[:-2] == b.shape[:-2] and a.shape[-1] == b.shape[-2] and a.dtype == b.dtype
    return a.new_empty(*a.shape[:-1], b.shape[-1]) if fits else None


def _product_and_sum(_: Tensor, a: Tensor, b: Tensor, **__: Any) -> Tensor | None:
    return _product(a, b)


def _elementwise(*args: Any, **_: Any) -> Tensor | None:
    """Broadcast; laid out in memory as the operand of that shape, on which it depends what can be viewed otherwise."""
    operands = [arg for arg in args if isinstance(arg, Tensor)]
    if len({operand.dtype for operand in operands}) > 1 or not operands[0].is_floating_point():
        return None
    sizes = list(zip_longest(*(reversed(operand.shape) for operand in operands), fillvalue=1))
    if any(len(set(size) - {1}) > 1 for size in sizes):
        return None
    shape = tuple(next((length for length in size if length != 1), 1) for size in reversed(sizes))
    whole = next((operand for operand in operands if operand.shape == shape), None)
    return operands[0].new_empty(shape) if whole is None else _like(whole)


def _like(x: Tensor) -> Tensor:
    """Of its shape, without gaps, its dimensions in the same order in memory."""
    order = sorted(range(x.dim()), key=x.stride, reverse=True)
    made = x.new_empty([x.shape[place] for place in order])
    return made.permute([order.index(place) for place in range(x.dim())])


def _in_place(x: Tensor, *_: Any, **__: Any) -> Tensor:
    return x


def _normalised(x: Tensor, *_: Any) -> tuple[Tensor, Tensor, Tensor]:
    return _like(x), x.new_empty(0), x.new_empty(0)  # and statistics, which nobody asks for


def _joined(tensors: Sequence[Tensor], dim: int = 0) -> Tensor | None:
    first = tensors[0]
    shape = list(first.shape)
    shape[dim] = sum(each.shape[dim] for each in tensors if each.dim() == first.dim())
    for each in tensors:
        rest = [length for place, length in enumerate(each.shape) if place != dim % len(shape)]
        if rest != [length for place, length in enumerate(shape) if place != dim % len(shape)]:
            return None
    return first.new_empty(shape) if len({each.dtype for each in tensors}) == 1 else None


def _reduced(x: Tensor, dim: Sequence[int] | None, keepdim: bool = False, *, dtype: Any = None) -> Tensor | None:
    if dtype is not None or not dim or not x.is_floating_point():
        return None
    gone = {place % x.dim() for place in dim}
    kept = [1 if place in gone else length for place, length in enumerate(x.shape) if keepdim or place not in gone]
    return x.new_empty(kept)


def _pooled(
    x: Tensor,
    kernel: Sequence[int],
    stride: Sequence[int] = (),
    padding: Sequence[int] = (0,),
    dilation: Sequence[int] = (1,),
    ceil: bool = False,
) -> Tensor | None:  # (N, C, H, W) -> (N, C, H', W')
    shape = []
    for place, length in enumerate(x.shape[-2:]):
        size, step, beyond, apart = (
            values[place % len(values)] for values in (kernel, stride or kernel, padding, dilation)
        )
        if beyond > size // 2:
            return None
        free = length + 2 * beyond - apart * (size - 1) - 1
        places = -(-free // step) + 1 if ceil else free // step + 1
        shape.append(places - 1 if ceil and (places - 1) * step >= length + beyond else places)
    return x.new_empty(*x.shape[:-2], *shape) if min(shape) > 0 else None


def _averages(x: Tensor, kernel: Any, stride: Any = (), padding: Any = (0,), ceil: bool = False, *_: Any) -> Any:
    return _pooled(x, kernel, stride, padding, ceil=ceil)


def _maxima(*args: Any) -> tuple[Tensor, Tensor] | None:
    pooled = _pooled(*args)
    return None if pooled is None else (pooled, pooled.new_empty(pooled.shape, dtype=torch.int64))


def _overloads(name: str, known: Callable[..., Any]) -> dict[Any, Callable[..., Any]]:
    packet = getattr(aten, name, None)
    overloads = ("default", "Tensor", "Tensor_Scalar") if packet is not None else ()
    return {getattr(packet, each): known for each in overloads if hasattr(packet, each)}


KNOWN: dict[Any, Callable[..., Any]] = {
    aten.convolution.default: _convolution,
    aten.mm.default: _product,
    aten.bmm.default: _product,
    aten.addmm.default: _product_and_sum,
    aten.baddbmm.default: _product_and_sum,
    aten.native_batch_norm.default: _normalised,
    aten.native_layer_norm.default: _normalised,
    aten.cat.default: _joined,
    aten.mean.dim: _reduced,
    aten.sum.dim_IntList: _reduced,
    aten.avg_pool2d.default: _averages,
    aten.max_pool2d_with_indices.default: _maxima,
}
for _name in ELEMENTWISE:
    KNOWN |= _overloads(_name, _elementwise) | _overloads(f"{_name}_", _in_place)
