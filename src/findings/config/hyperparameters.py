"""A network's hyperparameters, typed by its constructor's signature, and how it is built from them."""

import importlib
import inspect
from functools import lru_cache
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin, get_type_hints

from findings.errors import InputError

if TYPE_CHECKING:
    from torch import nn  # takes two seconds to import; completion and most mistakes can do without

GIVEN = ("channels", "size", "classes", "batch_norm_group")  # by the data and the recipe


@lru_cache
def network_class(target: str) -> "type[nn.Module]":
    """The class that ``model._target_`` names. Raises InputError if there is none."""
    from torch import nn

    module_name, _, name = target.rpartition(".")
    try:
        found = getattr(importlib.import_module(module_name), name)
    except (ImportError, AttributeError, ValueError):
        raise InputError("model._target_", f"no network '{target}'") from None
    if not (inspect.isclass(found) and issubclass(found, nn.Module) and hasattr(found, "name")):
        raise InputError("model._target_", f"'{target}' is no network: a torch Module with a method `name` is one")
    return found


@lru_cache
def _hyperparameters(target: str) -> dict[str, tuple[Any, Any]]:
    """{name: (type, default)} of the class's keyword arguments."""
    cls = network_class(target)
    hints = get_type_hints(cls.__init__)
    return {
        name: (hints[name], parameter.default)
        for name, parameter in inspect.signature(cls.__init__).parameters.items()
        if name != "self" and name not in GIVEN
    }


def defaults(target: str) -> dict[str, Any]:
    return {name: default for name, (_, default) in _hyperparameters(target).items()}


def resolve(model: dict[str, Any]) -> dict[str, Any]:
    """Every hyperparameter, defaults included, each of its type; ``_target_`` first.

    Raises InputError naming the key that is unknown, missing or of another type.
    """
    if not model.get("_target_"):
        raise InputError("model._target_", "is missing: the class of the network, e.g. findings.nets.cifar.CifarNet")
    target = model["_target_"]
    known = _hyperparameters(target)
    for key in model:
        if key != "_target_" and key not in known:
            raise InputError(f"model.{key}", f"no such hyperparameter of {target}", sorted(known), key)
    resolved = {"_target_": target}
    for key, (kind, default) in known.items():
        value = model.get(key, default)
        if value is inspect.Parameter.empty or value == "???":
            raise InputError(f"model.{key}", f"is missing; {target} needs it")
        resolved[key] = _typed(f"model.{key}", value, kind)
    return resolved


def _typed(key: str, value: Any, kind: Any) -> Any:
    origin = get_origin(kind)
    if origin is Literal:
        allowed = get_args(kind)
        if value not in allowed:
            raise InputError(key, f"unknown value '{value}'", [str(a) for a in allowed], str(value))
        return value
    if origin in (Union, UnionType):
        if value is None and type(None) in get_args(kind):
            return None
        return _typed(key, value, next(k for k in get_args(kind) if k is not type(None)))
    if kind is Any:
        return value
    if origin is dict:
        if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
            raise InputError(key, f"'{value}' is no mapping such as {{a: 1, b: two}}")
        return {name: _typed(f"{key}.{name}", item, get_args(kind)[1]) for name, item in value.items()}
    if origin is list:
        if not isinstance(value, list | tuple):
            raise InputError(key, f"'{value}' is not a list")
        return [_typed(key, item, get_args(kind)[0]) for item in value]
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value
    words = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
    raise InputError(key, f"'{value}' is not {words.get(kind, kind)}")


def name(resolved: dict[str, Any]) -> str:
    return network_class(resolved["_target_"]).name(resolved)  # type: ignore[attr-defined, operator, no-any-return]
