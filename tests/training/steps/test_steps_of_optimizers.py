"""Other optimisers than SGD: torch's own steps, resumed exactly, on one device and on several."""

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from findings.config.identity import identify
from findings.config.schema import Config
from findings.data import load
from findings.data.stream import place
from findings.training.assembly import new_learner
from findings.training.schedule import learning_rate
from findings.training.steps import Fast, Plain
from findings.training.steps.update import FusedSGD
from tiny_runs import equal_draws, go, numbers, record_of, tiny, trained

EPOCH = 12  # steps
OPTIMIZERS: dict[str, str] = {
    "adam": "{_target_: torch.optim.Adam, betas: [0.9, 0.99], amsgrad: true}",
    "adamw": "{_target_: torch.optim.AdamW}",
    "sgd": "{_target_: torch.optim.SGD, momentum: 0.8}",
    "damped sgd": "{_target_: torch.optim.SGD, momentum: 0.8, dampening: 0.1}",
    "nadam": "{_target_: torch.optim.NAdam}",
    "rmsprop": "{_target_: torch.optim.RMSprop}",
}


def config(directory: Path, optimizer: str, **changes: Any) -> Config:
    return tiny(directory, recipe__optimizer=optimizer, recipe__lr=0.01, **changes)


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS.keys())
@pytest.mark.parametrize("fast", [True, False], ids=["fast", "plain"])
def test_a_stopped_run_equals_the_undisturbed(optimizer: str, fast: bool, tmp_path: Path) -> None:
    stopped = config(tmp_path / "stopped", optimizer, trainer__chunk_seconds=0, trainer__fast=fast)
    go(stopped, until=EPOCH + 5)
    assert go(stopped).status == "finished"
    whole = config(tmp_path / "whole", optimizer, trainer__fast=fast)
    assert go(whole).status == "finished"
    assert numbers(record_of(stopped)) == numbers(record_of(whole))


@pytest.mark.parametrize("way", [Fast, Plain])
@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS.keys())
def test_the_weights_are_those_of_a_plain_pytorch_loop(optimizer: str, way: Any, tmp_path: Path) -> None:
    made = config(tmp_path, optimizer, recipe__precision="fp64", recipe__milestones=[3], trainer__fast=way is Fast)
    learner = new_learner(made, *place(load(made.data), identify(made), torch.device("cpu"), torch.float64))
    theirs = new_learner(made, learner.stream, {}).network
    arguments = {key: value for key, value in made.recipe.optimizer.items() if key != "_target_"}
    kind = getattr(torch.optim, made.recipe.optimizer["_target_"].rpartition(".")[2])
    reference = kind(theirs.parameters(), lr=0.01, weight_decay=1e-4, **arguments)
    for step in range(6):
        images, labels = learner.stream.batch(0, step)
        reference.param_groups[0]["lr"] = learning_rate(made.recipe, step)
        reference.zero_grad()
        F.cross_entropy(theirs(images), labels).backward()
        reference.step()
    way(learner.network, learner.stream, learner.configure_optimizers(), made, learner.learning_rate).run(
        0, 0, 6, learner.training_error
    )
    for ours, expected in zip(learner.network.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(ours, expected, rtol=1e-7, atol=1e-9)


def test_sgd_by_name_is_the_default_bit_for_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    equal_draws(monkeypatch)
    named = trained(tmp_path / "named", recipe__optimizer="{_target_: torch.optim.SGD, momentum: 0.9}")
    assert named == trained(tmp_path / "default")


def test_the_fused_update_is_for_sgd_as_it_computes_it(tmp_path: Path) -> None:
    for optimizer, fused in ((None, True), (OPTIMIZERS["sgd"], True), (OPTIMIZERS["damped sgd"], False)):
        made = tiny(tmp_path, recipe__optimizer=optimizer)
        learner = new_learner(made, *place(load(made.data), identify(made), torch.device("cpu"), torch.float32))
        fast = Fast(learner.network, learner.stream, learner.configure_optimizers(), made, learner.learning_rate)
        assert isinstance(fast.update, FusedSGD) == fused
