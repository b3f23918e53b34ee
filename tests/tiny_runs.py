"""Runs that take a second: a network of 8 layers, 4 wide, on digits, with every value that matters here written out."""

import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from findings.config.compose import Composer
from findings.config.identity import identify
from findings.config.schema import Config
from findings.data.randomness import Randomness
from findings.records.record import TIMING, Record
from findings.training.journal import Progress
from findings.training.signals import Stop
from findings.training.train import Outcome, train
from findings.wandb_mirror.mirror import mirror

# 1,437 training images in batches of 128: epochs of 12 steps with the last one partial, and a last epoch of 4
OVERRIDES = {
    "scale": "quick",
    "data": "digits",
    "recipe": "quick",
    "tracking": "none",
    "model": "resnet20",
    "model.depth": 8,
    "model.width": 4,
    "recipe.iterations": 40,
    "recipe.batch_size": 128,
    "recipe.drop_last": False,
    "recipe.lr": 0.1,
    "recipe.milestones": [20, 30],
    "recipe.gamma": 0.1,
    "recipe.warmup_iterations": 0,
    "recipe.momentum": 0.9,
    "recipe.nesterov": False,
    "recipe.weight_decay": 1e-4,
    "recipe.normalisation": "per_pixel_mean",
    "recipe.crop_padding": 1,
    "recipe.padding": "zero",
    "recipe.flip": True,
    "recipe.precision": "fp32",
    "evaluation.evaluate_every": 1,
    "evaluation.remeasure_training": "every",
    "trainer.accelerator": "cpu",
    "trainer.threads": 1,
    "trainer.evaluation_batch_size": 250,
}


def overrides(**changes: Any) -> list[str]:
    """``recipe__lr=0.2`` stands for ``recipe.lr=0.2``."""
    merged = OVERRIDES | {key.replace("__", "."): value for key, value in changes.items()}
    return [f"{key}={'null' if value is None else value}" for key, value in merged.items()]


@cache
def _composer(_: Path) -> Composer:
    """One for each working directory, which may hold a conf/ of its own: Hydra takes long for each choice of groups."""
    return Composer()


def tiny(directory: Path, **changes: Any) -> Config:
    return _composer(Path.cwd()).compose([*overrides(**changes), f"runs_dir={directory}"]).config


def record_of(config: Config) -> Record:
    return Record(identify(config).directory)


def go(config: Config, *, until: int | None = None, retry_failed: bool = False) -> Outcome:
    """Train; with ``until``, ask to stop at the first chunk that ends at or after that iteration."""
    stop = Stop()

    def progress(iteration: int, _: int, __: str) -> None:
        if until is not None and iteration >= until:
            stop.ask("the test says so")

    watch: Progress = progress
    return train(identify(config), stop=stop, progress=watch, observer=mirror, retry_failed=retry_failed)


def numbers(record: Record) -> list[dict[str, str]]:
    """The rows without what differs when a run is repeated."""
    return [{key: value for key, value in row.items() if key not in TIMING} for row in record.rows()]


def trained(directory: Path, **changes: Any) -> list[dict[str, str]]:
    """The rows of a run that nothing disturbs."""
    config = tiny(directory, **changes)
    assert go(config).status == "finished"
    return numbers(record_of(config))


def trained_once(**changes: Any) -> list[dict[str, str]]:
    """The same, trained once for all tests of a process; of the code as it is, so not for a test that changes it."""
    key = repr(sorted(changes.items()))
    if key not in _TRAINED:
        with tempfile.TemporaryDirectory() as directory:
            _TRAINED[key] = trained(Path(directory), **changes)
    return [dict(row) for row in _TRAINED[key]]


_TRAINED: dict[str, list[dict[str, str]]] = {}


def equal_draws(monkeypatch: Any) -> None:
    """Let runs of one seed begin with the same weights and see the same batches, whatever their arm."""
    monkeypatch.setattr(Randomness, "of", lambda run: Randomness("any arm", run.config.seed))


def replaced(target: Any, name: str, wrapper: Callable[[Any], Any], monkeypatch: Any) -> None:
    """Put ``wrapper(original)`` in the place of ``target.name`` for the time of a test."""
    monkeypatch.setattr(target, name, wrapper(getattr(target, name)))
