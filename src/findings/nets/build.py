"""A network from its hyperparameters, or from the config that asks for it."""

from typing import Any

from torch import nn

from findings.config import hyperparameters
from findings.config.schema import Config


def build(config: Config) -> nn.Module:
    """Initialised from torch's current random state; within ``torch.device("meta")`` it takes no memory.

    Raises InputError where the hyperparameters do not fit each other.
    """
    return construct(
        config.model,
        channels=config.data.channels,
        size=config.data.size,
        classes=config.data.classes,
        batch_norm_group=config.recipe.batch_norm_group,
    )


def construct(
    resolved: dict[str, Any], *, channels: int, size: int, classes: int, batch_norm_group: int | None = None
) -> nn.Module:
    """The network of these hyperparameters, defaults included, ``_target_`` among them. Raises InputError likewise."""
    network = hyperparameters.network_class(resolved["_target_"])
    given = {key: value for key, value in resolved.items() if key != "_target_"}
    return network(channels=channels, size=size, classes=classes, batch_norm_group=batch_norm_group, **given)
