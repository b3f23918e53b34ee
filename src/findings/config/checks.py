"""What no run could be trained with: a config's values, each and together."""

from findings.config.schema import ACCELERATORS, TRACKING_MODES, Config, InitFromConfig, Padding, Schedule
from findings.errors import InputError


def check(config: Config) -> None:
    """Check what types cannot say. Raises :class:`InputError` naming the key."""
    recipe, data, trainer = config.recipe, config.data, config.trainer
    _at_least("seed", config.seed, 0)
    for section, minima in _MINIMA.items():
        values = getattr(config, section)
        for key, minimum in minima.items():
            value = getattr(values, key)
            if value is not None:
                _at_least(f"{section}.{key}", value, minimum)
    if recipe.milestones != sorted(set(recipe.milestones)) or any(m <= 0 for m in recipe.milestones):
        raise InputError("recipe.milestones", f"{recipe.milestones} is not a rising list of iterations above 0")
    if recipe.schedule is Schedule.step and recipe.milestones and recipe.milestones[-1] >= recipe.iterations:
        raise InputError(
            "recipe.milestones",
            f"the last one, {recipe.milestones[-1]}, is not before the end, recipe.iterations={recipe.iterations}",
        )
    if recipe.schedule is Schedule.plateau and not data.validation:
        raise InputError("recipe.schedule", "plateau needs images to validate on: data.validation above 0")
    if recipe.floor_lr and recipe.schedule is Schedule.step:
        raise InputError("recipe.floor_lr", "belongs to recipe.schedule=cosine or plateau")
    if recipe.floor_lr > recipe.lr:
        raise InputError("recipe.floor_lr", f"{recipe.floor_lr:g} is above recipe.lr={recipe.lr:g}")
    if recipe.warmup_iterations > recipe.iterations:
        raise InputError(
            "recipe.warmup_iterations", f"{recipe.warmup_iterations} is above recipe.iterations={recipe.iterations}"
        )
    if recipe.nesterov and recipe.momentum == 0:
        raise InputError("recipe.nesterov", "needs recipe.momentum above 0")
    if not 0 <= recipe.momentum < 1:
        raise InputError("recipe.momentum", f"{recipe.momentum} is not in [0, 1)")
    if not 0 <= recipe.label_smoothing < 1:
        raise InputError("recipe.label_smoothing", f"{recipe.label_smoothing} is not in [0, 1)")
    _divides("recipe.batch_norm_group", recipe.batch_norm_group, "recipe.batch_size", recipe.batch_size)
    _divides("data.resize", data.resize, "data.size", data.size)  # whole squares of pixels are averaged
    if recipe.padding is Padding.reflection and recipe.crop_padding >= data.pixels:
        raise InputError("recipe.crop_padding", f"reflection needs less than the images' {data.pixels} pixels")
    if data.train_images is not None and data.validation >= data.train_images:
        raise InputError("data.validation", f"{data.validation} is not below data.train_images={data.train_images}")
    if config.init_from.run is None and config.init_from != InitFromConfig():
        raise InputError("init_from.run", "is missing: init_from says which run's weights to begin with")
    _check_probes(config)
    _check_devices(config)
    if trainer.accelerator == "mps":
        raise InputError(
            "trainer.accelerator", "mps is not supported yet: on a Mac, training runs on the CPU", ACCELERATORS
        )
    if trainer.accelerator not in ACCELERATORS:
        raise InputError(
            "trainer.accelerator", f"unknown value '{trainer.accelerator}'", ACCELERATORS, trainer.accelerator
        )
    if trainer.chunk_seconds > 5:
        raise InputError(
            "trainer.chunk_seconds", f"{trainer.chunk_seconds} is above 5: a preempted run must save in time"
        )
    if trainer.compiled and not trainer.fast:
        raise InputError("trainer.compiled", "needs trainer.fast=true")
    if config.tracking.mode not in TRACKING_MODES:
        raise InputError(
            "tracking.mode", f"unknown value '{config.tracking.mode}'", TRACKING_MODES, config.tracking.mode
        )
    for folder in ("runs_dir", "results_dir"):
        if not getattr(config, folder):
            raise InputError(folder, "is empty; '.' is the working directory")
    if not data.name.replace("-", "").replace("_", "").isalnum():
        raise InputError(
            "data.name", f"'{data.name}' may hold letters, digits, '-' and '_' only: it names run directories"
        )


def _check_devices(config: Config) -> None:
    """The global batch has to come out even: each device's part, and in it each group of batch norm."""
    recipe, trainer = config.recipe, config.trainer
    devices = trainer.devices * trainer.nodes
    if devices == 1:
        return
    if recipe.batch_size % devices:
        raise InputError(
            "trainer.devices",
            f"{trainer.devices} x trainer.nodes={trainer.nodes} does not divide recipe.batch_size={recipe.batch_size}",
            [str(n) for n in _divisors(recipe.batch_size) if recipe.batch_size % (n * trainer.nodes) == 0],
        )
    part = recipe.batch_size // devices
    if recipe.batch_norm_group is not None and part % recipe.batch_norm_group:
        raise InputError(
            "recipe.batch_norm_group",
            f"{recipe.batch_norm_group} does not divide the {part} images of a batch on each of {devices} devices",
            ["null", *map(str, _divisors(part))],
        )
    if not trainer.fast:
        raise InputError("trainer.fast", "false is for one device: needs trainer.devices=1 and trainer.nodes=1")
    if trainer.compiled:
        raise InputError("trainer.compiled", "is for one device: needs trainer.devices=1 and trainer.nodes=1")


def _divides(key: str, part: int | None, of: str, whole: int) -> None:
    if part is not None and whole % part:
        raise InputError(key, f"{part} does not divide {of}={whole}", ["null", *map(str, _divisors(whole))])


def _divisors(number: int) -> list[int]:
    return [n for n in range(1, number + 1) if number % n == 0]


def _check_probes(config: Config) -> None:
    for key, values, least, most in (
        ("shifts", config.evaluation.shifts, 0, config.data.pixels - 1),
        ("sizes", config.evaluation.sizes, 4, 16 * config.data.pixels),  # below 4 pixels nothing is left to see
    ):
        if values != sorted(set(values)) or any(not least <= value <= most for value in values):
            raise InputError(f"evaluation.{key}", f"{values} is not a rising list of pixels from {least} to {most}")


_MINIMA: dict[str, dict[str, float]] = {
    "recipe": {
        "iterations": 1,
        "batch_size": 1,
        "batch_norm_group": 1,
        "lr": 0,
        "gamma": 0,
        "patience": 1,
        "floor_lr": 0,
        "warmup_iterations": 0,
        "warmup_lr": 0,
        "weight_decay": 0,
        "auxiliary_weight": 0,
        "crop_padding": 0,
    },
    "data": {"validation": 0, "channels": 1, "size": 1, "resize": 1, "classes": 2, "train_images": 1, "test_images": 1},
    "evaluation": {"evaluate_every": 1},
    "trainer": {
        "devices": 1,
        "nodes": 1,
        "threads": 1,
        "evaluation_batch_size": 1,
        "checkpoint_every": 0,
        "chunk_seconds": 0,
    },
}


def _at_least(key: str, value: float, minimum: float) -> None:
    if value == float("inf"):
        raise InputError(key, "is infinite")
    if not value >= minimum:  # also refuses nan
        raise InputError(key, f"{value} is below {minimum:g}, the least it may be")
