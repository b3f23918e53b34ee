"""A run, resolved: its config, its network's name, its arm and its id. Made once, and handed on from there.

The id is a pure function of the scientific config and the seed; never of time, host or job. What is scientific,
and what of it is hashed, is decided here (:func:`scientific`, :func:`digest`).
"""

import hashlib
import json
from dataclasses import asdict, dataclass, fields, replace
from enum import Enum
from pathlib import Path
from typing import Any, Self

from findings.config import hyperparameters, optimizers, schema
from findings.config.checks import check
from findings.config.schema import Config
from findings.errors import InputError


@dataclass(frozen=True)
class Run:
    """One training. ``config.model`` holds every hyperparameter of its network, defaults written out."""

    config: Config
    name: str  # of the network
    arm: str  # the run id without the seed
    scientific: dict[str, Any]  # what decides the numbers, flat, seed left out: {"recipe.lr": 0.1, ...}

    @property
    def id(self) -> str:
        return f"{self.arm}-s{self.config.seed}"

    @property
    def directory(self) -> Path:
        """Where its record is kept."""
        return Path(self.config.runs_dir) / self.id

    def with_config(self, **sections: Any) -> Self:
        """The same run with other parts of its config, none of which may be scientific, save the seed."""
        return replace(self, config=replace(self.config, **sections))

    def with_trainer(self, **fields: Any) -> Self:
        """The same run with other fields of ``config.trainer``."""
        return self.with_config(trainer=replace(self.config.trainer, **fields))

    def rounded_as(self, frozen: "Run", *, begun: bool) -> Self:
        """Computed as was ``frozen`` with all runs of its sweep: with those threads, and that kind of steps.

        Where the run has ``begun``, on as many devices, too.
        """
        names = ("threads", "fast", "compiled", *(("devices", "nodes") if begun else ()))
        return self.with_trainer(**{name: getattr(frozen.config.trainer, name) for name in names})


def identify(config: Config) -> Run:
    """The run that a typed config is. Raises InputError naming the key that no run could be trained with."""
    check(config)
    config = replace(config, recipe=replace(config.recipe, optimizer=optimizers.resolve(config.recipe)))
    model = hyperparameters.resolve(config.model)
    flat = scientific(config, model)
    hashed = digest(flat, hyperparameters.defaults(model["_target_"]))
    name = hyperparameters.name(model)
    arm = f"{name}-{config.data.name}-{config.recipe.name}-{hashed}"
    return Run(replace(config, model=model), name, arm, flat)


def refuse_other(recorded: Run, planned: Run) -> None:
    """Raises InputError naming the keys in which the run recorded in a directory is not the planned one."""
    if recorded.id == planned.id:
        return
    before = recorded.scientific | {"seed": recorded.config.seed}
    after = planned.scientific | {"seed": planned.config.seed}
    differing = sorted(key for key in before | after if before.get(key) != after.get(key))
    listed = ", ".join(f"{key} ({before.get(key)} there, {after.get(key)} here)" for key in differing)
    where = planned.directory / "config.yaml"
    raise InputError(str(where), f"holds another run's config; it differs in {listed}")


def scientific(config: Config, model: dict[str, Any]) -> dict[str, Any]:
    """The resolved fields that decide a run's numbers, flat, seed left out: ``{"recipe.lr": 0.1, ...}``.

    ``model`` holds every hyperparameter of the network, defaults included (``hyperparameters.resolve``).
    """
    flat: dict[str, Any] = {f"model.{key}": value for key, value in model.items()}
    flat["data.name"] = config.data.name
    flat["data.validation"] = config.data.validation
    for section in ("recipe", "init_from", "evaluation"):
        for key, value in asdict(getattr(config, section)).items():
            flat[f"{section}.{key}"] = value.name if isinstance(value, Enum) else value
    return flat


def digest(flat: dict[str, Any], model_defaults: dict[str, Any]) -> str:
    """Twelve hex digits over the scientific fields that differ from their defaults.

    Leaving the defaults out means that a knob added later renames no earlier run. Names are in the run id already.
    """
    defaults = schema_defaults() | {f"model.{key}": value for key, value in model_defaults.items()}
    absent = object()
    telling = {
        key: value
        for key, value in flat.items()
        if key not in ("recipe.name", "data.name") and value != defaults.get(key, absent)
    }
    return hashlib.sha256(json.dumps(telling, sort_keys=True).encode()).hexdigest()[:12]


def schema_defaults() -> dict[str, Any]:
    """What a flat scientific config holds where nothing else is said, the network and the data aside."""
    flat: dict[str, Any] = {"data.validation": schema.DataConfig().validation}
    usuals: dict[str, Any] = {
        "recipe": schema.RecipeConfig(),
        "init_from": schema.InitFromConfig(),
        "evaluation": schema.EvaluationConfig(),
    }
    for section, usual in usuals.items():
        for item in fields(usual):
            value = getattr(usual, item.name)
            flat[f"{section}.{item.name}"] = value.name if isinstance(value, Enum) else value
    return flat
