"""Several devices train the run that one device trains: the same numbers, one record, one end."""

import math
import signal
from pathlib import Path
from typing import Any

import pytest
import torch

from findings.config import Config
from findings.errors import InputError
from findings.lease import lease
from several import Disturbance, Ended, statuses, together
from tiny_runs import go, numbers, record_of, tiny

# three epochs of 12 steps; the last batch of each has 29 images: one group for the first device, none for the second
ODD = {"data___target_": "odd_digits.load", "data__name": "odd", "recipe__iterations": 36}
FP64: dict[str, Any] = {**ODD, "recipe__precision": "fp64", "trainer__chunk_seconds": 0}
DROPOUT = {"model__head": "fc", "model__hidden": "[16]", "model__dropout": 0.5}


def run(directory: Path, *, devices: int = 2, **changes: Any) -> Config:
    directory.mkdir(exist_ok=True)
    return tiny(directory, trainer__devices=devices, **changes)


def tensors(config: Config) -> dict[str, torch.Tensor]:
    """Weights, running statistics and counters of the last checkpoint."""
    return torch.load(record_of(config).checkpoint, weights_only=True)["state_dict"]


@pytest.mark.parametrize(
    "changes",
    [
        {"recipe__batch_norm_group": 64},
        {"recipe__batch_norm_group": 16},
        {"recipe__batch_norm_group": None},
        {"recipe__batch_norm_group": None, **DROPOUT},
    ],
    ids=["a group each", "four groups each", "batch norm of all", "dropout"],
)
def test_two_devices_train_what_one_does(changes: dict[str, Any], tmp_path: Path) -> None:
    one = run(tmp_path / "one", devices=1, **FP64, **changes)
    assert go(one).status == "finished"
    two = run(tmp_path / "two", **FP64, **changes)
    assert statuses(together(two, tmp_path)) == ["finished", "finished"]
    expected, found = numbers(record_of(one)), numbers(record_of(two))
    assert [row["epoch"] for row in found] == ["1", "2", "3"]
    for theirs, ours in zip(expected, found, strict=True):
        assert ours["test_images"] == "359"
        measured = {key: float(value) for key, value in ours.items() if value}
        assert measured == pytest.approx({key: float(value) for key, value in theirs.items() if value}, abs=1e-8)
    weights = tensors(two)
    assert weights.keys() == tensors(one).keys()
    for name, tensor in tensors(one).items():
        torch.testing.assert_close(weights[name], tensor, rtol=0, atol=1e-8, msg=name)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    """The rows of two devices' run in chunks of other sizes."""
    directory = tmp_path_factory.mktemp("undisturbed")
    config = run(directory / "run", **ODD)
    assert statuses(together(config, directory)) == ["finished", "finished"]
    return numbers(record_of(config))


@pytest.mark.parametrize("rank", [0, 1])
def test_a_signal_to_one_of_them_stops_all_and_they_go_on_together(
    rank: int, undisturbed: list[dict[str, str]], tmp_path: Path
) -> None:
    config = run(tmp_path / "stopped", **ODD, trainer__chunk_seconds=0)
    ended = together(config, tmp_path, Disturbance(rank, 17, signal.SIGUSR1))
    assert ended == [Ended("interrupted", "received SIGUSR1")] * 2
    record = record_of(config)
    assert (record["status"], record["iteration"], int(tensors(config)["iteration"])) == ("interrupted", 18, 18)
    assert len(record.rows()) == 1
    assert statuses(together(config, tmp_path)) == ["finished", "finished"]
    record = record_of(config)
    assert numbers(record) == undisturbed
    assert (record["attempts"], record["provenance"]["devices"]) == (2, 2)
    assert statuses(together(config, tmp_path)) == ["skipped", "skipped"]


