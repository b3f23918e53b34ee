"""A recipe's optimiser, typed by its constructor's signature, as networks are by theirs."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from findings.config.arguments import named, of_type, signature
from findings.config.schema import RecipeConfig
from findings.errors import InputError

if TYPE_CHECKING:
    import torch

OF_RECIPE = ("lr", "weight_decay")  # come from the recipe's own keys
OF_TRAINING = ("params", "foreach", "fused", "capturable", "differentiable")  # how it is computed, not what


@lru_cache
def optimizer_class(target: str) -> "type[torch.optim.Optimizer]":
    """The class that ``recipe.optimizer._target_`` names. Raises InputError if there is none."""
    import torch

    found = named("recipe.optimizer._target_", target)
    if not (isinstance(found, type) and issubclass(found, torch.optim.Optimizer)):
        known = [f"torch.optim.{name}" for name in torch.optim.__all__ if isinstance(getattr(torch.optim, name), type)]
        raise InputError("recipe.optimizer._target_", f"no optimiser '{target}'", known, str(target))
    return found


def resolve(recipe: RecipeConfig) -> dict[str, Any] | None:
    """``recipe.optimizer`` with each argument of its type, and without those that are the constructor's defaults.

    Raises InputError naming the argument that is unknown or of another type; and where the optimiser itself refuses
    them, or cannot make the steps that we make: on dense gradients, without asking for the loss again.
    """
    given = recipe.optimizer
    if given is None:
        return None
    if not isinstance(given, dict) or not given.get("_target_"):
        raise InputError(
            "recipe.optimizer", "names no class: recipe.optimizer._target_=torch.optim.Adam, and its arguments beside"
        )
    target = given["_target_"]
    arguments = signature(optimizer_class(target))
    if "lr" not in arguments or ("weight_decay" not in arguments and recipe.weight_decay):
        missing = "weight_decay" if "lr" in arguments else "lr"
        raise InputError(f"recipe.{missing}", f"{target} has none: needs recipe.weight_decay=0")
    resolved = {"_target_": target}
    for key, value in given.items():
        where = f"recipe.optimizer.{key}"
        if key == "_target_":
            continue
        if key in OF_RECIPE:
            raise InputError(where, f"is given as recipe.{key}")
        if key not in arguments or key in OF_TRAINING:
            known = [name for name in arguments if name not in (*OF_RECIPE, *OF_TRAINING)]
            raise InputError(where, f"no such argument of {target}", known, key)
        kind, default = arguments[key]
        argument = of_type(where, value, kind)
        if argument != (list(default) if isinstance(default, tuple) else default):
            resolved[key] = argument
    _try(recipe, resolved)
    return resolved


def construct(optimizer: dict[str, Any], groups: Any, **more: Any) -> "torch.optim.Optimizer":
    """The optimiser of ``resolve``; of ``more`` arguments it is given those that it takes."""
    made: Any = optimizer_class(optimizer["_target_"])
    given = {key: tuple(v) if isinstance(v, list) else v for key, v in optimizer.items() if key != "_target_"}
    return made(groups, **given, **{key: value for key, value in more.items() if key in signature(made)})


def _try(recipe: RecipeConfig, resolved: dict[str, Any]) -> None:
    """One step of something as small as can be, with the shapes of a network's weights."""
    import torch

    parameters = [torch.ones(2, 1, 1, 1, requires_grad=True), torch.ones(2, requires_grad=True)]
    for parameter in parameters:
        parameter.grad = torch.ones_like(parameter)
    try:
        construct(resolved, parameters, lr=recipe.lr, weight_decay=recipe.weight_decay).step()
    except Exception as error:
        text = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError("recipe.optimizer", f"{resolved['_target_']} cannot train with this: {text}") from None
