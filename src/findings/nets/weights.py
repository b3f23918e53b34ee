"""One network's weights in another; and networks of which only the head is trained."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from findings.errors import InputError


def fitting(own: Mapping[str, Tensor], given: Mapping[str, Tensor], *, exact: bool) -> list[str]:
    """The names, of those in ``own``, whose tensors may be had from ``given``: equal names and shapes.

    Raises InputError naming the first that does not fit, where all have to (``exact``); and where nothing fits.
    """
    fits = [name for name, tensor in own.items() if name in given and given[name].shape == tensor.shape]
    if exact:
        for name in (*own, *given):
            here, there = (_shape(tensors.get(name)) for tensors in (own, given))
            if here != there:
                raise InputError(
                    "init_from.match", f"{name} is {there} there and {here} here; matching takes over what fits"
                )
    if not any(own[name].ndim > 1 for name in fits):  # norms alone, or their counters, are nobody's features
        raise InputError("init_from.run", "none of its weights has the name and the shape of one here")
    return fits


@torch.no_grad()
def take_over(network: nn.Module, given: Mapping[str, Tensor], names: list[str]) -> None:
    """Copy the tensors of these ``names``; dtype, device and layout stay the network's."""
    own = network.state_dict()
    for name in names:
        own[name].copy_(given[name])


def head_of(network: nn.Module) -> str:
    """Where its head lies, dotted: what turns maps into scores. Raises InputError where a network does not say so."""
    head = next((found for name in HEADS if isinstance(found := getattr(network, name, None), nn.Module)), None)
    path = next((path for path, part in network.named_modules() if path and part is head), None)
    if path is None:
        raise InputError("init_from.freeze", f"{type(network).__name__} has no part named {', '.join(HEADS)}", ["null"])
    return path


def freeze(network: nn.Module) -> None:
    """Let only the head train."""
    head = network.get_submodule(head_of(network))
    network.requires_grad_(False)
    head.requires_grad_(True)
    train(network, frozen=True)


def train(network: nn.Module, *, frozen: bool) -> nn.Module:
    """Itself, in training mode; a ``frozen`` backbone stays in evaluation mode: its statistics, too, are another's."""
    network.train()
    if frozen:
        head = network.get_submodule(head_of(network))
        for part in network.children():
            part.eval()
        head.train()
    return network


HEADS = ("head", "heads", "fc", "classifier")


def _shape(tensor: Tensor | None) -> str:
    return "missing" if tensor is None else f"of {tuple(tensor.shape)}"
