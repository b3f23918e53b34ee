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

    found = named(target)
    if found is None:
        raise InputError("model._target_", f"no network '{target}'")
    if not (inspect.isclass(found) and issubclass(found, nn.Module) and hasattr(found, "name")):
        raise InputError("model._target_", f"'{target}' is no network: a torch Module with a method `name` is one")
    return found


def named(target: str) -> Any:
    """What a dotted name stands for; None if for nothing."""
    module_name, _, name = str(target).rpartition(".")
    try:
        return getattr(importlib.import_module(module_name), name)
    except (ImportError, AttributeError, ValueError):
        return None


def arguments_of(cls: Any) -> dict[str, tuple[Any, Any]]:
    """{name: (type, default)} of the constructor's arguments."""
    constructor: Any = cls.__init__  # type: ignore[misc]
    hints = get_type_hints(constructor)
    parameters = list(inspect.signature(constructor).parameters.items())[1:]
    return {name: (hints.get(name, Any), parameter.default) for name, parameter in parameters}


@lru_cache
def _hyperparameters(target: str) -> dict[str, tuple[Any, Any]]:
    known = arguments_of(network_class(target))
    return {name: argument for name, argument in known.items() if name not in GIVEN}


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
        resolved[key] = typed(f"model.{key}", value, kind)
    return resolved


def typed(key: str, value: Any, kind: Any) -> Any:
    """``value`` as an annotation ``kind`` has it, or InputError naming the key."""
    if kind is Any:
        return value
    origin = get_origin(kind)
    if origin is Literal:
        allowed = get_args(kind)
        if value not in allowed:
            raise InputError(key, f"unknown value '{value}'", [str(a) for a in allowed], str(value))
        return value
    if origin in (Union, UnionType):
        if value is None and type(None) in get_args(kind):
            return None
        return typed(key, value, next(k for k in get_args(kind) if k is not type(None)))
    if origin is list:
        if not isinstance(value, list | tuple):
            raise InputError(key, f"'{value}' is not a list")
        return [typed(key, item, get_args(kind)[0]) for item in value]
    if origin is tuple:  # which YAML writes as a list
        kinds = get_args(kind)
        if not isinstance(value, list | tuple) or len(value) != len(kinds):
            raise InputError(key, f"'{value}' is not a list of {len(kinds)}")
        return [typed(key, item, each) for item, each in zip(value, kinds, strict=True)]
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value
    words = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
    raise InputError(key, f"'{value}' is not {words.get(kind, kind)}")


def name(resolved: dict[str, Any]) -> str:
    return network_class(resolved["_target_"]).name(resolved)  # type: ignore[attr-defined, operator, no-any-return]
