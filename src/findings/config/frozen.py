"""A run's config on disk: complete, typed, resolved. What every engine starts a run from."""

from dataclasses import asdict
from enum import Enum
from pathlib import Path
from typing import Any

import yaml

from findings.config.identity import STREAMS, Run, identify, scientific
from findings.config.schema import Config, DataConfig, EvaluationConfig, InitFromConfig, RecipeConfig
from findings.errors import InputError

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # of libyaml, where PyYAML has it: eight times as fast


def freeze(run: Run) -> str:
    """YAML that :func:`thaw` reads back to an equal run; the network's defaults are written out."""
    return str(yaml.dump(_plain(asdict(run.config)), Dumper=DUMPER, sort_keys=False, allow_unicode=True))


def thaw(path: Path) -> Run:
    """The run whose frozen config lies at ``path``. Raises InputError naming the file and the key.

    In the directory of a run that an earlier version of the random streams began it is that run.
    """
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    fields = fields_of(path)
    try:
        merged = OmegaConf.merge(OmegaConf.structured(Config), OmegaConf.create(fields))
        config = OmegaConf.to_object(merged)
    except (ValueError, OmegaConfBaseException) as error:
        key = getattr(error, "full_key", None)  # OmegaConf's errors have one
        problem = f"{key}: {str(error).splitlines()[0]}" if key else str(error).splitlines()[0]
        raise InputError(str(path), f"is no frozen config: {problem}") from None
    assert isinstance(config, Config)
    folder = path.absolute().parent.name
    try:
        versions = (identify(config, streams) for streams in range(STREAMS, 0, -1))
        return next((run for run in versions if run.id == folder), None) or identify(config)
    except InputError as error:
        raise InputError(str(path), str(error)) from None


def science(path: Path) -> dict[str, Any]:
    """``thaw(path).scientific`` for a table of many runs: in milliseconds, and without the network's class and torch.

    A config frozen before its network got a hyperparameter lacks that one. Raises InputError naming the file.
    """
    fields = fields_of(path)
    try:
        sections = {"data": DataConfig, "recipe": RecipeConfig, "evaluation": EvaluationConfig}
        made: dict[str, Any] = {name: section(**fields[name]) for name, section in sections.items()}
        made["init_from"] = InitFromConfig(**fields.get("init_from", {}))  # which earlier versions did not have
        return scientific(Config(**made), fields["model"])
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(str(path), f"is no frozen config: {error}") from None


def fields_of(path: Path) -> dict[str, Any]:
    try:
        fields = yaml.load(path.read_text(), LOADER)
        if not isinstance(fields, dict):
            raise ValueError("it holds no keys")
    except FileNotFoundError:
        raise InputError(
            str(path), "no such file; `findings run` freezes each run's config as runs/<run id>/config.yaml"
        ) from None
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InputError(str(path), f"is no frozen config: {str(error).splitlines()[0]}") from None
    return fields


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.name if isinstance(value, Enum) else value
