"""Files of weights: read without running anything that is in them, and put under our networks' names."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from findings.errors import InputError
from findings.nets.keys import from_option_a, from_torchvision

WITHIN = ("state_dict", "model_state_dict", "model")  # what a checkpoint may call its weights
PREFIXES = ("", "network.", "module.", "model.")  # of ours, of several GPUs', of others' wrappers
TORCHVISIONS = {  # one of each layout: {whose: a name}
    "torchvision's residual networks": "resnet50",
    "torchvision's alexnet": "alexnet",
    "torchvision's densely connected networks": "densenet121",
    **{f"torchvision's vgg{depth}{norm}": f"vgg{depth}{norm}" for depth in (11, 13, 16, 19) for norm in ("", "_bn")},
}
LAYOUTS: dict[str, Callable[[Mapping[str, Tensor]], dict[str, Tensor]]] = {
    "ours": dict,
    "public CIFAR networks with option A": from_option_a,
    **{whose: partial(from_torchvision, name) for whose, name in TORCHVISIONS.items()},
}


def read(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file, or of one that torch loads without running code in it.

    Raises InputError naming the file.
    """
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            found: Any = load_file(path)
        else:
            with warnings.catch_warnings(action="ignore"):  # torch's, of pickles that others have written
                found = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise InputError(str(path), "no such file") from None
    except Exception as error:  # of pickle, of zip archives, of safetensors
        told = str(error).strip().splitlines()
        raise InputError(
            str(path), f"cannot be read as tensors alone, and nothing else is ({told[0] if told else error!r})"
        ) from None
    for key in WITHIN:
        if isinstance(found, dict) and isinstance(found.get(key), dict):
            found = found[key]
    tensors = (
        {str(key): value for key, value in found.items() if isinstance(value, Tensor)}
        if isinstance(found, dict)
        else {}
    )
    if not tensors:
        raise InputError(str(path), "holds no tensors by their names")
    return tensors


def fitted(network: nn.Module, given: Mapping[str, Tensor], source: str) -> tuple[dict[str, Tensor], str]:
    """The ``given`` tensors under ``network``'s names, all of them and no others; and whose layout they had.

    Raises InputError naming the first that does not fit by the layout that fits best.
    """
    own = {name: tensor.shape for name, tensor in network.state_dict().items()}
    best: tuple[int, str] = (-1, "")
    for layout, state in _layouts(given):
        kept = {
            name: tensor for name, tensor in state.items() if name in own or not name.endswith("num_batches_tracked")
        }
        for name in own.keys() - kept.keys():
            if name.endswith("num_batches_tracked"):  # which old files lack, and evaluation does not ask
                kept[name] = torch.zeros((), dtype=torch.int64)
        wrong = [name for name in (*own, *kept) if name not in kept or name not in own or kept[name].shape != own[name]]
        if not wrong:
            return kept, layout
        fits = len(own) - len(set(wrong))
        if fits > best[0]:
            there = f"of {tuple(kept[wrong[0]].shape)}" if wrong[0] in kept else "missing"
            here = f"of {tuple(own[wrong[0]])}" if wrong[0] in own else "missing"
            best = fits, f"{wrong[0]} is {there} there and {here} here"
    raise InputError(source, f"does not fit {type(network).__name__}: {best[1]}")


def _layouts(given: Mapping[str, Tensor]) -> Iterator[tuple[str, dict[str, Tensor]]]:
    for prefix in PREFIXES:
        named = {name.removeprefix(prefix): tensor for name, tensor in given.items() if name.startswith(prefix)}
        for layout, renamed in LAYOUTS.items() if named else ():
            try:
                yield layout, renamed(named)
            except (InputError, KeyError, IndexError):
                continue
