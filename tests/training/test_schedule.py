"""The learning rate of every recipe, step by step, against golden data."""

from itertools import groupby

import pytest

from findings.config.compose import Composer, groups
from findings.config.folders import shared
from findings.config.schema import Config, RecipeConfig
from findings.training.schedule import learning_rate
from golden_files import golden

SCALES = groups()["scale"]
RECIPES = groups()["recipe"]
SPECIAL = sorted(file.stem for file in (shared("conf") / "special").glob("*.yaml"))


def special(recipe: str, network: str) -> list[str]:
    return [f"recipe={recipe}", f"model={network}"]


# every file that has a say in the learning rate
CHOICES = {
    **{f"recipe {name}": [f"recipe={name}"] for name in RECIPES},
    **{f"scale {name}": [f"scale={name}"] for name in SCALES},
    **{f"special {name}": special(*name.split("-", 1)) for name in SPECIAL},
    "scale cifar10, resnet110": ["scale=cifar10", "model=resnet110"],
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
