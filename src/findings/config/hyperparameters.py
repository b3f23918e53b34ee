"""A network's hyperparameters, which are its class's arguments."""

import inspect
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, get_origin

from findings.config.arguments import named, signature, typed
from findings.errors import InputError

if TYPE_CHECKING:
    from torch import nn  # takes two seconds to import; completion and most mistakes can do without

GIVEN = ("channels", "size", "classes", "batch_norm_group")  # by the data and the recipe


@lru_cache
def network_class(target: str) -> "type[nn.Module]":
    """The class that ``model._target_`` names, of findings or of a module in the working directory.

    Raises InputError if there is none, or if its module cannot be imported.
    """
    from torch import nn

    found = named("model._target_", target)
    if found is None:
        raise InputError("model._target_", f"no network '{target}'")
    if not (inspect.isclass(found) and issubclass(found, nn.Module) and hasattr(found, "name")):
        raise InputError("model._target_", f"'{target}' is no network: a torch Module with a method `name` is one")
    return found


@lru_cache
def _arguments(target: str) -> dict[str, tuple[Any, Any]]:
    return signature(network_class(target))


def _hyperparameters(target: str) -> dict[str, tuple[Any, Any]]:
    return {name: known for name, known in _arguments(target).items() if name not in GIVEN}


def taken(target: str) -> list[str]:
    """What of the data and the recipe the class's constructor takes."""
    return [name for name in GIVEN if name in _arguments(target)]


def holds(target: str, key: str) -> bool:
    """Whether ``key`` is a hyperparameter, or lies within one that is a mapping (kwargs.drop_rate)."""
    name, _, inner = key.partition(".")
    kind, _ = _hyperparameters(target).get(name, (None, None))
    return get_origin(kind) is dict if inner else kind is not None


def defaults(target: str) -> dict[str, Any]:
    return {name: default for name, (_, default) in _hyperparameters(target).items()}


def resolve(model: dict[str, Any]) -> dict[str, Any]:
    """Every hyperparameter, defaults included, each of its type; ``_target_`` first.

    Raises InputError naming the key that is unknown, missing or of another type.
    """
    if not model.get("_target_"):
        raise InputError("model._target_", "is missing: the class of the network, e.g. findings.nets.cifar.CifarNet")
    target = model["_target_"]
    return {"_target_": target} | typed("model", model, _hyperparameters(target), f"hyperparameter of {target}")


def name(resolved: dict[str, Any]) -> str:
    """What the class calls the network. Raises InputError where no run directory could be called so."""
    called = str(network_class(resolved["_target_"]).name(resolved))  # type: ignore[attr-defined, operator]
    if not re.fullmatch(r"\w[\w.-]*", called, re.ASCII):
        raise InputError(
            "model._target_", f"{resolved['_target_']} is called '{called}': letters, digits, '.', '-' and '_' only"
        )
    return called
