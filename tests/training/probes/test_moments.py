"""Probes within a run: measured at the iterations that are asked for, once, and without a trace in the training."""

import csv
import signal
from pathlib import Path
from typing import Any

import pytest
import torch

from findings.config.schema import Config
from findings.nets.build import build
from findings.nets.synced import across_devices, on_one_device
from findings.records import predictions
from findings.training.journal import Journal
from findings.training.learner import Learner
from several import Disturbance, run, statuses, together
from tiny_runs import go, numbers, record_of, tiny, trained, trained_once

PROBES = "findings.training.probes"
AT = [0, 5, 12, 17, -1]  # before the first step, within an epoch, at an epoch's end, ..., at the end of 40
EVERY = ",".join(
    f"{{_target_:{PROBES}.{probe},at:{AT}}}"
    for probe in (
        "gradients.GradientNorms",
        "activations.Activations",
        "jacobian.Jacobian",
        "receptive_field.EffectiveReceptiveField",
        "filters.FirstLayerFilters",
    )
)
DROPOUT = {"model__head": "fc", "model__hidden": "[16]", "model__dropout": 0.5}


def probed_run(directory: Path, **changes: Any) -> Config:
    return tiny(directory, evaluation__probes=f"[{EVERY}]", **changes)


def rows_of(config: Config) -> list[dict[str, str]]:
    with record_of(config).probes.open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Config:
    config = probed_run(tmp_path_factory.mktemp("undisturbed"))
    assert go(config).status == "finished"
    return config


def test_a_probed_run_has_the_numbers_of_an_unprobed_one(undisturbed: Config, tmp_path: Path) -> None:
    assert numbers(record_of(undisturbed)) == trained_once()
    with_dropout = probed_run(tmp_path / "probed", trainer__fast=False, **DROPOUT)
    assert go(with_dropout).status == "finished"
    assert numbers(record_of(with_dropout)) == trained(tmp_path / "dropout", trainer__fast=False, **DROPOUT)


def test_every_probe_measures_at_its_iterations_even_within_a_chunk(undisturbed: Config) -> None:
    rows = rows_of(undisturbed)
    found = {probe: [row for row in rows if row["probe"] == probe] for probe in {row["probe"] for row in rows}}
    assert {row["iteration"] for row in found.pop("final")} == {"40"}
    assert len(found) == 5
    for probe, each in found.items():
        iterations = [int(row["iteration"]) for row in each]
        assert sorted(set(iterations)) == [0, 5, 12, 17, 40], probe
        assert iterations == sorted(iterations)
        assert all(row["value"] and not row["remark"] for row in each)
        first, last = ([row["value"] for row in each if row["iteration"] == at] for at in ("0", "40"))
        assert first != last
        assert len(first) == len(last)


@pytest.mark.parametrize("until", [5, 12, 14, 17, 39])
def test_a_stopped_and_resumed_run_is_probed_once(until: int, undisturbed: Config, tmp_path: Path) -> None:
    config = probed_run(tmp_path, trainer__chunk_seconds=0)
    assert go(config, until=until).status == "interrupted"
    assert go(config).status == "finished"
    assert numbers(record_of(config)) == numbers(record_of(undisturbed))
    assert record_of(config).probes.read_bytes() == record_of(undisturbed).probes.read_bytes()


