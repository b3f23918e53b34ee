"""The optimiser that a recipe asks for, over a network's parameters."""

import torch
from torch import nn

from findings.config import optimizers
from findings.config.schema import Config
from findings.errors import InputError
from findings.training.schedule import learning_rate

FUSED = (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW)  # have one kernel on CPUs and GPUs


def optimizer_for(network: nn.Module, config: Config, device: torch.device) -> torch.optim.Optimizer:
    """How it is computed is ours: by one kernel where there is one, and on a GPU so that a graph may hold it.

    Raises InputError where the optimiser refuses the network's parameters.
    """
    recipe, fast = config.recipe, config.trainer.fast
    rate = learning_rate(recipe, 0)
    parameters = list(network.parameters())
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
