"""Whether a network draws random numbers, and from where: found out by running it, whatever its layers are called.

Every step seeds torch's own generators, so what is drawn from them is a pure function of the run and the iteration.
What is drawn from elsewhere would go on from no checkpoint, and is refused.
"""

import copy
import random
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from findings.config.schema import Config
from findings.errors import InputError


def draws(network: nn.Module, config: Config) -> bool:
    """Whether ``network`` draws anything from torch's generators in training.

    A copy of it sees two images, on the network's device. Raises InputError where it draws from a generator of its own,
    from Python's or from NumPy's.
    """
    copied = copy.deepcopy(network).train()
    first = next(copied.parameters())
    images = torch.zeros(2, config.data.channels, config.data.pixels, config.data.pixels).to(first)
    python, numpy, cpu = random.getstate(), _of_numpy(), torch.default_generator.get_state()
    watch = _Watch()
    try:
        with torch.no_grad(), watch:
            copied(images)
    except RuntimeError:  # on the meta device, where no value can decide what comes after it was drawn
        if not watch.drew:
            raise
    if random.getstate() != python:
        raise _unseeded("Python's random")
    if _of_numpy() != numpy:
        raise _unseeded("NumPy's global generator")
    return watch.drew or not torch.equal(torch.default_generator.get_state(), cpu)


def refuse_unshared_draws(network: nn.Module, config: Config) -> None:
    """Raises InputError where ``network`` draws more than nn.Dropout's masks, which devices share (synced.py)."""
    copied = copy.deepcopy(network)
    for layer in copied.modules():
        if type(layer) is nn.Dropout:
            layer.p = 0.0
    if draws(copied, config):
        raise InputError(
            "trainer.devices",
            "several devices share the masks of nn.Dropout only, and this network draws other random numbers in "
            "training; allowed: trainer.devices=1 and trainer.nodes=1",
        )


class _Watch(TorchDispatchMode):
    """Sees every operation that torch itself says to draw."""

    def __init__(self) -> None:
        super().__init__()
        self.drew = False

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # nothing is compiled here, and to see to that torch would import its compiler, for seconds

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if torch.Tag.nondeterministic_seeded in func.tags:
            if any(isinstance(value, torch.Generator) for value in (*args, *kwargs.values())):
                raise _unseeded("a torch.Generator of its own")
            self.drew = True
        return func(*args, **kwargs)


def _of_numpy() -> tuple[bytes, int]:
    state = np.random.get_state(legacy=False)["state"]
    return state["key"].tobytes(), state["pos"]


def _unseeded(source: str) -> InputError:
    return InputError(
        "model._target_",
        f"the network draws from {source}, which no step seeds, so that no run could be resumed; allowed: what torch "
        "draws without a generator",
    )
