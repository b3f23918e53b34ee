"""Steps of a run made one by one, in a given way."""

from typing import Any

import torch

from findings.config.identity import identify
from findings.config.schema import Config
from findings.data import load
from findings.data.stream import place
from findings.training.assembly import DTYPES, new_learner, ready
from findings.training.metrics import ErrorAndLoss
from findings.training.steps import Stepper

EPOCH = 12  # steps, of which the last is a partial batch


def prepared(way: type[Stepper], config: Config) -> tuple[Any, torch.nn.Module]:
    device = ready(config)
    learner = new_learner(
        config, *place(load(config.data), identify(config), device, DTYPES[config.recipe.precision])
    ).to(device)
    taken = way(learner.network, learner.stream, learner.configure_optimizers(), config, learner.learning_rate)  # type: ignore[call-arg]
    return taken, learner.network


def losses(way: type[Stepper], config: Config, steps: int) -> tuple[list[float], dict[str, torch.Tensor]]:
    taken, network = prepared(way, config)
    found = []
    for iteration in range(steps):
        seen = ErrorAndLoss().cuda()
        epoch, position = divmod(iteration, EPOCH)
        taken.run(epoch, position, position + 1, seen)
        found.append(float(seen.loss) / int(seen.images))
    return found, network.state_dict()
