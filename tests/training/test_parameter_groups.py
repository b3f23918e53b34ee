"""What decays: all weights, or all but those of norms and biases."""

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from findings.config.identity import identify
from findings.data import load
from findings.data.stream import place
from findings.training.assembly import new_learner
from findings.training.learner import Learner
from findings.training.steps import Captured, Fast, Plain
from tiny_runs import equal_draws, go, numbers, record_of, tiny, trained

SPARED: dict[str, Any] = {"recipe__decay_norms_and_biases": False, "recipe__weight_decay": 0.1}


def learner_of(directory: Path, **changes: Any) -> Learner:
    config = tiny(directory, **changes)
    return new_learner(config, *place(load(config.data), identify(config), torch.device("cpu"), torch.float32))


def test_by_default_all_is_one_group(tmp_path: Path) -> None:
    learner = learner_of(tmp_path)
    (group,) = learner.configure_optimizers().param_groups
    assert group["params"] == list(learner.network.parameters())


def test_norms_and_biases_are_spared(tmp_path: Path) -> None:
    learner = learner_of(tmp_path, **SPARED)
    decaying, others = learner.configure_optimizers().param_groups
    assert (decaying["weight_decay"], others["weight_decay"]) == (0.1, 0.0)
    norms_and_biases = [
        parameter
        for module in learner.network.modules()
        for name, parameter in module.named_parameters(recurse=False)
        if isinstance(module, nn.BatchNorm2d) or name == "bias"
    ]
    assert {id(parameter) for parameter in others["params"]} == {id(parameter) for parameter in norms_and_biases}
    assert len(decaying["params"]) + len(others["params"]) == len(list(learner.network.parameters()))


@pytest.mark.parametrize("way", [Fast, Captured, Plain])
def test_the_steps_are_those_of_torchs_sgd_with_two_groups(way: Any, tmp_path: Path) -> None:
    learner = learner_of(tmp_path, **SPARED, trainer__fast=way is not Plain)
    theirs = learner_of(tmp_path, **SPARED, trainer__fast=way is not Plain).network
    one, more = ([p for p in theirs.parameters() if (p.ndim > 1) == large] for large in (True, False))
    reference = torch.optim.SGD([{"params": one, "weight_decay": 0.1}, {"params": more}], lr=0.1, momentum=0.9)
    for step in range(4):
        images, labels = learner.stream.batch(0, step)
        reference.zero_grad()
        F.cross_entropy(theirs(images), labels).backward()
        reference.step()
    steps = way(learner.network, learner.stream, learner.configure_optimizers(), learner.config, learner.learning_rate)
    steps.run(0, 0, 4, learner.training_error)
    for ours, expected in zip(learner.network.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(ours, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("optimizer", [None, "{_target_: torch.optim.AdamW}"])
def test_a_stopped_run_equals_the_undisturbed_and_is_another_than_the_default(
    optimizer: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    equal_draws(monkeypatch)
    changes = {**SPARED, "recipe__optimizer": optimizer, "recipe__lr": 0.01}
    config = tiny(tmp_path / "stopped", trainer__chunk_seconds=0, **changes)
    go(config, until=17)
    assert go(config).status == "finished"
    assert numbers(record_of(config)) == trained(tmp_path / "whole", **changes)
    assert numbers(record_of(config)) != trained(tmp_path / "d", **{**changes, "recipe__decay_norms_and_biases": True})
