"""At the papers' scales each finding is trained in the recipe of its own paper, and what differs is listed."""

import json
from pathlib import Path

import pytest

from findings.config.schema import Normalisation, Padding, Precision, RecipeConfig
from findings.planning.freezing import write_plan
from findings.planning.plan import PlannedRun, Planner
from findings.planning.sweeps import find

SCALES = ["cifar10", "cifar10-jpeg-full"]
PRECISION = {"cifar10": Precision.fp32, "cifar10-jpeg-full": Precision.bf16}


def recipes(runs: list[PlannedRun]) -> dict[str, RecipeConfig]:
    return {run.varies["model"]: run.config.recipe for run in runs}


def planned(name: str) -> list[PlannedRun]:
    (sweep,) = find(name)
    return Planner().plan(sweep, ["seed=0"])


@pytest.mark.parametrize("scale", SCALES)
def test_he_2015_trains_two_groups_of_64_and_warms_up_resnet110_alone(scale: str) -> None:
    for model, recipe in recipes(planned(f"{scale}/depth-degradation")).items():
        assert (recipe.name, recipe.batch_size, recipe.batch_norm_group) == ("he2015_cifar", 128, 64)
        assert recipe.warmup_iterations == (400 if model == "resnet110" else 0)
        assert recipe.precision is PRECISION[scale]


@pytest.mark.parametrize("scale", SCALES)
def test_he_2016_warms_up_every_network(scale: str) -> None:
    found = recipes(planned(f"{scale}/bottleneck-savings"))
    assert set(found) == {"preact-resnet110", "preact-resnet164-bottleneck"}
    for recipe in found.values():
        assert (recipe.name, recipe.batch_size, recipe.batch_norm_group) == ("he2016_cifar", 128, 64)
        assert (recipe.warmup_iterations, recipe.warmup_lr, recipe.lr) == (400, 0.01, 0.1)
        assert (recipe.nesterov, recipe.weight_decay, recipe.precision) == (False, 1e-4, PRECISION[scale])


@pytest.mark.parametrize("scale", SCALES)
def test_wide_networks_are_trained_as_zagoruyko_and_komodakis_did(scale: str) -> None:
    for recipe in recipes(planned(f"{scale}/wide-vs-deep")).values():
        assert (recipe.name, recipe.iterations, recipe.batch_norm_group) == ("wrn2016", 200 * 391, None)
        assert (recipe.nesterov, recipe.weight_decay, recipe.gamma) == (True, 5e-4, 0.2)
        assert (recipe.padding, recipe.normalisation) == (Padding.reflection, Normalisation.channel_mean_std)
        assert recipe.precision is PRECISION[scale]


def test_a_plan_lists_once_in_what_its_recipes_are_not_their_papers(tmp_path: Path) -> None:
    (sweep,), planner = find("quick/depth-degradation"), Planner()
    told = ["recipe.departures=['one, and', two]", f"results_dir={tmp_path}"]
    runs = planner.plan(sweep, told)
    plan = json.loads(write_plan(sweep, runs, planner, overridden=False).read_text())
    assert plan["departures"] == ["one, and", "two"]
    assert {arm["streams"] for arm in plan["arms"]} == {2}
    assert [run.id for run in runs] == [run.id for run in planner.plan(sweep)], "words decide no number"
    assert not any("departures" in arm["config"] for arm in plan["arms"])
