"""Several devices train the run that one device trains: the same numbers, one record, one end."""

import math
import os
import shutil
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from findings.assembly import ready
from findings.commands import train as train_command
from findings.config import Config
from findings.errors import InputError
from findings.following import Refused
from findings.frozen import freeze, thaw
from findings.journal import Journal, refuse_other_start
from findings.lease import Leased, lease
from findings.stopping import Stop
from findings.train import Outcome, train
from findings.world import ALONE, World, launched
from several import Disturbance, Ended, launch, statuses, together
from tiny_runs import go, numbers, record_of, tiny

# three epochs of 12 steps; the last batch of each has 29 images: one group for the first device, none for the second
ODD = {"data___target_": "odd_digits.load", "data__name": "odd", "recipe__iterations": 36}
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
        {"recipe__batch_norm_group": None, **VGG},
    ],
    ids=["a group each", "four groups each", "batch norm of all", "dropout", "no batch norm"],
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
        train(config, stop=Stop(), progress=lambda *_: None, world=Unheard())
    assert train(config, stop=Stop(), progress=lambda *_: None, world=Unheard()).status == "finished"


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
    frozen.write_text(freeze(run(tmp_path / "run", **ODD, trainer__chunk_seconds=0)))
    assert launch(_wait_and_be_asked_to_stop, 2, frozen) == [Ended("interrupted", "received SIGTERM")] * 2


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


def test_each_process_has_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    set_to: list[torch.device] = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "set_device", set_to.append)
    config = run(tmp_path / "run", devices=4, trainer__accelerator="cuda")
    second, third = (SimpleNamespace(size=4, local_rank=rank) for rank in (1, 2))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert ready(config, second) == torch.device("cuda", 1)
    with pytest.raises(InputError, match=r"^trainer\.devices: process 3 of .* torch sees 2 there; allowed: at most 2"):
        ready(config, third)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)  # as SLURM binds them
    assert ready(config, third) == torch.device("cuda", 0)
    assert set_to == [torch.device("cuda", 1), torch.device("cuda", 0)]


@pytest.mark.parametrize(("processes", "threads"), [(None, 4), ("1", 4), ("2", 2), ("8", 1)])
def test_processes_on_one_host_share_its_cores(
    processes: str | None, threads: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("findings.plan.cores", lambda: 4)
    monkeypatch.setattr("findings.world.launched", lambda: ALONE)
    used: list[int | None] = []

    def trains(config: Config, **_: Any) -> Outcome:
        used.append(config.trainer.threads)
        return Outcome("", "finished")

    monkeypatch.setattr("findings.train.train", trains)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", processes or "")  # so that it is unset afterwards
    if processes is None:
        monkeypatch.delenv("LOCAL_WORLD_SIZE")
    train_command._train(tiny(tmp_path, trainer__threads=None), retry=False)
    assert used == [threads]


def test_a_run_goes_on_with_as_many_devices_as_it_began_with(tmp_path: Path) -> None:
    begun = run(tmp_path / "run", devices=1, **ODD, trainer__chunk_seconds=0)
    go(begun, until=5)
    ended = together(run(tmp_path / "run", **ODD), tmp_path)
    assert statuses(ended) == ["refused", "refused"]
    assert ended[0].reason.startswith("trainer.devices: 1 x trainer.nodes=1 needs 1 processes")
    assert go(begun).status == "finished"


def test_processes_that_see_other_files_are_refused_before_they_add_up_anything(tmp_path: Path) -> None:
    places = [tmp_path / "one", tmp_path / "other"]
    config = replace(run(tmp_path, **ODD, trainer__chunk_seconds=0), runs_dir="runs")
    stopped = [together(config, tmp_path, Disturbance(0, 5, signal.SIGUSR1), places=_made(places[:1]) * 2)]
    shutil.copytree(*places)
    stopped.append(together(config, tmp_path, Disturbance(0, 17, signal.SIGUSR1), places=places[:1] * 2))
    assert [statuses(ended) for ended in stopped] == [["interrupted", "interrupted"]] * 2
    assert (
        together(config, tmp_path, places=places)
        == [Ended("refused", "runs_dir: processes begin after iterations 18, 6: they do not see the same files")] * 2
    )
    assert statuses(together(config, tmp_path, places=places[:1] * 2)) == ["finished", "finished"]


def _made(places: list[Path]) -> list[Path]:
    for place in places:
        place.mkdir()
    return places


def _begin(accelerators: tuple[str, str]) -> str:
    here = launched()
    try:
        with here.working():
            refuse_other_start(here, 12, accelerators[here.rank])
    except InputError as error:
        return str(error)
    return "begun"


def test_processes_on_different_kinds_of_device_are_refused() -> None:
    refusal = "trainer.accelerator: processes have different devices (cuda, cpu); allowed: cpu for all"
    assert launch(_begin, 2, ("cuda", "cpu")) == [refusal] * 2
    assert launch(_begin, 2, ("cuda", "cuda")) == ["begun"] * 2


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
    frozen.write_text(freeze(config))
    assert launch(_save_slowly, 2, frozen) == ["finished", "finished"]
    for row in record_of(config).rows():  # of 12 steps each
        assert 0 < float(row["seconds"]) < 11 * 0.2, "the second process waited that long"


def test_a_last_batch_too_small_for_batch_norm_across_devices_is_refused(tmp_path: Path) -> None:
    config = run(tmp_path / "run", **ODD, recipe__batch_size=4)  # 1437 = 359 x 4 + 1
    ended = together(config, tmp_path)
    assert statuses(ended) == ["refused", "refused"]
    assert (
        "images make a batch of 1, too few for batch norm across 2 devices; allowed: at most 1, or" in ended[1].reason
    )
