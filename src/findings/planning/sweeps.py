"""Sweeps, in W&B's own schema: find them, read them, expand them into the overrides of runs."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from findings.config.folders import folders
from findings.errors import InputError

# what W&B's schema of a sweep knows; it refuses other keys, and so do we
SWEEP_KEYS = (
    "program",
    "method",
    "name",
    "description",
    "metric",
    "parameters",
    "command",
)
# what an agent would obey, and no other way to train the sweep: {key: where it is said instead}
AGENTS_OWN = {
    "project": "set tracking.project",
    "entity": "set tracking.entity",
    "run_cap": "a finding needs every run",
    "early_terminate": "a finding needs every run, to its end",
}


DISTRIBUTIONS = {"categorical": "values", "constant": "value"}  # those that are a grid


class _Loader(yaml.SafeLoader):
    """YAML without keys that are there twice, of which PyYAML takes the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]  # type: ignore[no-untyped-call]
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice is not None:
            raise yaml.constructor.ConstructorError(None, None, f"'{twice}' is there twice", node.start_mark)
        return super().construct_mapping(node, deep)


@dataclass(frozen=True)
class Sweep:
    """One file: ``axes`` maps each parameter to its values, in the file's order.

    ``<finding>.<check>.yaml`` is a check where ``<finding>.yaml`` is a sweep: its arms by another length or rate.
    """

    scale: str
    finding: str
    path: Path
    axes: dict[str, list[Any]]
    check: str = ""

    @property
    def folder(self) -> str:
        """Of its results, in those of its scale."""
        return f"{self.finding}.{self.check}" if self.check else self.finding

    @property
    def name(self) -> str:
        return f"{self.scale}/{self.folder}"


def names() -> list[str]:
    """Every sweep there is, as scale/finding."""
    return sorted({f"{p.parent.name}/{p.stem}" for folder in folders("sweeps") for p in folder.glob("*/*.yaml")})


def find(name: str) -> list[Sweep]:
    """The sweep of that name or file, or all sweeps of a scale. Raises InputError naming the nearest."""
    if name.endswith((".yaml", ".yml")):
        return [read(Path(name))]
    for folder in folders("sweeps"):
        if (folder / f"{name}.yaml").is_file():
            return [read(folder / f"{name}.yaml")]
    of_scale = [known for known in names() if known.startswith(f"{name}/")]
    if of_scale:
        return [sweep for known in of_scale for sweep in find(known)]
    scales = sorted({known.split("/")[0] for known in names()})
    raise InputError("sweep", f"no sweep '{name}'", [*names(), *scales], name)


def read(path: Path) -> Sweep:
    """Raises InputError naming the file and the key that W&B's grid sweeps do not have."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8-sig"), _Loader)
    except FileNotFoundError:
        raise InputError(str(path), "no such file") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(str(path), f"cannot be read as YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise InputError(str(path), "is no sweep: keys such as method and parameters are missing")
    for key in content:
        if key in AGENTS_OWN:
            raise InputError(str(path), f"{key}: only an agent would obey it; {AGENTS_OWN[key]}")
        if key not in SWEEP_KEYS:
            raise InputError(str(path), f"{key}: no such key", SWEEP_KEYS, str(key))
    if content.get("method") != "grid":
        raise InputError(str(path), f"method: '{content.get('method')}' is not grid: a finding needs every run")
    own = [str(word) for word in content.get("command") or () if "=" in str(word)]
    if own:
        raise InputError(str(path), f"command: {own[0]}: only an agent would obey it; make it a parameter")
    parameters = content.get("parameters")
    if not isinstance(parameters, dict) or not parameters:
        raise InputError(str(path), "parameters: is missing")
    axes = dict(_axes(path, parameters, ""))
    scales = axes.get("scale", [])
    if len(scales) != 1:
        raise InputError(str(path), "parameters.scale: a sweep has exactly one scale; verdicts never mix them")
    finding, _, check = path.stem.partition(".")
    if not check or not _is_there(path, finding):  # a name with a dot may be a sweep's own
        finding, check = path.stem, ""
    return Sweep(str(scales[0]), finding, path, axes, check)


def _is_there(path: Path, finding: str) -> bool:
    """Whether the finding has a sweep of its own, beside this one or wherever sweeps of the scale may lie."""
    places = (path.parent, *(folder / path.parent.name for folder in folders("sweeps")))
    return any((place / f"{finding}.yaml").is_file() for place in places)


def _axes(path: Path, parameters: dict[str, Any], prefix: str) -> Sequence[tuple[str, list[Any]]]:
    found: list[tuple[str, list[Any]]] = []
    for key, node in parameters.items():
        where = f"{prefix}{key}"
        kind = DISTRIBUTIONS.get(str(node.get("distribution"))) if isinstance(node, dict) else None
        if kind in (node if kind else ()):  # said in full, as W&B's pages show it
            node = {name: value for name, value in node.items() if name != "distribution"}
        if isinstance(node, dict) and set(node) == {"value"}:
            found.append((where, [node["value"]]))
        elif isinstance(node, dict) and set(node) == {"values"} and isinstance(node["values"], list) and node["values"]:
            found.append((where, node["values"]))
        elif isinstance(node, dict) and set(node) == {"parameters"} and isinstance(node["parameters"], dict):
            found += _axes(path, node["parameters"], f"{where}.")
        else:
            raise InputError(str(path), f"parameters.{where}: needs either value or a list of values")
    return found


def expand(sweep: Sweep, overrides: Sequence[str]) -> tuple[list[dict[str, str]], list[str]]:
    """The sweep's runs as {axis: value}, each a Hydra value, and the overrides that apply to all of them.

    An override that names an axis replaces it, a comma list adds an axis, anything else applies to every run.
    """
    from findings.config.compose import parse

    axes = {key: [hydra_value(value) for value in values] for key, values in sweep.axes.items()}
    common = []
    for override in parse(overrides):
        key = override.key_or_group
        if override.is_sweep_override():
            axes[key] = list(override.sweep_string_iterator())
        elif key in axes:
            axes[key] = [str(override.get_value_element_as_str())]
        else:
            common.append(str(override.input_line))
    if axes.get("scale", [sweep.scale]) != [hydra_value(sweep.scale)]:
        raise InputError(
            "scale", f"the sweep {sweep.name} is of scale {sweep.scale}; other scales have their own", names()
        )
    combinations = itertools.product(*axes.values())
    return [dict(zip(axes, values, strict=True)) for values in combinations], common


def hydra_value(value: Any) -> str:
    """A value as Hydra's override grammar writes it."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, list):
        return f"[{','.join(map(hydra_value, value))}]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{hydra_value(key)}:{hydra_value(item)}" for key, item in value.items()) + "}"
    text = str(value)
    is_word = re.fullmatch(r"[A-Za-z_][\w./-]*", text) and text.lower() not in ("true", "false", "null", "nan", "inf")
    if isinstance(value, int | float) or is_word:
        return text
    # a backslash is one, save before a quote
    escaped = re.sub(r"(\\*)('|\Z)", lambda found: found[1] * 2 + ("\\'" if found[2] else ""), text)
    return f"'{escaped}'"
