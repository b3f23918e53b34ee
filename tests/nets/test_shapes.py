"""Shapes that are worked out here are torch's own, strides among them; what does not fit torch refuses in its words."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from findings.nets.shapes import KNOWN, shaped


class Compared(TorchDispatchMode):
    """Every operation in both ways; which of them were worked out here."""

    def __init__(self) -> None:
        super().__init__()
        self.known: set[str] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        ours, theirs = shaped(func, args, kwargs), func(*args, **kwargs)
        if func in KNOWN:
            self.known.add(str(func))
            one, other = (out[0] if isinstance(out, tuple) else out for out in (ours, theirs))
            assert (one.shape, one.dtype, one.is_contiguous()) == (other.shape, other.dtype, other.is_contiguous())
            if one.is_contiguous() or "convolution" not in str(func):
                assert one.stride() == other.stride(), func
        return theirs


def empty(*shape: int) -> Tensor:
    return torch.empty(*shape, device="meta")


X, W = empty(2, 8, 13, 11), empty(6, 4, 3, 3)
CASES: dict[str, Callable[[], Any]] = {
    "convolution": lambda: F.conv2d(X, W, stride=(2, 3), padding=(1, 2), dilation=(2, 1), groups=2),
    "convolution in one dimension": lambda: F.conv1d(empty(2, 8, 13), empty(6, 8, 5), padding=2),
    "transposed": lambda: F.conv_transpose2d(X, empty(8, 3, 4, 4), stride=2, padding=1, output_padding=1, groups=2),
    "linear": lambda: F.linear(empty(2, 5, 7), empty(3, 7), empty(3)),
    "without bias": lambda: F.linear(empty(2, 7), empty(3, 7)),
    "matmul": lambda: empty(2, 3, 5, 7) @ empty(7, 4),
    "einsum": lambda: torch.einsum("bij,bkj->bik", empty(2, 3, 4), empty(2, 5, 4)),
    "attention": lambda: F.scaled_dot_product_attention(*[empty(2, 3, 5, 8)] * 3),
    "squeeze-excitation": lambda: X * torch.sigmoid(X.mean((2, 3), keepdim=True)),
    "broadcast to both": lambda: empty(3, 1) + empty(4),
    "scaled": lambda: (2 * X + 1) / 3,
    "permuted": lambda: F.silu(X.permute(0, 2, 3, 1)) * empty(8),
    "a part": lambda: F.relu(X[:, :, ::2]),
    "in place": lambda: F.hardswish(X + 1, inplace=True),
    "joined": lambda: torch.cat([X, empty(2, 3, 13, 11)], dim=-3),
    "pooled": lambda: F.max_pool2d(X, 3, 2, 1, ceil_mode=True),
    "pooled beyond": lambda: F.max_pool2d(empty(1, 2, 12, 12), 2, 3, ceil_mode=True),
    "averaged": lambda: F.avg_pool2d(X, (3, 2), padding=(1, 0)),
    "norms": lambda: F.layer_norm(F.batch_norm(X, empty(8), empty(8)), (11,)),
    "sums": lambda: X.sum((-1, 1)),
}


@pytest.mark.parametrize("case", CASES)
def test_shapes_are_torchs(case: str) -> None:
    with torch.no_grad(), Compared() as compared:
        CASES[case]()
    assert compared.known


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: F.conv2d(X, empty(6, 3, 3, 3)),
        lambda: F.conv2d(X, empty(6, 8, 15, 15)),
        lambda: F.linear(empty(2, 7), empty(3, 8)),
        lambda: X + empty(2, 8, 13, 10),
        lambda: torch.cat([X, empty(2, 8, 12, 11)], 1),
        lambda: F.max_pool2d(X, 20),
        lambda: F.avg_pool2d(X, 2, padding=2),
    ],
)
def test_what_does_not_fit_is_refused(wrong: Callable[[], Any]) -> None:
    with torch.no_grad(), pytest.raises(RuntimeError), Compared():
        wrong()
