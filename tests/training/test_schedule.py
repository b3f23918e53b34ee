"""The learning rate of every recipe, step by step, against golden data."""

import math
from itertools import groupby
from typing import Any

import pytest

from findings.config.compose import Composer, groups
from findings.config.folders import shared
from findings.config.schema import Config, RecipeConfig, Schedule, Warmup
from findings.training.schedule import LearningRate, learning_rate
from golden_files import golden

SCALES = groups()["scale"]
RECIPES = groups()["recipe"]
SPECIAL = sorted(file.stem for file in (shared("conf") / "special").glob("*.yaml"))


def special(recipe: str, network: str) -> list[str]:
    return [f"recipe={recipe}", f"model={network}"]


SHORT = ["recipe.iterations=12", "recipe.milestones=[6,9]", "recipe.warmup_iterations=0"]
LINEAR = ["recipe.warmup=linear", "recipe.warmup_iterations=4", "recipe.warmup_lr=0.02"]
# every file that has a say in the learning rate, and every schedule
CHOICES = {
    **{f"recipe {name}": [f"recipe={name}"] for name in RECIPES},
    **{f"scale {name}": [f"scale={name}"] for name in SCALES},
    **{f"special {name}": special(*name.split("-", 1)) for name in SPECIAL},
    "scale cifar10, resnet110": ["scale=cifar10", "model=resnet110"],
    "12 iterations, cosine": [*SHORT, "recipe.schedule=cosine"],
    "12 iterations, cosine to a floor": [*SHORT, "recipe.schedule=cosine", "recipe.floor_lr=0.02"],
    "12 iterations, linear warm-up, cosine": [*SHORT, *LINEAR, "recipe.schedule=cosine"],
    "12 iterations, linear warm-up, steps": [*SHORT, *LINEAR],
    "12 iterations, plateau": [*SHORT, "recipe.schedule=plateau", "data.validation=100"],
}


def curve(config: Config) -> list[list[float]]:
    """[[rate, steps], ...] of all iterations."""
    rates = (round(learning_rate(config.recipe, step), 12) for step in range(config.recipe.iterations))
    return [[rate, sum(1 for _ in same)] for rate, same in groupby(rates)]


@pytest.fixture(scope="module")
def curves() -> dict[str, list[list[float]]]:
    composer = Composer()
    return {name: curve(composer.compose(overrides).config) for name, overrides in CHOICES.items()}


@pytest.mark.parametrize("name", CHOICES)
def test_every_recipe_has_its_golden_learning_rates(name: str, curves: dict[str, list[list[float]]]) -> None:
    known = golden("learning_rates.json", curves)
    assert name in known, (
        "a new recipe needs its golden learning rates: GOLDEN=write pytest tests/training/test_schedule.py"
    )
    assert curves[name] == known[name]


def test_the_golden_data_is_the_papers(curves: dict[str, list[list[float]]]) -> None:
    """Written here by hand, so that golden data cannot be regenerated into an error."""
    assert curves["recipe he2015_cifar"] == [[0.1, 32_000], [0.01, 16_000], [0.001, 16_000]]
    # a public trainer leaves ResNet-110 at the warm-up's 0.01 for ever
    warm = [[0.01, 400], [0.1, 31_600], [0.01, 16_000], [0.001, 16_000]]
    assert curves["special he2015_cifar-resnet110"] == curves["scale cifar10, resnet110"] == warm
    assert curves["recipe he2016_cifar"] == warm  # all its networks, says the paper's appendix
    epoch = 391  # batches of 128 of 50,000 images, the last one partial
    steps = [60 * epoch, 60 * epoch, 40 * epoch, 40 * epoch]
    assert curves["recipe wrn2016"] == [list(pair) for pair in zip([0.1, 0.02, 0.004, 0.0008], steps, strict=True)]


def test_golden_data_of_recipes_that_are_gone_is_removed(curves: dict[str, list[list[float]]]) -> None:
    assert set(golden("learning_rates.json", curves)) == set(CHOICES)


def test_warm_up_may_run_into_a_milestone() -> None:
    recipe = RecipeConfig(name="x", iterations=10, milestones=[2, 6], warmup_iterations=4, warmup_lr=0.5, lr=1.0)
    rates = [round(learning_rate(recipe, step), 12) for step in range(10)]
    assert rates == [0.5, 0.5, 0.5, 0.5, 0.1, 0.1, 0.01, 0.01, 0.01, 0.01]


def test_a_recipe_without_milestones_is_constant() -> None:
    recipe = RecipeConfig(name="x", iterations=3, milestones=[])
    assert [learning_rate(recipe, step) for step in range(3)] == [0.1] * 3


def rates(**recipe: Any) -> list[float]:
    made = RecipeConfig(**({"name": "x", "milestones": [], "lr": 0.4} | recipe))
    return [learning_rate(made, step) for step in range(made.iterations + 1)]


def test_a_cosine_is_the_papers() -> None:
    """Loshchilov & Hutter 2017, equation 5: from the highest rate to the lowest, at half of the way in their middle."""
    found = rates(iterations=100, schedule=Schedule.cosine, floor_lr=0.1)
    assert found == pytest.approx([0.1 + 0.15 * (1 + math.cos(math.pi * step / 100)) for step in range(101)])
    assert (found[0], found[50], found[100]) == pytest.approx((0.4, 0.25, 0.1))
    assert rates(iterations=100, schedule=Schedule.cosine)[100] == pytest.approx(0, abs=1e-17)


def test_a_linear_warm_up_ends_where_the_schedule_begins() -> None:
    """Goyal et al. 2017, section 2.2: by a constant amount at each iteration, up to the rate of the schedule."""
    for schedule in (Schedule.step, Schedule.cosine):
        found = rates(iterations=12, schedule=schedule, warmup=Warmup.linear, warmup_iterations=4, warmup_lr=0.1)
        assert found[:5] == pytest.approx([0.1, 0.175, 0.25, 0.325, 0.4])
        assert found[5] <= 0.4
    assert found[8] == pytest.approx(0.2), "the cosine begins after the warm-up"


def on_plateaus(errors: list[float], patience: int, **recipe: Any) -> list[float]:
    """The rate after each of the validation errors."""
    made = RecipeConfig(name="x", schedule=Schedule.plateau, patience=patience, lr=1.0, **recipe)
    rate, found = LearningRate(made), []
    for error in errors:
        rate.heed(error)
        found.append(rate.at(made.iterations - 1))
    return found


def test_a_plateau_divides_after_as_many_epochs_as_patience_has() -> None:
    errors = [50, 40, 40, 41, 39, 39.5, 39.2, 39, 45]
    assert on_plateaus(errors, 2) == pytest.approx([1, 1, 1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.001])
    assert on_plateaus(errors, 3) == pytest.approx([1, 1, 1, 1, 1, 1, 1, 0.1, 0.1])
    assert on_plateaus(errors, 2, floor_lr=0.05) == pytest.approx([1, 1, 1, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05])
