"""Which run a config is: its network's name, its arm, its id. Pure functions of the scientific config and the seed."""

from dataclasses import dataclass
from typing import Any

from findings.config import hyperparameters
from findings.config import schema as schema_of_runs
from findings.config.schema import Config
from findings.errors import InputError


@dataclass(frozen=True)
class Identity:
    name: str  # of the network
    arm: str  # the run id without the seed
    id: str
    scientific: dict[str, Any]  # what decides the numbers, flat


def identify(config: Config) -> Identity:
    """Raises InputError where the model's hyperparameters are unknown or of the wrong type."""
    model = hyperparameters.resolve(config.model)
    flat = schema_of_runs.scientific(config, model)
    digest = schema_of_runs.digest(flat, hyperparameters.defaults(model["_target_"]))
    name = hyperparameters.name(model)
    arm = f"{name}-{config.data.name}-{config.recipe.name}-{digest}"
    return Identity(name, arm, f"{arm}-s{config.seed}", flat)


def refuse_other(directory: str, recorded: Config, planned: Config) -> None:
    """Raises InputError naming the keys in which the config recorded in a run directory is not the planned one."""
    ours, theirs = identify(planned), identify(recorded)
    if ours.id == theirs.id:
        return
    before, after = theirs.scientific | {"seed": recorded.seed}, ours.scientific | {"seed": planned.seed}
    differing = sorted(key for key in before | after if before.get(key) != after.get(key))
    listed = ", ".join(f"{key} ({before.get(key)} there, {after.get(key)} here)" for key in differing)
    raise InputError(f"{directory}/config.yaml", f"holds another run's config; it differs in {listed}")
