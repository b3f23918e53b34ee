"""How many runs side by side, and compiled or not: what was measured decides, and only where it pays."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from findings.config.identity import identify
from findings.config.schema import Config
from findings.cost import autotune
from findings.cost.autotune import apply, choose
from findings.cost.measure.measurement import Failure
from findings.nets.complexity import Complexity
from findings.planning.freezing import freeze_run
from findings.planning.plan import PlannedRun
from findings.records.record import Record
from tiny_runs import tiny

LARGE, SMALL = 10**11, 10**3  # multiply-adds of an image


@pytest.fixture(autouse=True)
def four_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(autotune, "cores", lambda: 4)
    monkeypatch.setattr("findings.planning.plan.cores", lambda: 4)
    monkeypatch.setattr("findings.engines.local.pool.cores", lambda: 4)
    monkeypatch.setattr(autotune, "gpus", list)
    monkeypatch.setattr(autotune, "_busy", lambda: False)


class Machine:
    """Measures as it is told to: {workers: images/s}, and how much compiling gains."""

    def __init__(self, rates: dict[int, float | Failure], gain: float | Failure = 1.0) -> None:
        self.rates, self.gain = rates, gain
        self.asked: list[tuple[int, int | None, bool]] = []

    def __call__(self, config: Config, workers: int, _: float, devices: Sequence[str], __: float) -> float | Failure:
        compiled = bool(config.trainer.compiled)
        self.asked.append((workers, config.trainer.threads, compiled))
        rate = self.rates[workers]
        if compiled:
            return self.gain if isinstance(self.gain, Failure) else rate * self.gain
        return rate


def plan(folder: Path, multiply_adds: int = LARGE, seeds: int = 5, **changes: object) -> list[PlannedRun]:
    changes = {"trainer__threads": None} | changes
    configs = [tiny(folder, seed=seed, **changes) for seed in range(seeds)]
    counts = Complexity(1, multiply_adds, 1)
    return [PlannedRun.of(identify(config), {}, counts) for config in configs]


def quietly(_: str) -> None:
    pass


def test_the_fastest_number_of_workers_is_taken_with_its_share_of_the_cores(tmp_path: Path) -> None:
    machine = Machine({1: 100.0, 2: 180.0, 4: 150.0})
    runs = plan(tmp_path)
    choice = choose(runs, None, quietly, measure=machine)
    assert choice.jobs == 2
    assert [asked[:2] for asked in machine.asked[:3]] == [(1, 4), (2, 2), (4, 1)]
    assert {run.config.trainer.threads for run in apply(runs, choice)} == {2}


def test_more_workers_have_to_be_clearly_faster(tmp_path: Path) -> None:
    assert choose(plan(tmp_path), None, quietly, measure=Machine({1: 100.0, 2: 103.0, 4: 104.0})).jobs == 1


def test_workers_that_do_not_fit_are_not_taken(tmp_path: Path) -> None:
    said: list[str] = []
    machine = Machine({1: 100.0, 2: 190.0, 4: Failure("out of memory")})
    assert choose(plan(tmp_path), None, said.append, measure=machine).jobs == 2
    assert any("out of memory" in line for line in said)


def test_a_failure_is_not_remembered(tmp_path: Path) -> None:
    runs = plan(tmp_path, trainer__compiled=False)
    assert choose(runs, None, quietly, measure=Machine({1: Failure("the machine was busy")})).jobs == 4
    assert choose(runs, None, quietly, measure=Machine({1: 100.0, 2: 180.0, 4: 150.0})).jobs == 2


def test_on_a_gpu_so_many_of_the_largest_network_have_to_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(autotune, "gpus", lambda: ["0"])
    monkeypatch.setattr(autotune, "WORTH_MEASURING", {"cuda": 0})
    monkeypatch.setattr("torch.cuda.get_device_name", lambda: "A GPU")

    def measure(config: Config, workers: int, _: float, devices: Sequence[str], __: float) -> float | Failure:
        large = config.model["depth"] == 14
        return Failure("out of memory") if large and workers > 2 else 100.0 * workers

    often = plan(tmp_path, trainer__accelerator="auto")
    large = plan(tmp_path, seeds=1, model__depth=14, trainer__accelerator="auto")
    counts = Complexity(1, LARGE, 10**6)
    large = [replace(run, complexity=counts) for run in large]
    assert choose(often, None, quietly, measure=measure).jobs == len(often)
    assert choose(often + large, None, quietly, measure=measure).jobs == 2


@pytest.mark.parametrize(("gain", "compiled"), [(1.3, True), (1.02, False), (Failure("no compiler"), False)])
def test_a_network_is_compiled_where_that_is_clearly_faster(
    gain: float | Failure, compiled: bool, tmp_path: Path
) -> None:
    runs = plan(tmp_path)
    choice = choose(runs, 2, quietly, measure=Machine({1: 100.0}, gain))
    assert {run.config.trainer.compiled for run in apply(runs, choice)} == {compiled}


def test_a_sweep_of_minutes_is_not_measured(tmp_path: Path) -> None:
    machine = Machine({})
    choice = choose(plan(tmp_path, SMALL), None, quietly, measure=machine)
    assert (choice.jobs, machine.asked) == (4, [])
    assert not any(run.config.trainer.compiled for run in apply(plan(tmp_path, SMALL), choice))


def test_finished_runs_are_no_work(tmp_path: Path) -> None:
    runs = plan(tmp_path)
    for run in map(freeze_run, runs):
        Record(run.directory).update(status="finished")
    machine = Machine({})
    choose(runs, None, quietly, measure=machine)
    assert machine.asked == []


def test_what_was_measured_is_remembered_for_this_machine_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine({1: 100.0, 2: 180.0, 4: 150.0}, 1.3)
    first = choose(plan(tmp_path), None, quietly, measure=machine)
    asked = len(machine.asked)
    assert choose(plan(tmp_path), None, quietly, measure=machine) == first
    assert len(machine.asked) == asked
    monkeypatch.setattr("findings.records.provenance.processor", lambda: "another")
    choose(plan(tmp_path), None, quietly, measure=machine)
    assert len(machine.asked) == 2 * asked


def test_what_was_measured_beside_others_is_not_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine({1: 100.0, 2: 180.0, 4: 150.0}, 1.3)
    monkeypatch.setattr(autotune, "_busy", lambda: True)
    assert choose(plan(tmp_path), None, quietly, measure=machine).jobs == 2
    asked = len(machine.asked)
    monkeypatch.setattr(autotune, "_busy", lambda: False)
    choose(plan(tmp_path), None, quietly, measure=machine)
    assert len(machine.asked) == 2 * asked


def test_two_that_measure_at_once_keep_both_answers(tmp_path: Path) -> None:
    class Meanwhile(Machine):
        def __call__(self, *arguments: Any) -> float | Failure:
            if not self.asked:
                choose(plan(tmp_path, model__depth=14), 2, quietly, measure=Machine({1: 100.0}, 1.3))
            return super().__call__(*arguments)

    choose(plan(tmp_path), 2, quietly, measure=Meanwhile({1: 100.0}, 1.3))
    for changes in ({}, {"model__depth": 14}):
        machine = Machine({})
        choose(plan(tmp_path, **changes), 2, quietly, measure=machine)
        assert machine.asked == []


@pytest.mark.parametrize(("limit", "measured"), [(50.0, 0), (10_000.0, 5)])
def test_a_time_limit_leaves_a_tenth_for_measuring(limit: float, measured: int, tmp_path: Path) -> None:
    machine = Machine({1: 100.0, 2: 180.0, 4: 150.0})
    choice = choose(plan(tmp_path), None, quietly, time.monotonic() + limit, machine)
    assert len(machine.asked) == measured
    assert choice.jobs == (2 if measured else 4)
    after = Machine({1: 100.0, 2: 180.0, 4: 150.0})
    choose(plan(tmp_path), None, quietly, measure=after)
    assert (after.asked == []) == bool(measured), "what could not be measured is not remembered"


def test_a_run_that_has_its_config_keeps_what_it_says(tmp_path: Path) -> None:
    """Otherwise a sweep that is gone on with elsewhere would change its rounding midway."""
    before = [freeze_run(run) for run in plan(tmp_path, trainer__threads=3, trainer__compiled=False)]
    choice = choose(plan(tmp_path), 2, quietly, measure=Machine({1: 100.0}, 1.5))
    again = [freeze_run(run) for run in apply(plan(tmp_path), choice)]
    assert [run.config.trainer for run in again] == [run.config.trainer for run in before]


def test_what_a_config_says_is_not_chosen(tmp_path: Path) -> None:
    runs = plan(tmp_path, trainer__compiled=False, trainer__threads=1)
    machine = Machine({1: 100.0}, 1.5)
    runs = apply(runs, choose(runs, 2, quietly, measure=machine))
    assert machine.asked == []
    assert {(run.config.trainer.threads, run.config.trainer.compiled) for run in runs} == {(1, False)}
    slow = [replace(run, config=tiny(tmp_path, trainer__fast=False)) for run in plan(tmp_path)]
    assert not any(run.config.trainer.compiled for run in apply(slow, choose(slow, 2, quietly, measure=machine)))