@pytest.mark.parametrize("rank", [0, 1])
def test_an_error_on_one_of_them_ends_all_and_the_record_says_where(
    rank: int, undisturbed: list[dict[str, str]], tmp_path: Path
) -> None:
    config = run(tmp_path / "run", **ODD, trainer__chunk_seconds=0, trainer__checkpoint_every=0)
    ended = together(config, tmp_path, Disturbance(rank, 5))
    assert statuses(ended) == ["failed", "failed"]
    assert ended[rank].reason == "ValueError: the disk is on fire"
    record = record_of(config)
    assert record["status"] == "failed"
    assert "the disk is on fire" in record["reason"]
    assert ("rank 1" in record["reason"]) == (rank == 1)
    assert record["iteration"] == 5
    assert statuses(together(config, tmp_path)) == ["finished", "finished"]
    assert numbers(record_of(config)) == undisturbed


def test_a_process_that_is_killed_interrupts_the_others(undisturbed: list[dict[str, str]], tmp_path: Path) -> None:
    config = run(tmp_path / "run", **ODD, trainer__chunk_seconds=0, trainer__checkpoint_every=0)
    first, _ = together(config, tmp_path, Disturbance(1, 17, signal.SIGKILL))
    assert first.status == "interrupted"
    assert first.reason.startswith("another process of this run is gone: ")
    record = record_of(config)
    assert (record["status"], record["iteration"]) == ("interrupted", 17)
    assert statuses(together(config, tmp_path)) == ["finished", "finished"]
    assert numbers(record_of(config)) == undisturbed


def test_a_first_process_that_is_killed_interrupts_the_others_too(tmp_path: Path) -> None:
    config = run(tmp_path / "run", **ODD, trainer__chunk_seconds=0)
    ended = together(config, tmp_path, Disturbance(0, 17, signal.SIGKILL))
    assert statuses(ended) == ["gone", "interrupted"]


def test_divergence_is_seen_by_all(tmp_path: Path) -> None:
    config = run(tmp_path / "run", **ODD, recipe__lr=1e30)
    assert statuses(together(config, tmp_path)) == ["failed", "failed"]
    record = record_of(config)
    assert record["diverged"]
    (row,) = record.rows()
    assert math.isfinite(float(row["test_error"]))
    assert row["test_images"] == "359"


def test_a_run_that_another_process_trains_is_refused_to_all(tmp_path: Path) -> None:
    config = run(tmp_path / "run", **ODD)
    with lease(record_of(config).directory):
        ended = together(config, tmp_path)
    assert statuses(ended) == ["refused", "refused"]
    assert ended[1].reason.endswith(ended[0].reason)
    assert ended[0].reason.startswith("in training by process")


def test_there_has_to_be_a_process_for_each_device(tmp_path: Path) -> None:
    config = run(tmp_path / "run", **ODD)
    with pytest.raises(InputError, match=r"^trainer\.devices: 2 x trainer\.nodes=1 needs 2 processes .* there is 1$"):
        go(config)
    (tmp_path / "one").mkdir()
    one = tiny(tmp_path / "one", **ODD)
    ended = together(one, tmp_path)
    assert statuses(ended) == ["refused", "refused"]
    assert all("trainer.devices: 1 x trainer.nodes=1 needs 1 processes" in member.reason for member in ended)
    assert not record_of(one).metrics.exists()


def test_a_run_goes_on_with_as_many_devices_as_it_began_with(tmp_path: Path) -> None:
    begun = run(tmp_path / "run", devices=1, **ODD, trainer__chunk_seconds=0)
    go(begun, until=5)
    ended = together(run(tmp_path / "run", **ODD), tmp_path)
    assert statuses(ended) == ["refused", "refused"]
    assert ended[0].reason.startswith("trainer.devices: 1 x trainer.nodes=1 needs 1 processes")
    assert go(begun).status == "finished"


def test_a_last_batch_too_small_for_batch_norm_across_devices_is_refused(tmp_path: Path) -> None:
    config = run(tmp_path / "run", **ODD, recipe__batch_size=4)  # 1437 = 359 x 4 + 1
    ended = together(config, tmp_path)
    assert statuses(ended) == ["refused", "refused"]
    assert (
        "images make a batch of 1, too few for batch norm across 2 devices; allowed: at most 1, or" in ended[1].reason
    )
