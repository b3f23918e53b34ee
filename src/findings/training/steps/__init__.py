"""Training steps: the recipe written out (``plain``), and faster ways to the same numbers (``fast``, ``captured``,
``shared`` by several devices).

All make steps [start, stop) of an epoch and add what they saw to the epoch's counters. Which one trains a run is
``trainer.fast``, ``trainer.compiled`` and the device; none of them is scientific, but rounding differs between them, so
they are frozen with the run.
"""

from typing import Protocol

import torch
from torch import nn

from findings.config.schema import Config, Precision
from findings.data.stream import Stream
from findings.nets.draws import draws
from findings.training.metrics import ErrorAndLoss
from findings.training.processes import ALONE, World
from findings.training.schedule import LearningRate
from findings.training.steps.captured import Captured
from findings.training.steps.fast import Fast
from findings.training.steps.plain import Plain
from findings.training.steps.shared import Shared
from findings.training.steps.update import update_for


class Stepper(Protocol):
    """Makes steps; called in training mode, within the precision's autocast."""

    execution: str  # how, in a word

    def run(self, epoch: int, start: int, stop: int, seen: ErrorAndLoss) -> None: ...


def stepper_for(
    network: nn.Module,
    stream: Stream,
    optimizer: torch.optim.Optimizer,
    config: Config,
    learning_rate: LearningRate,
    world: World = ALONE,
) -> Stepper:
    """The way that ``config.trainer`` asks for, on the device where ``stream`` lies."""
    if world.size > 1:
        return Shared(network, stream, optimizer, config, learning_rate, world)
    if not config.trainer.fast:
        return Plain(network, stream, optimizer, config, learning_rate)
    # what a network draws may decide on the host what comes next, and a graph replays one way only; the fused update
    # reads a learning rate on the device in fp32 only; and not every optimiser leaves the host alone
    on_cuda, single = stream.images.device.type == "cuda", config.recipe.precision is not Precision.fp64
    captures = on_cuda and single and update_for(optimizer).capturable and not draws(network, config)
    return (Captured if captures else Fast)(network, stream, optimizer, config, learning_rate)
