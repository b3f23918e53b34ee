"""A run, resolved: its config, its network's name, its arm and its id. Made once, and handed on from there.

The id is a pure function of the scientific config and the seed; never of time, host or job.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from findings.config import hyperparameters, schema
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
    model = hyperparameters.resolve(config.model)
    flat = schema.scientific(config, model)
    digest = schema.digest(flat, hyperparameters.defaults(model["_target_"]))
    name = hyperparameters.name(model)
    arm = f"{name}-{config.data.name}-{config.recipe.name}-{digest}"
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
