"""From overrides to a typed config, through Hydra's own composition; every mistake becomes one line.

Hydra's ``compose()`` takes about 70 ms. A :class:`Composer` calls it once per distinct choice of groups, sets plain values on the
result, and so plans a thousand runs in seconds; the outcome is equal to ``compose()`` with all the overrides.
"""

import re
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from functools import cache
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from findings.config import Config, check
from findings.errors import InputError
from findings.nets import schema
from findings.shared_files import shared

ConfigStore.instance().store(name="schema", node=Config)


@cache
def groups() -> dict[str, list[str]]:
    """{group: its choices}, from the folders of conf/."""
    return {
        folder.name: sorted(file.stem for file in folder.glob("*.yaml"))
        for folder in sorted(shared("conf").iterdir())
        if folder.is_dir() and folder.name != "special"
    }


def parse(texts: Sequence[str]) -> list[Override]:
    """Hydra's overrides, parsed; raises InputError naming the one that is malformed or chooses what does not exist."""
    parser, parsed = OverridesParser.create(), []
    for text in texts:
        try:
            override = parser.parse_override(text)
        except HydraException as error:
            reason = str(error).splitlines()[0]
            raise InputError(f"'{text}'", f"is no override of the form key=value ({reason})") from None
        if override.key_or_group in groups() and not override.is_delete():
            _check_choice(override)
        parsed.append(override)
    return parsed


def _check_choice(override: Override) -> None:
    group = override.key_or_group
    values = list(override.sweep_string_iterator()) if override.is_sweep_override() else [override.value()]
    for value in values:
        if str(value) not in groups()[group]:
            raise InputError(group, f"no such choice '{value}'", groups()[group], str(value))


class Composer:
    """Composes typed configs; keeps what it has composed."""

    def __init__(self) -> None:
        self._composed: dict[tuple[str, ...], DictConfig] = {}

    def compose(self, overrides: Sequence[str]) -> Config:
        """The typed, resolved, checked config of one run. Raises InputError."""
        parsed = parse(overrides)
        chosen = tuple(o.input_line for o in parsed if o.key_or_group in groups())  # type: ignore[misc]
        config = deepcopy(self._base(chosen))
        for override in parsed:
            if override.key_or_group not in groups():
                _assign(config, override)
        return typed(config)

    def _base(self, chosen: tuple[str, ...]) -> DictConfig:
        if chosen not in self._composed:
            with initialize_config_dir(str(shared("conf").resolve()), version_base="1.3"):
                try:
                    self._composed[chosen] = compose("config", list(chosen))
                except (HydraException, OmegaConfBaseException) as error:
                    raise InputError("conf", f"{' '.join(chosen)}: {str(error).splitlines()[0]}") from None
        return self._composed[chosen]


def typed(config: DictConfig) -> Config:
    """Resolve interpolations, check types and fields, write out the network's defaults."""
    try:
        made = OmegaConf.to_object(config)
    except MissingMandatoryValue as error:
        raise InputError(error.full_key or "config", "is missing: give it on the command line") from None
    except OmegaConfBaseException as error:
        raise InputError(error.full_key or "config", str(error).splitlines()[0]) from None
    assert isinstance(made, Config)
    _refuse_missing(made)
    check(made)
    return replace(made, model=schema.resolve(made.model))


def _refuse_missing(config: Config) -> None:
    for section in ("data", "recipe"):
        for key, value in vars(getattr(config, section)).items():
            if value == "???":
                raise InputError(f"{section}.{key}", f"is missing: give it, as {section}.{key}=...")


def _assign(config: DictConfig, override: Override) -> None:
    """Set one plain value, or raise InputError naming the key and what it takes."""
    key = override.key_or_group
    if override.is_delete():
        raise InputError(key, "keys cannot be removed; set another value")
    known = flat_keys(config)
    # hyperparameters of a network that its file leaves at their defaults are keys, too
    if key.startswith("model.") and "_target_" in config.model:
        known += [f"model.{name}" for name in schema.defaults(config.model._target_)]
    if key not in known:
        raise InputError(
            key, "no such key", sorted({*known, *groups()}) if key.count(".") == 0 else _near(key, known), key
        )
    try:
        with open_dict(config.model):
            OmegaConf.update(config, key, override.value(), merge=False)
    except OmegaConfBaseException as error:
        raise InputError(key, f"'{override.value()}' does not fit: {_reason(error)}") from None


def _near(key: str, known: list[str]) -> list[str]:
    section = key.split(".")[0]
    return sorted({name for name in known if name.startswith(f"{section}.")}) or sorted(
        {name.split(".")[0] for name in known}
    )


def _reason(error: Exception) -> str:
    """OmegaConf's first line, with enum members and types in words."""
    line = str(error).splitlines()[0]
    valid = re.search(r"expected one of \[(.*)\]", line)
    if valid:
        return "allowed: " + ", ".join(re.findall(r"\w+", valid.group(1).replace("'", "")))
    words = {"Integer": "a whole number", "Float": "a number", "Boolean": "true or false", "String": "a text"}
    wanted = re.search(r"to (\w+)$", line)
    return f"it must be {words[wanted.group(1)]}" if wanted and wanted.group(1) in words else line


def flat_keys(config: DictConfig, prefix: str = "") -> list[str]:
    """Every key, dotted, sections included."""
    keys = []
    for key in config:
        keys.append(f"{prefix}{key}")
        node: Any = config._get_node(key)
        if isinstance(node, DictConfig) and not node._is_none() and not node._is_missing():
            keys += flat_keys(node, f"{prefix}{key}.")
    return keys
