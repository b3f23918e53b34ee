"""A network from its hyperparameters, or from the config that asks for it."""

from typing import Any

from torch import nn

from findings.config import hyperparameters
from findings.config.folders import described
from findings.config.schema import Config
from findings.errors import InputError
from findings.nets.checks import memory_is_full


def build(config: Config) -> nn.Module:
    """Initialised from torch's current random state; within ``torch.device("meta")`` it takes no memory.

    Raises InputError where the hyperparameters do not fit each other.
    """
    return construct(
        config.model,
        channels=config.data.channels,
        size=config.data.pixels,
        classes=config.data.classes,
        batch_norm_group=config.recipe.batch_norm_group,
    )


def construct(
    resolved: dict[str, Any], *, channels: int, size: int, classes: int, batch_norm_group: int | None = None
) -> nn.Module:
    """The network of these hyperparameters, defaults included, ``_target_`` among them. Raises InputError likewise.

    A class may do without any of the other arguments, but is not trained without the group that the recipe asks for.
    """
    target = resolved["_target_"]
    network, taken = hyperparameters.network_class(target), hyperparameters.taken(target)
    if batch_norm_group is not None and "batch_norm_group" not in taken:
        raise InputError("recipe.batch_norm_group", f"{target} takes none")
    known = {"channels": channels, "size": size, "classes": classes, "batch_norm_group": batch_norm_group}
    given = {key: value for key, value in resolved.items() if key != "_target_"}
    try:
        return network(**{key: known[key] for key in taken}, **given)
    except Exception as error:
        if isinstance(error, InputError) or memory_is_full(error):
            raise
        raise InputError("model", f"{target} cannot be made: {described(error)}") from error
