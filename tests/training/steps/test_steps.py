"""The faster ways to make a step give what the plain way gives."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch._dynamo.utils import counters
from torch.utils._python_dispatch import TorchDispatchMode

from findings.config.identity import identify
from findings.config.schema import Config
from findings.data import load
from findings.data.stream import place
from findings.training.assembly import DTYPES, new_learner, ready
from findings.training.learner import Learner
from findings.training.metrics import ErrorAndLoss
from findings.training.steps import Captured, Fast, Plain, Stepper, stepper_for
from tiny_runs import go, numbers, record_of, tiny, trained, trained_once

EPOCH = 12  # steps, of which the last is a partial batch
DROPOUT = {"model__head": "fc", "model__hidden": [16], "model__dropout": 0.5}
FAST, PLAIN = {"trainer__fast": True}, {"trainer__fast": False}


def learner_of(config: Config) -> tuple[Learner, torch.optim.Optimizer]:
    device = ready(config)
    learner = new_learner(config, *place(load(config.data), identify(config), device, DTYPES[config.recipe.precision]))
    optimizer = learner.configure_optimizers()
    return learner, optimizer


def made(way: type[Stepper], config: Config, steps: int = EPOCH) -> tuple[list[float], list[int], Learner]:
    """Loss and wrong answers of each of the first steps, and the learner after them."""
    learner, optimizer = learner_of(config)
    taken = way(learner.network, learner.stream, optimizer, config, learner.learning_rate)  # type: ignore[call-arg]
    losses, wrong = [], []
    for iteration in range(steps):
        seen = ErrorAndLoss()
        epoch, position = divmod(iteration, EPOCH)
        taken.run(epoch, position, position + 1, seen)
        mistakes, loss, images = int(seen.wrong), float(seen.loss), int(seen.images)
        assert images == (1437 - 11 * 128 if position == EPOCH - 1 else 128)
        losses.append(loss / images)
        wrong.append(mistakes)
    return losses, wrong, learner


@pytest.mark.parametrize("changes", [{}, DROPOUT, {"model__shortcut": "none"}], ids=["residual", "dropout", "plain"])
def test_losses_agree_with_the_plain_way_step_by_step_over_the_first_epoch(changes: dict, tmp_path: Path) -> None:
    plain, plain_wrong, _ = made(Plain, tiny(tmp_path, **PLAIN, **changes))
    fast, fast_wrong, _ = made(Fast, tiny(tmp_path, **FAST, **changes))
    assert fast[:4] == pytest.approx(plain[:4], rel=1e-5)
    assert fast == pytest.approx(plain, rel=2e-2)  # what training makes of rounding; the next test has less of it
    assert sum(abs(a - b) for a, b in zip(fast_wrong, plain_wrong, strict=True)) <= 4  # logits at a tie
    assert len(set(plain)) == EPOCH


def test_in_double_precision_they_agree_to_its_rounding(tmp_path: Path) -> None:
    plain, _, _ = made(Plain, tiny(tmp_path, recipe__precision="fp64", **PLAIN), 3 * EPOCH)
    fast, _, _ = made(Fast, tiny(tmp_path, recipe__precision="fp64", **FAST), 3 * EPOCH)
    assert fast == pytest.approx(plain, rel=1e-10)


def test_what_a_graph_captures_is_the_fast_step_bit_for_bit(tmp_path: Path) -> None:
    """On a CPU nothing is captured, but every tensor that a graph would hold is in use."""
    fast = made(Fast, tiny(tmp_path), 3 * EPOCH)
    captured = made(Captured, tiny(tmp_path), 3 * EPOCH)
    assert captured[:2] == fast[:2]
    for ours, theirs in zip(
        captured[2].network.state_dict().values(), fast[2].network.state_dict().values(), strict=True
    ):
        assert torch.equal(ours, theirs)


class NoHost(TorchDispatchMode):
    """Fails where a value is read by the host, or a size depends on values."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = str(func)
        forbidden = ("_local_scalar_dense", "nonzero", "masked_select", "item", "unique")
        assert not any(word in name for word in forbidden), f"{name} waits for the device"
        return func(*args, **(kwargs or {}))


