"""A network's hyperparameters, typed by its constructor's signature, and how it is built from them."""

import importlib
import inspect
import re
from collections.abc import Mapping
from functools import lru_cache
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin, get_type_hints

from findings.config.folders import described, importable
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

    importable()
    module_name, _, name = target.rpartition(".")
    missing = InputError("model._target_", f"no network '{target}'")
    try:
        found = getattr(importlib.import_module(module_name), name, None)
    except ModuleNotFoundError as error:
        if error.name and f"{module_name}.".startswith(f"{error.name}."):
            raise missing from None
        raise InputError("model._target_", f"{module_name} needs '{error.name}', which is not there") from error
    except ValueError:  # no module is named
        raise missing from None
    except Exception as error:
        raise InputError("model._target_", f"{module_name} cannot be imported: {described(error)}") from error
    if found is None:
        raise missing
    if not (inspect.isclass(found) and issubclass(found, nn.Module) and hasattr(found, "name")):
        raise InputError("model._target_", f"'{target}' is no network: a torch Module with a method `name` is one")
    return found


@lru_cache
def _hyperparameters(target: str) -> dict[str, tuple[Any, Any]]:
    """{name: (type, default)} of the class's keyword arguments."""
    hints = get_type_hints(network_class(target).__init__)
    found = {}
    for name, parameter in _parameters(target).items():
        if name not in ("self", *GIVEN) and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            if name not in hints:
                raise InputError(f"model.{name}", f"{target} gives it no type, which every hyperparameter has")
            found[name] = hints[name], parameter.default
    return found


def _parameters(target: str) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(network_class(target).__init__).parameters


def taken(target: str) -> list[str]:
    """What of the data and the recipe the class's constructor takes."""
    return [name for name in GIVEN if name in _parameters(target)]


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
    """What the class calls the network. Raises InputError where no run directory could be called so."""
    called = str(network_class(resolved["_target_"]).name(resolved))  # type: ignore[attr-defined, operator]
    if not re.fullmatch(r"\w[\w.-]*", called, re.ASCII):
        raise InputError(
            "model._target_", f"{resolved['_target_']} is called '{called}': letters, digits, '.', '-' and '_' only"
        )
    return called
