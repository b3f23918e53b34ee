"""The networks, probes and optimisers that a config names: classes, whose arguments their signatures type."""

import importlib
import inspect
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from findings.config.folders import described, extensions, importable
from findings.errors import InputError


def named(where: str, target: str) -> Any:
    """What a dotted name stands for, of findings or of a module in the working directory; None if for nothing.

    Raises InputError naming the key ``where`` if there is such a module, but it cannot be imported.
    """
    importable()
    module_name, _, name = str(target).rpartition(".")
    try:
        return getattr(importlib.import_module(module_name), name, None)
    except ModuleNotFoundError as error:
        if error.name and f"{module_name}.".startswith(f"{error.name}."):
            return None
        raise InputError(where, f"{module_name} needs '{error.name}', which is not there") from error
    except ValueError:  # no module is named
        return None
    except Exception as error:
        raise InputError(where, f"{module_name} cannot be imported: {described(error)}") from error


def strange(fields: Any) -> str | None:
    """The first ``_target_`` of a config that is neither findings' own, nor torch's, nor in a folder named here.

    To read such a config would import it, and run what somebody else has put there: from another machine it may come.
    """
    found = [fields] if isinstance(fields, dict | list) else []
    for node in found:
        values = list(node.values() if isinstance(node, dict) else node)
        target = node.get("_target_") if isinstance(node, dict) else None
        if target is not None and not _is_known(str(target)):
            return str(target)
        found += [value for value in values if isinstance(value, dict | list)]
    return None


def _is_known(target: str) -> bool:
    top = target.partition(".")[0]
    own = Path.cwd() / top
    return (
        target.startswith(("findings.", "torch.optim."))
        or top in {name.partition(".")[0] for name in extensions()}
        or own.is_dir()
        or own.with_suffix(".py").is_file()
    )


def signature(cls: Any) -> dict[str, tuple[Any, Any]]:
    """{name: (type, default)} of the constructor's arguments; ``inspect.Parameter.empty`` where there is none."""
    if cls.__init__ is object.__init__:
        return {}
    hints = get_type_hints(cls.__init__)
    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]  # without self
    return {
        parameter.name: (hints.get(parameter.name, parameter.empty), parameter.default)
        for parameter in parameters
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    }


def typed(where: str, given: dict[str, Any], known: dict[str, tuple[Any, Any]], what: str) -> dict[str, Any]:
    """Every one of the ``known`` arguments, as ``given`` or its default, each of its type.

    Raises InputError naming the key below ``where`` that is unknown, missing or of another type. ``what`` they are ends
    with the class: "argument of package.Class".
    """
    target = what.rpartition(" ")[2]
    for key in given:
        if key != "_target_" and key not in known:
            raise InputError(f"{where}.{key}", f"no such {what}", sorted(known), key)
    resolved = {}
    for key, (kind, default) in known.items():
        if kind is inspect.Parameter.empty:
            raise InputError(f"{where}.{key}", f"{target} gives it no type, which every {what.split()[0]} has")
        value = given.get(key, default)
        if value is inspect.Parameter.empty or value == "???":
            raise InputError(f"{where}.{key}", f"is missing; {target} needs it")
        resolved[key] = of_type(f"{where}.{key}", value, kind)
    return resolved


def of_type(key: str, value: Any, kind: Any) -> Any:
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
        return of_type(key, value, next(k for k in get_args(kind) if k is not type(None)))
    if origin is dict:
        if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
            raise InputError(key, f"'{value}' is no mapping such as {{a: 1, b: two}}")
        return {name: of_type(f"{key}.{name}", item, get_args(kind)[1]) for name, item in value.items()}
    if origin is list:
        if not isinstance(value, list | tuple):
            raise InputError(key, f"'{value}' is not a list")
        return [of_type(key, item, get_args(kind)[0]) for item in value]
    if origin is tuple:  # which YAML writes as a list
        kinds = get_args(kind)
        if not isinstance(value, list | tuple) or len(value) != len(kinds):
            raise InputError(key, f"'{value}' is not a list of {len(kinds)}")
        return [of_type(key, item, each) for item, each in zip(value, kinds, strict=True)]
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value
    words = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
    raise InputError(key, f"'{value}' is not {words.get(kind, kind)}")
