"""What several devices cannot train together is refused to all of them, in one line, before they add up anything."""

import shutil
import signal
import uuid
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from findings.config.identity import identify
from findings.errors import InputError
from findings.records import provenance
from findings.records.lease import lease
from findings.training.assembly import ready
from findings.training.journal import refuse_other_start
from findings.training.processes import launched
from several import ODD, Disturbance, Ended, launch, run, statuses, together
from tiny_runs import go, record_of, tiny


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
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "set_device", lambda device: None)
    monkeypatch.setattr(provenance, "host", lambda: "n1")
    config = run(tmp_path / "run", devices=4, trainer__accelerator="cuda")

    def device(rank: int, visible: dict[int, str], others: list[tuple[str, str | None]]) -> torch.device:
        monkeypatch.setattr(torch.cuda, "device_count", lambda: len(visible))
        monkeypatch.setattr(
            torch.cuda, "get_device_properties", lambda index: SimpleNamespace(uuid=uuid.UUID(visible[index] * 32))
        )

        def gathered(mine: tuple[str, str | None]) -> list[tuple[str, str | None]]:
            return [*others[:rank], mine, *others[rank:]]

        return ready(config, SimpleNamespace(size=len(others) + 1, local_rank=rank, gathered=gathered))  # type: ignore[arg-type]

    first, second = (str(uuid.UUID(one * 32)) for one in "12")
    all_gpus = {0: "1", 1: "2"}
    assert device(1, all_gpus, [("n1", first)]) == torch.device("cuda", 1)
    assert device(1, {0: "2"}, [("n1", first)]) == torch.device("cuda", 0)  # as SLURM binds them
    assert device(1, {0: "1"}, [("n2", first)]) == torch.device("cuda", 0)
    with pytest.raises(InputError, match=r"^trainer\.devices: process 3 of 3 has no GPU of its own on n1; allowed: at"):
        device(2, all_gpus, [("n1", first), ("n1", second)])
    with pytest.raises(InputError, match=r"process 2 of 3 has no GPU of its own on n1"):  # the only one, and not bound
        device(0, {0: "1"}, [("n1", first), ("n2", first)])


def test_processes_that_were_given_different_runs_are_refused(tmp_path: Path) -> None:
    config, other = (run(tmp_path / name, seed=seed, **ODD) for name, seed in (("one", 0), ("two", 1)))
    ended = together(config, tmp_path, others=[other])
    assert statuses(ended) == ["refused", "refused"]
    names = f"{identify(config).id} and {identify(other).id}"
    assert {one.reason for one in ended} == {f"findings train: its 2 processes were given different runs: {names}"}
    assert not record_of(config).metrics.exists()


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


def test_a_last_batch_too_small_for_batch_norm_across_devices_is_refused(tmp_path: Path) -> None:
    config = run(tmp_path / "run", **ODD, recipe__batch_size=4)  # 1437 = 359 x 4 + 1
    ended = together(config, tmp_path)
    assert statuses(ended) == ["refused", "refused"]
    assert (
        "images make a batch of 1, too few for batch norm across 2 devices; allowed: at most 1, or" in ended[1].reason
    )
