"""A network that draws anything is seeded at every step, however it draws: it resumes exactly, in whatever steps."""

from pathlib import Path

import pytest
import torch

from drawing_network import drawing
from findings.config.identity import identify
from findings.data import load
from findings.data.stream import place
from findings.errors import InputError
from findings.training.assembly import new_learner
from findings.training.metrics import ErrorAndLoss
from findings.training.steps import Fast, Plain, Stepper
from findings.training.steps.fast import compiles
from several import ODD, statuses, together
from tiny_runs import go, numbers, record_of

EPOCH = 12  # steps
KINDS = ["drop path", "rrelu", "a layer that is left out"]


@pytest.mark.parametrize("fast", [True, False], ids=["fast", "plain"])
@pytest.mark.parametrize("kind", KINDS)
def test_it_resumes_exactly(kind: str, fast: bool, tmp_path: Path) -> None:
    stopped, whole = (
        drawing(tmp_path / name, kind, trainer__chunk_seconds=0, trainer__fast=fast) for name in ("stopped", "whole")
    )
    for until in (3, EPOCH + 5):
        assert go(stopped, until=until).status == "interrupted"
        torch.rand(7)  # what happens in another process
    go(stopped)
    go(whole)
    assert len(record_of(whole).rows()) == 4
    assert numbers(record_of(stopped)) == numbers(record_of(whole))


@pytest.mark.parametrize("kind", KINDS)
def test_both_ways_to_make_a_step_draw_the_same(kind: str, tmp_path: Path) -> None:
    losses: list[list[float]] = []
    for way in (Fast, Plain):
        config = drawing(tmp_path, kind, trainer__fast=way is Fast)
        learner = new_learner(config, *place(load(config.data), identify(config), torch.device("cpu"), torch.float32))
        stepper: Stepper = way(
            learner.network, learner.stream, learner.configure_optimizers(), config, learner.learning_rate
        )
        losses.append([])
        for position in range(4):
            seen = ErrorAndLoss()
            stepper.run(0, position, position + 1, seen)
            losses[-1].append(float(seen.loss))
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_it_is_not_compiled(tmp_path: Path) -> None:
    for kind, compiled in (("drop path", False), ("nothing", True)):
        config = drawing(tmp_path, kind, trainer__compiled=True)
        learner = new_learner(config, *place(load(config.data), identify(config), torch.device("cpu"), torch.float32))
        assert compiles(learner.network, config) is compiled


def test_what_cannot_be_seeded_fails_in_one_line(tmp_path: Path) -> None:
    config = drawing(tmp_path, "Python's random")
    with pytest.raises(InputError, match="the network draws from Python's random"):
        go(config)
    assert record_of(config)["status"] == "failed"
    assert record_of(config)["traceback"] == ""


def test_several_devices_are_refused_what_they_cannot_share(tmp_path: Path) -> None:
    ended = together(drawing(tmp_path, "drop path", trainer__devices=2, **ODD), tmp_path)
    assert statuses(ended) == ["refused", "refused"]
    assert all("several devices share the masks of nn.Dropout only" in member.reason for member in ended)