def test_a_captured_step_reads_no_value_on_the_host(tmp_path: Path) -> None:
    config = tiny(tmp_path)
    learner, optimizer = learner_of(config)
    captured = Captured(learner.network, learner.stream, optimizer, config, learner.learning_rate)
    captured.run(0, 0, 1, ErrorAndLoss())
    for group in optimizer.param_groups:
        group["lr"] = 0.1  # the CPU's fused update reads it there; a GPU's does on the device
    with NoHost():
        captured.device_step()
    with pytest.raises(AssertionError, match="waits for the device"), NoHost():
        float(captured.summed)


def test_addresses_stay_through_steps_and_epochs(tmp_path: Path) -> None:
    """A graph writes where things lay when it was captured."""
    config = tiny(tmp_path)
    learner, optimizer = learner_of(config)
    captured = Captured(learner.network, learner.stream, optimizer, config, learner.learning_rate)
    captured.run(0, 0, 2, ErrorAndLoss())

    def addresses() -> list[int]:
        momentum = [state["momentum_buffer"] for state in optimizer.state.values()]
        own = [captured.position, captured.wrong, captured.summed, captured.rate, captured.batches.order]
        return [tensor.data_ptr() for tensor in [*learner.network.state_dict().values(), *momentum, *own]]

    before = addresses()
    captured.run(0, 2, EPOCH, ErrorAndLoss())
    captured.run(1, 0, 3, ErrorAndLoss())
    assert addresses() == before


@pytest.mark.parametrize("changes", [{}, DROPOUT, {"recipe__precision": "bf16"}], ids=["fp32", "dropout", "bf16"])
def test_the_plain_way_resumes_exactly(changes: dict, tmp_path: Path) -> None:
    config = tiny(tmp_path / "stopped", trainer__chunk_seconds=0, **PLAIN, **changes)
    go(config, until=EPOCH + 5)
    go(config)
    assert numbers(record_of(config)) == trained_once(**PLAIN, **changes)


@pytest.mark.usefixtures("compiler")
def test_a_compiled_network_trains_like_the_plain_one_and_resumes_exactly(tmp_path: Path) -> None:
    changes: dict[str, Any] = {"trainer__compiled": True, "trainer__chunk_seconds": 0, "model__depth": 8}
    stopped = tiny(tmp_path / "stopped", **changes)
    go(stopped, until=EPOCH + 5)
    go(stopped)
    whole = trained(tmp_path / "whole", **changes)
    assert numbers(record_of(stopped)) == whole
    plain = trained_once(**PLAIN)
    assert float(whole[0]["train_loss"]) == pytest.approx(float(plain[0]["train_loss"]), rel=1e-3)


@pytest.mark.usefixtures("compiler")
def test_a_worker_compiles_every_network_of_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch._dynamo.config, "recompile_limit", 1)
    for width in (4, 5):
        counters.clear()
        made(Fast, tiny(tmp_path, model__width=width, trainer__compiled=True), 3)
        assert counters["stats"]["unique_graphs"] == 1


def test_dropout_is_never_compiled(tmp_path: Path) -> None:
    """Its masks are a pure function of seed and iteration, and compiled code draws others."""
    counters.clear()
    compiled = made(Fast, tiny(tmp_path, trainer__compiled=True, **DROPOUT), 3)[:2]
    assert compiled == made(Fast, tiny(tmp_path, **DROPOUT), 3)[:2]
    assert not counters["stats"]
    config = tiny(tmp_path, trainer__compiled=True, recipe__iterations=2, recipe__milestones=[], **DROPOUT)
    go(config)
    assert record_of(config)["provenance"]["compiled"] is False


def test_a_run_goes_on_with_the_steps_it_began_with(tmp_path: Path) -> None:
    config = tiny(tmp_path, trainer__chunk_seconds=0, **PLAIN)
    go(config, until=5)
    go(tiny(tmp_path, **FAST))
    assert record_of(config)["provenance"]["fast"] is False
    assert numbers(record_of(config)) == trained_once(**PLAIN)


def test_a_cpu_takes_fast_steps_and_only_if_it_may(tmp_path: Path) -> None:
    for changes, way in (({}, Fast), (PLAIN, Plain)):
        config = tiny(tmp_path, **changes)
        learner, optimizer = learner_of(config)
        assert type(stepper_for(learner.network, learner.stream, optimizer, config, learner.learning_rate)) is way
