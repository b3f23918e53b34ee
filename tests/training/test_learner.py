"""What training computes, and that it is the same wherever it was stopped."""

import csv
import math
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F

from findings.config.identity import identify
from findings.data import load
from findings.data.stream import place
from findings.nets.build import build
from findings.training.assembly import new_learner
from findings.training.learner import Chunk, Learner
from findings.training.schedule import learning_rate
from tiny_runs import go, numbers, record_of, replaced, tiny, trained, trained_once

EPOCH = 12  # steps
DROPOUT = {"model__head": "fc", "model__hidden": [16], "model__dropout": 0.5}


@pytest.fixture(scope="module")
def undisturbed() -> list[dict[str, str]]:
    return trained_once()


@pytest.mark.parametrize("until", [1, 5, EPOCH, EPOCH + 1, 27, 28, 29, 3 * EPOCH, 39])
def test_a_stopped_and_resumed_run_equals_the_undisturbed(until: int, undisturbed: list, tmp_path: Path) -> None:
    config = tiny(tmp_path, trainer__chunk_seconds=0)
    assert go(config, until=until).status == "interrupted"
    assert record_of(config)["iteration"] == until
    assert len(record_of(config).rows()) == until // EPOCH
    assert go(config).status == "finished"
    assert numbers(record_of(config)) == undisturbed


def test_a_run_stopped_at_every_step_equals_the_undisturbed(undisturbed: list, tmp_path: Path) -> None:
    config = tiny(tmp_path, trainer__chunk_seconds=0)
    for until in range(10, 15):
        go(config, until=until)
    go(config)
    assert numbers(record_of(config)) == undisturbed


def test_a_stop_at_the_very_end_still_finishes(undisturbed: list, tmp_path: Path) -> None:
    config = tiny(tmp_path)
    assert go(config, until=40).status == "finished"
    assert numbers(record_of(config)) == undisturbed


def test_a_run_killed_between_its_last_checkpoint_and_its_end_finishes(undisturbed: list, tmp_path: Path) -> None:
    config = tiny(tmp_path)
    go(config)
    record_of(config).update(status="running", iteration=36)  # what the disk holds at that moment
    assert go(config).status == "finished"
    assert numbers(record_of(config)) == undisturbed
    assert record_of(config)["iteration"] == 40


@pytest.mark.parametrize(
    "changes",
    [{"recipe__precision": "bf16"}, {"recipe__precision": "fp64"}, DROPOUT, {"data__validation": 100}],
    ids=["bf16", "fp64", "dropout", "validation"],
)
def test_every_kind_of_run_resumes_exactly_and_chunks_change_nothing(changes: dict, tmp_path: Path) -> None:
    one_step_chunks = tiny(tmp_path / "stopped", trainer__chunk_seconds=0, **changes)
    go(one_step_chunks, until=EPOCH + 5)
    go(one_step_chunks)
    whole = trained(tmp_path / "whole", trainer__chunk_seconds=5, **changes)
    assert numbers(record_of(one_step_chunks)) == whole
    assert all(math.isfinite(float(row["test_loss"])) for row in whole)


def test_dropout_drops() -> None:
    """Otherwise that it resumes would mean nothing."""
    network = build(tiny(Path("nowhere"), **DROPOUT)).train()
    images = torch.rand(64, 1, 8, 8)
    assert not torch.equal(network(images), network(images))


def test_errors_as_trained_cover_the_whole_epoch_after_a_resume_within_it(tmp_path: Path) -> None:
    config = tiny(tmp_path, trainer__chunk_seconds=0)
    go(config, until=EPOCH - 1)
    go(config)
    wrong = float(record_of(config).rows()[0]["train_error"]) * 1437 / 100
    assert wrong == pytest.approx(round(wrong), abs=1e-6)  # a whole number of the 1,437 images
    assert float(record_of(config).rows()[0]["seconds"]) > 0