@pytest.mark.parametrize("iteration", [0, 5, 12, 40])
def test_a_run_stopped_while_it_is_probed_begins_that_anew(
    iteration: int, undisturbed: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from findings.config.identity import identify
    from findings.training.probes.jacobian import Jacobian
    from findings.training.signals import Stop
    from findings.training.train import train

    config, stop, measure = probed_run(tmp_path), Stop(), Jacobian.measure

    def interrupted(probe: Jacobian, moment: Any) -> Any:
        if moment.iteration == iteration:
            stop.ask("the test says so")
        return measure(probe, moment)

    monkeypatch.setattr(Jacobian, "measure", interrupted)
    assert train(identify(config), stop=stop, progress=lambda *_: None).status == "interrupted"
    assert record_of(config)["iteration"] == iteration
    monkeypatch.undo()
    assert go(config).status == "finished"
    assert numbers(record_of(config)) == numbers(record_of(undisturbed))
    assert record_of(config).probes.read_bytes() == record_of(undisturbed).probes.read_bytes()


@pytest.mark.parametrize("iteration", [17, 40])
def test_what_no_checkpoint_covers_is_probed_again(
    iteration: int, undisturbed: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after the rows are written and before the next checkpoint."""
    config, write = probed_run(tmp_path, trainer__chunk_seconds=0), Journal.write_probes

    def killed(journal: Journal, learner: Learner, rows: list) -> None:
        write(journal, learner, rows)
        if learner.done == iteration:
            raise RuntimeError("killed")

    go(config, until=8)  # where the checkpoint stands
    monkeypatch.setattr(Journal, "write_probes", killed)
    assert go(config).status == "failed"
    assert rows_of(config)[-1]["iteration"] == str(iteration)
    assert record_of(config).predictions.exists() == (iteration == 40)
    monkeypatch.undo()
    assert go(config, until=9, retry_failed=True).status == "interrupted"
    assert not record_of(config).predictions.exists()
    assert {row["iteration"] for row in rows_of(config)} == {"0", "5"}
    assert go(config).status == "finished"
    assert record_of(config).probes.read_bytes() == record_of(undisturbed).probes.read_bytes()


def test_a_run_killed_between_its_last_checkpoint_and_its_end_keeps_its_probes(tmp_path: Path) -> None:
    config = probed_run(tmp_path)
    go(config)
    before, kept = record_of(config).probes.read_bytes(), record_of(config).predictions.read_bytes()
    record_of(config).update(status="running")
    assert go(config).status == "finished"
    assert (record_of(config).probes.read_bytes(), record_of(config).predictions.read_bytes()) == (before, kept)


def test_two_devices_write_what_one_does(tmp_path: Path) -> None:
    """Batch norm of the whole batch, of which each device trains a part; probes see all of it."""
    changes = {"recipe__precision": "fp64", "recipe__iterations": 14, "recipe__milestones": [9], "data__name": "odd"}
    changes |= {"data___target_": "odd_digits.load", "data__train_images": None, "data__test_images": None}
    changes |= {"trainer__chunk_seconds": 0}
    asked = EVERY.replace(str(AT), "[0, 12, -1]")
    one, two = (
        run(tmp_path / name, devices=devices, evaluation__probes=f"[{asked}]", **DROPOUT, **changes)
        for name, devices in (("one", 1), ("two", 2))
    )
    assert go(one).status == "finished"
    assert statuses(together(two, tmp_path, Disturbance(1, 13, signal.SIGUSR1))) == ["interrupted"] * 2
    assert statuses(together(two, tmp_path)) == ["finished"] * 2
    expected, found = rows_of(one), rows_of(two)
    assert len(found) == len(expected) > 100
    for theirs, ours in zip(expected, found, strict=True):
        assert {**ours, "value": ""} == {**theirs, "value": ""}
        assert float(ours["value"]) == pytest.approx(float(theirs["value"]), rel=1e-6, abs=1e-9)
    theirs, ours = (predictions.read(record_of(config).predictions) for config in (one, two))
    assert theirs is not None
    assert ours is not None
    assert len(ours.labels) == 359, "an odd number of images: parts of batches differ"
    assert (ours.labels == theirs.labels).all()
    assert (ours.classes == theirs.classes).all()
    assert abs(ours.logits.astype(float) - theirs.logits.astype(float)).max() < 0.01


def test_probes_leave_weights_momentum_and_running_statistics_alone(tmp_path: Path) -> None:
    """The checkpoint of a probed run holds the tensors of an unprobed one."""
    probed, plain = probed_run(tmp_path / "probed"), tiny(tmp_path / "plain")
    for config in (probed, plain):
        assert go(config).status == "finished"
    ours, theirs = (torch.load(record_of(each).checkpoint, weights_only=True) for each in (probed, plain))
    assert ours["state_dict"].keys() == theirs["state_dict"].keys()
    for name, tensor in theirs["state_dict"].items():
        assert torch.equal(ours["state_dict"][name], tensor), name
    (momenta,), (expected,) = (each["optimizer_states"] for each in (ours, theirs))
    for index, state in expected["state"].items():
        assert torch.equal(momenta["state"][index]["momentum_buffer"], state["momentum_buffer"])


def test_what_a_checkpoint_covers_is_not_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from findings.training.probes.jacobian import Jacobian

    config, measured, measure = probed_run(tmp_path, trainer__chunk_seconds=0), [], Jacobian.measure
    monkeypatch.setattr(Jacobian, "measure", lambda self, at: measured.append(at.iteration) or measure(self, at))
    for until in (5, 12, 14):
        assert go(config, until=until).status == "interrupted"
    assert go(config).status == "finished"
    assert measured == [0, 5, 12, 17, 40]


def test_the_generators_are_left_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from findings.training import journal

    states, probe = [], journal.probe

    def watched(*arguments: Any) -> Any:
        before = torch.get_rng_state()
        rows = probe(*arguments)
        states.append((before, torch.get_rng_state()))
        return rows

    monkeypatch.setattr(journal, "probe", watched)
    assert go(probed_run(tmp_path, **DROPOUT)).status == "finished"
    assert len(states) == 5
    assert all(torch.equal(*pair) for pair in states)


def test_a_copy_asks_no_other_device() -> None:
    network = build(tiny(Path("nowhere"), **DROPOUT))
    before, state = [type(layer) for layer in network.modules()], network.state_dict()
    across_devices(network)
    assert [type(layer) for layer in network.modules()] != before
    alone = on_one_device(network)
    assert [type(layer) for layer in alone.modules()] == before
    for name, tensor in alone.state_dict().items():
        assert torch.equal(tensor, state[name])
