"""The optimiser that a recipe asks for, over a network's parameters."""

from typing import Any

import torch
from torch import nn

from findings.config import optimizers
from findings.config.schema import Config, RecipeConfig
from findings.errors import InputError
from findings.training.schedule import learning_rate

Groups = list[dict[str, Any]]

FUSED = (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW)  # have one kernel on CPUs and GPUs


def groups_of(network: nn.Module, recipe: RecipeConfig) -> Groups:
    """One group, or two where biases, and the scales and shifts of norms, are not to decay: what has one dimension."""
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    if recipe.decay_norms_and_biases:
        return [{"params": trained}]
    decaying = [parameter for parameter in trained if parameter.ndim > 1]
    others = [parameter for parameter in trained if parameter.ndim <= 1]
    groups: Groups = [{"params": decaying}, {"params": others, "weight_decay": 0.0}]
    return [group for group in groups if group["params"]]


def optimizer_for(network: nn.Module, config: Config, device: torch.device) -> torch.optim.Optimizer:
    """How it is computed is ours: by one kernel where there is one, and on a GPU so that a graph may hold it.

    Raises InputError where the optimiser refuses the network's parameters.
    """
    recipe, fast = config.recipe, config.trainer.fast
    rate = learning_rate(recipe, 0)
    parameters = groups_of(network, recipe)
    if recipe.optimizer is None:
        return torch.optim.SGD(
            parameters,
            lr=rate,
            momentum=recipe.momentum,
            nesterov=recipe.nesterov,
            weight_decay=recipe.weight_decay,
            fused=fast,
        )
    one_kernel = fast and optimizers.optimizer_class(recipe.optimizer["_target_"]) in FUSED
    on_gpu = fast and device.type == "cuda"
    how = ({"fused": True} if one_kernel else {}) | ({"capturable": True} if on_gpu else {})
    try:
        return optimizers.construct(recipe.optimizer, parameters, lr=rate, weight_decay=recipe.weight_decay, **how)
    except ValueError as error:
        raise InputError("recipe.optimizer", str(error).splitlines()[0]) from None
