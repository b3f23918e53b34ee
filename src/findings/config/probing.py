"""The probes that a config names: each a class with typed arguments, as networks are (arguments.py)."""

import inspect
import sys
from typing import Any

from findings.config.arguments import named, signature, typed
from findings.config.schema import Config
from findings.errors import InputError

END = -1  # in a probe's ``at``: once training has ended
OWN_KEYS = {"shift": "evaluation.shifts", "size": "evaluation.sizes"}  # probes that older keys ask for


def resolve(config: Config) -> list[dict[str, Any]]:
    """``evaluation.probes`` with every argument, defaults included, each of its type; ``_target_`` first.

    Raises InputError naming the entry, and in it the key, that is wrong.
    """
    resolved, names = [], set()
    for index, given in enumerate(config.evaluation.probes):
        where = f"evaluation.probes[{index}]"
        cls = _probe_class(where, given)
        target = f"{cls.__module__}.{cls.__qualname__}"
        arguments = typed(where, given, signature(cls), f"argument of {target}")
        _check_iterations(where, _constructed(where, cls, arguments), config.recipe.iterations)
        name = cls.name  # type: ignore[attr-defined]
        if name in names:
            raise InputError(where, f"names {target} again; give one of the two all iterations")
        names.add(name)
        resolved.append({"_target_": target, **arguments})
    return resolved


def construct(config: Config) -> list[Any]:
    """The probes themselves."""
    made = []
    for index, given in enumerate(config.evaluation.probes):
        where = f"evaluation.probes[{index}]"
        arguments = {key: value for key, value in given.items() if key != "_target_"}
        made.append(_constructed(where, _probe_class(where, given), arguments))
    return made


def without_defaults(probes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Resolved probes as they are hashed: an argument that a probe gets later renames no earlier run."""
    hashed = []
    for index, probe in enumerate(probes):
        known = signature(_probe_class(f"evaluation.probes[{index}]", probe))
        usual = {key: default for key, (_, default) in known.items()}
        hashed.append({key: value for key, value in probe.items() if key == "_target_" or value != usual[key]})
    return hashed


def _probe_class(where: str, given: dict[str, Any]) -> type:
    target = given.get("_target_")
    if not isinstance(target, str):
        raise InputError(
            f"{where}._target_", "is missing: the class of the probe, e.g. findings.training.probes.timing.Timing"
        )
    found = named(f"{where}._target_", target)
    if found is None:
        module = target.rpartition(".")[0]
        there = vars(sys.modules[module]).items() if module in sys.modules else ()
        probes = [f"{module}.{other}" for other, value in there if _is_probe(value) and value.__module__ == module]
        raise InputError(f"{where}._target_", f"no probe '{target}'", probes, target)
    if not _is_probe(found):
        raise InputError(f"{where}._target_", f"'{target}' is no probe: a class with `name`, `at` and `measure` is one")
    if found.name in OWN_KEYS:
        raise InputError(f"{where}._target_", f"'{target}' is asked for by {OWN_KEYS[found.name]}")
    return found  # type: ignore[no-any-return]


def _is_probe(found: Any) -> bool:
    return inspect.isclass(found) and hasattr(found, "measure") and isinstance(getattr(found, "name", None), str)


def _constructed(where: str, cls: type, arguments: dict[str, Any]) -> Any:
    """The probe, which may refuse values that its types allow."""
    try:
        return cls(**arguments)
    except InputError as refusal:
        raise InputError(f"{where}.{refusal.where}", refusal.problem) from None


def _check_iterations(where: str, probe: Any, iterations: int) -> None:
    for iteration in probe.at:
        if iteration != END and not 0 <= iteration <= iterations:
            raise InputError(
                f"{where}.at",
                f"{iteration} is no iteration of the run; allowed: 0 to {iterations}, or {END} for the end",
            )
