"""A run whose rate depends on what it has measured resumes exactly, wherever it was stopped."""

import signal
from pathlib import Path
from typing import Any

import pytest

from findings.config.identity import identify
from findings.training.learner import Learner
from findings.training.signals import Stop
from findings.training.train import train
from several import ODD, Disturbance, run, statuses, together
from tiny_runs import go, numbers, record_of, tiny, trained

# epochs of 11 steps; at such rates the validation error soon rises
PLATEAU: dict[str, Any] = {
    "recipe__schedule": "plateau",
    "recipe__patience": 1,
    "recipe__lr": 0.5,
    "recipe__iterations": 88,
    "data__validation": 100,
}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    rows = trained(tmp_path_factory.mktemp("undisturbed"), **PLATEAU)
    found = [float(row["lr"]) for row in rows]
    assert len(set(found)) > 1, "it has to reach a plateau for the tests to mean anything"
    best, rate = 100.0, 0.5
    for row, lr in zip(rows, found, strict=True):
        assert lr == pytest.approx(rate)
        improved = float(row["validation_error"]) < best
        best, rate = min(best, float(row["validation_error"])), rate if improved else rate / 10
    return rows


@pytest.mark.parametrize("until", [5, 11, 40, 60, 77])
def test_a_stopped_run_equals_the_undisturbed(until: int, undisturbed: list, tmp_path: Path) -> None:
    config = tiny(tmp_path, trainer__chunk_seconds=0, **PLATEAU)
    go(config, until=until)
    assert go(config).status == "finished"
    assert numbers(record_of(config)) == undisturbed


def test_an_evaluation_that_is_repeated_counts_once(
    undisturbed: list, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny(tmp_path, **PLATEAU)
    stop, measured = Stop(), Learner._measure

    def interrupted(learner: Learner, split: object, heed: object) -> object:
        if learner.done == 44:
            stop.ask("the test says so")
        return measured(learner, split, heed)

    monkeypatch.setattr(Learner, "_measure", interrupted)
    assert train(identify(config), stop=stop, progress=lambda *_: None).status == "interrupted"
    monkeypatch.undo()
    go(config)
    assert numbers(record_of(config)) == undisturbed


def test_several_devices_reduce_together_and_resume(tmp_path: Path) -> None:
    changes = {**ODD, **PLATEAU, "recipe__batch_size": 128, "recipe__milestones": []}
    stopped = run(tmp_path / "stopped", **changes, trainer__chunk_seconds=0)
    assert statuses(together(stopped, tmp_path, Disturbance(0, 40, signal.SIGUSR1))) == ["interrupted"] * 2
    assert statuses(together(stopped, tmp_path)) == ["finished"] * 2
    whole = run(tmp_path / "whole", **changes)
    assert statuses(together(whole, tmp_path)) == ["finished"] * 2
    assert numbers(record_of(stopped)) == numbers(record_of(whole))
    assert len({row["lr"] for row in record_of(whole).rows()}) > 1