def test_the_last_errors_as_trained_are_over_as_many_steps_as_an_epoch_has(
    undisturbed: list, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """40 iterations end 4 steps into an epoch: 8 of the epoch before count, too."""
    sums: list[tuple[int, float, int]] = []

    def wrap(step: Callable[..., None]) -> Callable[..., None]:
        def noted(learner: Learner, chunk: Chunk, number: int) -> None:
            before = learner.training_error.sums()
            step(learner, chunk, number)
            wrong, loss, images = (a - b for a, b in zip(learner.training_error.sums(), before, strict=True))
            sums.append((wrong, loss, images))

        return noted

    replaced(Learner, "training_step", wrap, monkeypatch)
    rows = trained(tmp_path, trainer__chunk_seconds=0)
    assert len(sums) == 40
    assert rows == undisturbed
    for row in rows:
        steps = sums[int(row["iteration"]) - EPOCH : int(row["iteration"])]
        wrong, loss, images = (sum(values) for values in zip(*steps, strict=True))
        assert int(row["train_images"]) == images == 1437
        assert float(row["train_error"]) == pytest.approx(100 * wrong / images)
        assert float(row["train_loss"]) == pytest.approx(loss / images)


@pytest.mark.parametrize(("iterations", "images"), [(5, 5 * 128), (EPOCH, 1437), (EPOCH + 1, 1437), (2 * EPOCH, 1437)])
def test_a_run_of_any_length_says_over_how_many_images_its_errors_are(
    iterations: int, images: int, tmp_path: Path
) -> None:
    rows = trained(tmp_path, recipe__iterations=iterations, recipe__milestones=[])
    assert int(rows[-1]["train_images"]) == images
    assert 0 < float(rows[-1]["train_error"]) < 100


def test_throughput_counts_the_time_before_a_resume(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(range(10_000))
    monkeypatch.setattr(
        "findings.training.learner.time.perf_counter", lambda: float(next(ticks))
    )  # every chunk takes a second
    config = tiny(tmp_path, trainer__chunk_seconds=0)
    go(config, until=9)
    go(config)
    assert [row["seconds"] for row in record_of(config).rows()] == ["12.0", "12.0", "12.0", "4.0"]


def test_a_small_last_batch_is_no_measure_of_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the next epoch's first chunk, in which no signal is obeyed, would be many times too long."""
    config = tiny(tmp_path)
    learner = new_learner(config, *place(load(config.data), identify(config), torch.device("cpu"), torch.float32))
    learner.stepper = SimpleNamespace(run=lambda *_: None)  # type: ignore[assignment]
    ticks = iter(range(100))
    monkeypatch.setattr("findings.training.learner.time.perf_counter", lambda: float(next(ticks)))
    learner.training_step(Chunk(0, EPOCH - 1, EPOCH), 0)  # a second for 29 images
    assert learner.seconds_per_step == pytest.approx(128 / 29)
    learner.training_step(Chunk(1, 0, 2), 0)
    assert learner.seconds_per_step == pytest.approx(1 / 2)


def test_two_runs_in_one_process_equal_each_alone(undisturbed: list, tmp_path: Path) -> None:
    trained(tmp_path / "a", recipe__precision="fp64", **DROPOUT)
    assert trained(tmp_path / "b") == undisturbed


def test_the_seed_changes_every_measured_number(undisturbed: list, tmp_path: Path) -> None:
    other = trained_once(seed=1)
    for key in ("train_loss", "remeasured_train_loss", "test_loss"):
        assert not {row[key] for row in undisturbed} & {row[key] for row in other}


def test_equal_seeds_of_two_arms_share_nothing(tmp_path: Path) -> None:
    """Otherwise runs of two arms would be pairs, and Welch's interval of their difference another's."""
    one, other = (
        new_learner(config, *place(load(config.data), identify(config), torch.device("cpu"), torch.float32))
        for config in (tiny(tmp_path), tiny(tmp_path, recipe__weight_decay=0.001))
    )
    shared = [
        torch.equal(ours, theirs)
        for ours, theirs in zip(one.network.parameters(), other.network.parameters(), strict=True)
        if ours.dim() > 1  # norms begin with ones
    ]
    assert shared
    assert not any(shared)
    assert not torch.equal(one.stream.batch(0, 0)[1], other.stream.batch(0, 0)[1])


def test_evaluate_every_keeps_the_last_short_epoch(tmp_path: Path) -> None:
    rows = trained(tmp_path, evaluation__evaluate_every=3, evaluation__remeasure_training="last")
    assert [(row["epoch"], row["iteration"]) for row in rows] == [("3", "36"), ("4", "40")]
    assert [row["remeasured_train_error"] == "" for row in rows] == [True, False]


def test_rows_hold_the_rate_of_their_last_step(undisturbed: list) -> None:
    assert [float(row["lr"]) for row in undisturbed] == pytest.approx([0.1, 0.01, 0.001, 0.001])


def test_every_test_image_counts_once(undisturbed: list) -> None:
    """360 in batches of 250."""
    assert {row["test_images"] for row in undisturbed} == {"360"}
    wrong = [float(row["test_error"]) * 3.6 for row in undisturbed]
    assert wrong == pytest.approx([round(number) for number in wrong], abs=1e-9)


def test_the_validation_split_is_measured_and_not_trained_on(tmp_path: Path) -> None:
    config = tiny(tmp_path, data__validation=100)
    go(config)
    wrong = [float(row["validation_error"]) for row in record_of(config).rows()]
    assert wrong == [round(number) for number in wrong]  # of 100 images
    assert record_of(config)["provenance"]["data"]["train_images"] == 1337


def test_losses_are_those_of_a_plain_pytorch_loop(tmp_path: Path) -> None:
    config = tiny(tmp_path, recipe__nesterov=True, recipe__milestones=[5, 20], recipe__warmup_iterations=2)
    go(config)
    with (record_of(config).metrics).open() as file:
        recorded = next(csv.DictReader(file))
    stream, splits = place(load(config.data), identify(config), torch.device("cpu"), torch.float32)
    torch.manual_seed(stream.randomness.number("initialisation"))
    network = build(config)
    optimizer = torch.optim.SGD(network.parameters(), lr=1.0, momentum=0.9, nesterov=True, weight_decay=1e-4)
    losses, wrong = 0.0, 0
    for step in range(EPOCH):
        images, labels = stream.batch(0, step)
        optimizer.param_groups[0]["lr"] = learning_rate(config.recipe, step)
        optimizer.zero_grad()
        logits = network(images.contiguous())
        loss = F.cross_entropy(logits, labels)
        loss.backward()
        optimizer.step()
        losses += float(loss.detach()) * len(labels)
        wrong += int((logits.argmax(1) != labels).sum())
    network.eval()
    with torch.no_grad():
        (images, labels), *_ = splits["test"].batches(1_000)
        test_loss = float(F.cross_entropy(network(images), labels))
    assert float(recorded["train_loss"]) == pytest.approx(losses / 1437, rel=1e-4)
    assert float(recorded["train_error"]) == pytest.approx(100 * wrong / 1437, abs=0.15)  # two images at a tie
    assert float(recorded["test_loss"]) == pytest.approx(test_loss, rel=1e-3)
