"""Several devices train the run that one device trains: the same numbers, one record, one end."""

import math
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from findings.cli import train as train_command
from findings.config.frozen import freeze, thaw
from findings.config.identity import Run, identify
from findings.config.schema import Config
from findings.records.lease import Leased, lease
from findings.training.follower import Refused
from findings.training.journal import Journal
from findings.training.processes import ALONE, World, launched
from findings.training.signals import Stop
from findings.training.train import Outcome, train
from several import ODD, Disturbance, Ended, launch, run, statuses, together
from tiny_runs import go, numbers, record_of, tiny

FP64: dict[str, Any] = {**ODD, "recipe__precision": "fp64", "trainer__chunk_seconds": 0}
# three epochs of 2 steps; the last batch of each is one image, of which the second device has nothing
VGG = {
    "model": "vgg16",
    "model__depth": 11,
    "model__head": "gap",
    "data__size": 32,
    "recipe__batch_size": 1436,
    "recipe__iterations": 6,
    "recipe__milestones": [2, 4],
}
# of gradients near 0, which are rounding, Adam would make whole steps
ADAM = {"recipe__optimizer": "{_target_: torch.optim.Adam, eps: 1e-2}", "recipe__lr": 0.01}
DROPOUT = {"model__head": "fc", "model__hidden": "[16]", "model__dropout": 0.5}


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
        {"recipe__batch_norm_group": None, **VGG},
        {"recipe__batch_norm_group": 64, **ADAM},
    ],
    ids=["a group each", "four groups each", "batch norm of all", "dropout", "no batch norm", "adam"],
)
def test_two_devices_train_what_one_does(changes: dict[str, Any], tmp_path: Path) -> None:
    one = run(tmp_path / "one", devices=1, **{**FP64, **changes})
    assert go(one).status == "finished"
    two = run(tmp_path / "two", **{**FP64, **changes})
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


class Unheard(World):
    def told(self, value: Any) -> Any:
        if isinstance(value, Outcome | Refused):
            raise RuntimeError("gloo: Connection closed by peer")
        return value


def test_a_run_ends_as_it_is_recorded_whoever_hears_of_it(tmp_path: Path) -> None:
    config = tiny(tmp_path)
    with lease(record_of(config).directory), pytest.raises(Leased, match="in training by process"):
        train(identify(config), stop=Stop(), progress=lambda *_: None, world=Unheard())
    assert train(identify(config), stop=Stop(), progress=lambda *_: None, world=Unheard()).status == "finished"


def _wait_and_be_asked_to_stop(frozen: Path) -> Ended:
    here = launched()
    if here.leads:
        time.sleep(2)  # the other waits for what it is told
    else:
        threading.Timer(1, os.kill, (os.getpid(), signal.SIGTERM)).start()
    outcome = train(thaw(frozen), stop=Stop(), progress=lambda *_: None, world=here)
    return Ended(outcome.status, outcome.reason)


def test_a_signal_to_a_process_that_waits_for_the_first_stops_the_run_in_order(tmp_path: Path) -> None:
    frozen = tmp_path / "frozen.yaml"
    frozen.write_text(freeze(identify(run(tmp_path / "run", **ODD, trainer__chunk_seconds=0))))
    assert launch(_wait_and_be_asked_to_stop, 2, frozen) == [Ended("interrupted", "received SIGTERM")] * 2


def test_divergence_is_seen_by_all(tmp_path: Path) -> None:
    config = run(tmp_path / "run", **ODD, recipe__lr=1e30)
    assert statuses(together(config, tmp_path)) == ["failed", "failed"]
    record = record_of(config)
    assert record["diverged"]
    (row,) = record.rows()
    assert math.isfinite(float(row["test_error"]))
    assert row["test_images"] == "359"


@pytest.mark.parametrize(("processes", "threads"), [(None, 4), ("1", 4), ("2", 2), ("8", 1)])
def test_processes_on_one_host_share_its_cores(
    processes: str | None, threads: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("findings.engines.foreground.cores", lambda: 4)
    monkeypatch.setattr("findings.engines.foreground.launched", lambda: ALONE)
    used: list[int | None] = []

    def trains(run: Run, **_: Any) -> Outcome:
        used.append(run.config.trainer.threads)
        return Outcome("", "finished")

    monkeypatch.setattr("findings.engines.foreground.train", trains)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", processes or "")  # so that it is unset afterwards
    if processes is None:
        monkeypatch.delenv("LOCAL_WORLD_SIZE")
    train_command._train(identify(tiny(tmp_path, trainer__threads=None)), retry=False)
    assert used == [threads]


def _save_slowly(frozen: Path) -> str:
    save = Journal.save

    def slowly(journal: Journal, *arguments: Any) -> None:
        time.sleep(0.2)
        save(journal, *arguments)

    Journal.save = slowly  # type: ignore[method-assign]
    return train(thaw(frozen), stop=Stop(), progress=lambda *_: None, world=launched()).status


def test_what_the_first_process_writes_is_no_time_of_training(tmp_path: Path) -> None:
    config = run(tmp_path / "run", **ODD, trainer__chunk_seconds=0, trainer__checkpoint_every=0)
    frozen = tmp_path / "frozen.yaml"
    frozen.write_text(freeze(identify(config)))
    assert launch(_save_slowly, 2, frozen) == ["finished", "finished"]
    for row in record_of(config).rows():  # of 12 steps each
        assert 0 < float(row["seconds"]) < 11 * 0.2, "the second process waited that long"
