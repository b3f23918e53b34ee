"""The learning rate as a pure function of the iteration, and on a plateau also of the validation errors so far."""

import math
from bisect import bisect_right
from typing import Any

from findings.config.schema import RecipeConfig, Schedule, Warmup


def learning_rate(recipe: RecipeConfig, iteration: int, reductions: int = 0) -> float:
    """The rate of the step that makes iteration ``iteration`` (from 0) into the next.

    For the first ``warmup_iterations`` it is constant at ``warmup_lr`` (He et al. 2015, section 4.2: 0.01 for about 400
    iterations of ResNet-110), or rises in a line from there to ``lr`` (Goyal et al. 2017, section 2.2). Then it is
    ``lr``: multiplied by ``gamma`` from every milestone on (``step``); or down half a cosine to ``floor_lr`` at the
    last iteration's end (``cosine``; Loshchilov & Hutter 2017, equation 5, without restarts); or multiplied by
    ``gamma`` as often as ``reductions`` says, but not below ``floor_lr`` (``plateau``).
    """
    begin = recipe.warmup_iterations
    if iteration < begin:
        rise = iteration / begin if recipe.warmup is Warmup.linear else 0.0
        return recipe.warmup_lr + rise * (recipe.lr - recipe.warmup_lr)
    if recipe.schedule is Schedule.cosine:
        done = (iteration - begin) / (recipe.iterations - begin)
        return recipe.floor_lr + (recipe.lr - recipe.floor_lr) * (1 + math.cos(math.pi * done)) / 2
    if recipe.schedule is Schedule.plateau:
        return max(recipe.lr * recipe.gamma**reductions, recipe.floor_lr)
    return recipe.lr * recipe.gamma ** bisect_right(recipe.milestones, iteration)


class LearningRate:
    """That of one training. What it knows of validation errors is ``state``, which checkpoints keep."""

    def __init__(self, recipe: RecipeConfig) -> None:
        self.recipe = recipe
        self.state: dict[str, Any] = {"best": None, "waited": 0, "reductions": 0}

    def at(self, iteration: int) -> float:
        return learning_rate(self.recipe, iteration, self.state["reductions"])

    def heed(self, error: float | None) -> None:
        """Take in the validation error of an evaluated epoch; ``patience`` of them without a lower one reduce the rate.

        Only a plateau's rate depends on it; others have no validation error, perhaps.
        """
        if self.recipe.schedule is not Schedule.plateau or error is None:
            return
        state = self.state
        if state["best"] is None or error < state["best"]:
            self.state = state | {"best": error, "waited": 0}
        elif state["waited"] + 1 >= self.recipe.patience:
            self.state = state | {"waited": 0, "reductions": state["reductions"] + 1}
        else:
            self.state = state | {"waited": state["waited"] + 1}
