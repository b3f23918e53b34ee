"""A network's hyperparameters, typed by its constructor's signature, as the arguments of probes and optimisers are."""

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


@lru_cache
def _hyperparameters(target: str) -> dict[str, tuple[Any, Any]]:
    return {name: known for name, known in signature(network_class(target)).items() if name not in GIVEN}


def signature(cls: Any) -> dict[str, tuple[Any, Any]]:
    """{name: (type, default)} of the constructor's arguments; ``inspect.Parameter.empty`` where there is none."""
    if cls.__init__ is object.__init__:
        return {}
    hints = get_type_hints(cls.__init__)
    parameters = list(inspect.signature(cls.__init__).parameters.items())[1:]  # without self
    return {name: (hints.get(name, parameter.empty), parameter.default) for name, parameter in parameters}


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


def typed(where: str, given: dict[str, Any], known: dict[str, tuple[Any, Any]], what: str) -> dict[str, Any]:
    """Every one of the ``known`` arguments, as ``given`` or its default, each of its type.

    Raises InputError naming the key below ``where`` that is unknown, missing or of another type.
    """
    for key in given:
        if key != "_target_" and key not in known:
            raise InputError(f"{where}.{key}", f"no such {what}", sorted(known), key)
    resolved = {}
    for key, (kind, default) in known.items():
        if kind is inspect.Parameter.empty:
            raise InputError(
                f"{where}.{key}", f"{what.rpartition(' ')[2]} gives it no type, which all that it takes has"
            )
        value = given.get(key, default)
        if value is inspect.Parameter.empty or value == "???":
            raise InputError(f"{where}.{key}", f"is missing; {what.rpartition(' ')[2]} needs it")
        resolved[key] = converted(f"{where}.{key}", value, kind)
    return resolved


def converted(key: str, value: Any, kind: Any) -> Any:
    """``value`` as an annotation ``kind`` has it, or InputError naming the key."""
    if kind in (Any, inspect.Parameter.empty):
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
        return converted(key, value, next(k for k in get_args(kind) if k is not type(None)))
    if origin is list:
        if not isinstance(value, list | tuple):
            raise InputError(key, f"'{value}' is not a list")
        return [converted(key, item, get_args(kind)[0]) for item in value]
    if origin is tuple:  # which YAML writes as a list
        kinds = get_args(kind)
        if not isinstance(value, list | tuple) or len(value) != len(kinds):
            raise InputError(key, f"'{value}' is not a list of {len(kinds)}")
        return [converted(key, item, each) for item, each in zip(value, kinds, strict=True)]
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value
    words = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
    raise InputError(key, f"'{value}' is not {words.get(kind, kind)}")


def name(resolved: dict[str, Any]) -> str:
    return network_class(resolved["_target_"]).name(resolved)  # type: ignore[attr-defined, operator, no-any-return]
