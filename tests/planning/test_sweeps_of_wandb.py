"""Our sweep files are W&B's: its own package accepts them and expands them into the runs that ours does."""

from pathlib import Path
from typing import Any

import pytest
import sweeps as wandbs
import yaml
from wandb.sdk.launch.sweeps.utils import create_sweep_command_args

from findings.config.compose import Composer
from findings.config.folders import shared
from findings.planning.sweeps import expand, hydra_value, read

FILES = sorted(shared("sweeps").glob("*/*.yaml"))


@pytest.fixture(scope="module")
def composer() -> Composer:
    return Composer()


each_file = pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")


def suggested(content: dict[str, Any]) -> list[dict[str, dict[str, Any]]]:
    """The configs of the runs that W&B's server hands out until its grid has no more."""
    runs: list[Any] = []
    while (run := wandbs.next_run(content, runs, validate=True)) is not None:
        runs.append(run)
        assert len(runs) <= 10_000
    return [run.config for run in runs]


@each_file
def test_wandb_accepts_the_file(file: Path) -> None:
    assert wandbs.schema_violations_from_proposed_config(yaml.safe_load(file.read_text())) == []


@each_file
def test_both_expand_to_the_same_runs(file: Path) -> None:
    theirs = [
        {key: hydra_value(node["value"]) for key, node in config.items()}
        for config in suggested(yaml.safe_load(file.read_text()))
    ]
    ours, common = expand(read(file), [])
    assert common == []
    assert len(theirs) == len(ours)
    assert {frozenset(run.items()) for run in theirs} == {frozenset(run.items()) for run in ours}


@each_file
def test_the_command_of_an_agent_is_the_planned_run(file: Path, composer: Composer) -> None:
    """The agent writes values as Python does; what arrives is the run whose config was frozen by `findings plan`.

    Of one seed, and of each other value once: they are written alike in all their combinations.
    """

    def ids(commands: list[list[str]]) -> set[str]:
        return {composer.compose(command).id for command in commands}

    content = yaml.safe_load(file.read_text())
    agents = [
        create_sweep_command_args({"args": {key: {"value": value} for key, value in run.items()}})["args_no_hyphens"]
        for run in each_value_once([{key: node["value"] for key, node in run.items()} for run in suggested(content)])
    ]
    planned = [[f"{k}={v}" for k, v in run.items()] for run in each_value_once(expand(read(file), [])[0])]
    assert ids(agents) == ids(planned)
    assert len(ids(agents)) == len(agents) > 0


def each_value_once(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first runs in which some value is new."""
    seen: set[tuple[str, str]] = set()
    chosen = []
    for run in runs:
        values = {(key, str(value)) for key, value in run.items()}
        if not values <= seen and str(run["seed"]) == "0":
            chosen.append(run)
            seen |= values
    return chosen
