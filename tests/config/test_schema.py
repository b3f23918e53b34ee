"""Every cross-field check refuses in one line that begins with the key."""

import math
from dataclasses import replace
from typing import Any

import pytest

from findings.config.checks import check
from findings.config.schema import Config, DataConfig, Padding, RecipeConfig, Schedule, TrainerConfig
from findings.errors import InputError


def valid() -> Config:
    data = DataConfig(
        _target_="findings.data.digits.load", name="digits", label="Digits", channels=1, size=8, classes=10
    )
    return Config(scale="quick", data=data, recipe=RecipeConfig(name="quick"))


def changed(key: str, value: Any) -> Config:
    config = valid()
    section, _, name = key.rpartition(".")
    if not section:
        return replace(config, **{name: value})
    return replace(config, **{section: replace(getattr(config, section), **{name: value})})


def refusal(config: Config) -> str:
    with pytest.raises(InputError) as error:
        check(config)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_usual_config_passes() -> None:
    check(valid())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("seed", -1),
        ("recipe.iterations", 0),
        ("recipe.batch_size", 0),
        ("recipe.batch_norm_group", 0),
        ("recipe.lr", -0.1),
        ("recipe.lr", math.nan),
        ("recipe.gamma", -0.1),
        ("recipe.gamma", math.nan),
        ("recipe.warmup_iterations", -1),
        ("recipe.warmup_lr", -0.1),
        ("recipe.patience", 0),
        ("recipe.floor_lr", -0.1),
        ("recipe.weight_decay", -1e-4),
        ("recipe.crop_padding", -1),
        ("recipe.auxiliary_weight", -0.1),
        ("data.validation", -1),
        ("data.channels", 0),
        ("data.size", 0),
        ("data.classes", 1),
        ("evaluation.evaluate_every", 0),
        ("trainer.devices", 0),
        ("trainer.nodes", 0),
        ("trainer.threads", 0),
        ("trainer.evaluation_batch_size", 0),
        ("trainer.checkpoint_every", -1.0),
        ("trainer.chunk_seconds", -1.0),
    ],
)
def test_what_is_too_small_is_refused(key: str, value: float) -> None:
    assert refusal(changed(key, value)).startswith(f"{key}: {value} is below ")


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("recipe.milestones", [48_000, 32_000], "is not a rising list of iterations above 0"),
        ("recipe.milestones", [100, 100], "is not a rising list"),
        ("recipe.milestones", [0, 100], "is not a rising list"),
        ("recipe.milestones", [32_000, 64_000], "the last one, 64000, is not before the end, recipe.iterations=64000"),
        ("recipe.warmup_iterations", 64_001, "64001 is above recipe.iterations=64000"),
        ("recipe.momentum", 1.0, "1.0 is not in [0, 1)"),
        ("recipe.momentum", -0.1, "is not in [0, 1)"),
        ("recipe.momentum", math.nan, "is not in [0, 1)"),
        ("recipe.label_smoothing", 1.0, "1.0 is not in [0, 1)"),
        ("recipe.label_smoothing", -0.1, "is not in [0, 1)"),
        ("recipe.batch_norm_group", 48, "48 does not divide recipe.batch_size=128"),
        ("trainer.accelerator", "gpu", "unknown value 'gpu'"),
        ("trainer.accelerator", "cudda", "did you mean 'cuda'?"),
        ("trainer.chunk_seconds", 6.0, "6.0 is above 5: a preempted run must save in time"),
        ("tracking.mode", "ofline", "unknown value 'ofline'; did you mean 'offline'?"),
        ("data.name", "a/b", "may hold letters, digits, '-' and '_' only"),
        ("data.name", "", "may hold letters"),
        ("runs_dir", "", "is empty"),
        ("results_dir", "", "is empty"),
    ],
)
def test_what_does_not_fit_is_refused(key: str, value: Any, problem: str) -> None:
    line = refusal(changed(key, value))
    assert line.startswith(f"{key}: ")
    assert problem in line


def several(*, devices: int, nodes: int = 1, fast: bool = True, compiled: bool | None = None) -> Config:
    return replace(valid(), trainer=TrainerConfig(devices=devices, nodes=nodes, fast=fast, compiled=compiled))


def test_a_batch_that_devices_cannot_share_evenly_is_refused_with_what_they_can() -> None:
    check(several(devices=4, nodes=2))
    problem = (
        "trainer.devices: 3 x trainer.nodes=2 does not divide recipe.batch_size=128; allowed: 1, 2, 4, 8, 16, 32, 64"
    )
    assert refusal(several(devices=3, nodes=2)) == problem
    config = several(devices=4)
    config.recipe = replace(config.recipe, batch_norm_group=64)
    assert refusal(config) == (
        "recipe.batch_norm_group: 64 does not divide the 32 images of a batch on each of 4 devices; "
        "allowed: null, 1, 2, 4, 8, 16, 32"
    )
    config.recipe = replace(config.recipe, batch_norm_group=16)
    check(config)


def test_steps_for_one_device_are_refused_for_several() -> None:
    assert refusal(several(devices=2, fast=False)).startswith("trainer.fast: ")
    assert refusal(several(devices=2, compiled=True)).startswith("trainer.compiled: ")
    check(several(devices=2, compiled=False))


def test_nesterov_needs_momentum() -> None:
    config = valid()
    config.recipe = replace(config.recipe, nesterov=True, momentum=0.0)
    assert refusal(config) == "recipe.nesterov: needs recipe.momentum above 0"


def test_schedules_need_what_they_go_by() -> None:
    config, data = valid(), valid().data
    config.recipe = replace(config.recipe, schedule=Schedule.plateau)
    assert refusal(config) == "recipe.schedule: plateau needs images to validate on: data.validation above 0"
    check(replace(config, data=replace(data, validation=100)))
    config.recipe = replace(config.recipe, schedule=Schedule.step, floor_lr=0.01)
    assert refusal(config) == "recipe.floor_lr: belongs to recipe.schedule=cosine or plateau"
    config.recipe = replace(config.recipe, schedule=Schedule.cosine, iterations=10)  # milestones are of steps alone
    check(config)
    config.recipe = replace(config.recipe, floor_lr=0.2)
    assert refusal(config) == "recipe.floor_lr: 0.2 is above recipe.lr=0.1"


def test_reflection_cannot_reach_beyond_the_image() -> None:
    config = valid()
    config.recipe = replace(config.recipe, padding=Padding.reflection, crop_padding=8)
    assert refusal(config).startswith("recipe.crop_padding: reflection needs less than the images' 8 pixels")
    config.recipe = replace(config.recipe, crop_padding=7)
    check(config)


def test_limits_themselves_are_allowed() -> None:
    config = valid()
    config.recipe = RecipeConfig(name="x", iterations=1, milestones=[], warmup_iterations=1, lr=0.0, momentum=0.0)
    config.trainer = TrainerConfig(threads=1, chunk_seconds=5.0, checkpoint_every=0.0)
    check(config)


def test_errors_are_one_line_however_their_parts_are_broken() -> None:
    assert str(InputError("key", "first\n  second", ["a"], "a")) == "key: first second; did you mean 'a'? allowed: a"
    many = str(InputError("key", "wrong", [f"choice{n}" for n in range(100)]))
    assert "choice23" in many
    assert "choice24" not in many
    assert many.endswith("... (100 in all)")
