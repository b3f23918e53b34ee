"""A run, resolved: its config, its network's name, its arm and its id. Made once, and handed on from there.

The id is a pure function of the scientific config and the seed; never of time, host or job. What is scientific,
and what of it is hashed, is decided here (:func:`scientific`, :func:`arm_of`).
"""

import hashlib
import json
from dataclasses import asdict, dataclass, fields, replace
from enum import Enum
from pathlib import Path
from typing import Any, Self

from findings.config import hyperparameters, optimizers, probing, schema
from findings.config.checks import check
from findings.config.schema import Config
from findings.errors import InputError

# the version of the random streams (data/randomness.py): others make other runs. In version 1, which nothing trains any
# more, the seed alone decided, and equal seeds of two arms had the same batches
STREAMS = 2


@dataclass(frozen=True)
class Run:
    """One training. ``config.model`` holds every hyperparameter of its network, defaults written out."""

    config: Config
    name: str  # of the network
    arm: str  # the run id without the seed
    scientific: dict[str, Any]  # what decides the numbers, flat, seed left out: {"recipe.lr": 0.1, ...}
    streams: int  # STREAMS, or what it was when the run was begun

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


def identify(config: Config, streams: int = STREAMS) -> Run:
    """The run that a typed config is. Raises InputError naming the key that no run could be trained with.

    With an earlier version of the random ``streams``: the run that it was then, to be read.
    """
    check(config)
    config = replace(config, recipe=replace(config.recipe, optimizer=optimizers.resolve(config.recipe)))
    model = hyperparameters.resolve(config.model)
    if config.evaluation.probes:
        config = replace(config, evaluation=replace(config.evaluation, probes=probing.resolve(config)))
    flat = scientific(config, model)
    return Run(replace(config, model=model), hyperparameters.name(model), arm_of(flat, streams), flat, streams)


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
    flat["data.name"] = config.data.full_name
    flat["data.validation"] = config.data.validation
    for section in ("recipe", "init_from", "evaluation"):
        for key, value in asdict(getattr(config, section)).items():
            if key not in ("keep_predictions", "departures"):  # what is kept decides no number, nor do words
                flat[f"{section}.{key}"] = value.name if isinstance(value, Enum) else value
    return flat


def arm_of(flat: dict[str, Any], streams: int = STREAMS) -> str:
    """The arm of these scientific fields: ``<network>-<data>-<recipe>-<hash>``.

    The hash is twelve hex digits over the fields that differ from their defaults, and the version of the random
    ``streams``. Leaving the defaults out means that a knob added later renames no earlier run. Names are in the id
    already.
    """
    model = {key.removeprefix("model."): value for key, value in flat.items() if key.startswith("model.")}
    usual = hyperparameters.defaults(model["_target_"])  # which a table older than one of them lacks
    defaults = schema_defaults() | {f"model.{key}": value for key, value in usual.items()}
    absent = object()
    telling = {
        key: value
        for key, value in flat.items()
        if key not in ("recipe.name", "data.name") and value != defaults.get(key, absent)
    }
    if flat.get("evaluation.probes"):
        telling["evaluation.probes"] = probing.without_defaults(flat["evaluation.probes"])
    if streams > 1:
        telling["streams"] = streams
    hashed = hashlib.sha256(json.dumps(telling, sort_keys=True).encode()).hexdigest()[:12]
    return f"{hyperparameters.name(usual | model)}-{flat['data.name']}-{flat['recipe.name']}-{hashed}"


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
