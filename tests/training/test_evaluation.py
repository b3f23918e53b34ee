"""A signal is obeyed within an evaluation too: large splits take minutes."""

from pathlib import Path

import pytest

from findings.config.identity import identify
from findings.training.journal import Journal
from findings.training.learner import Learner
from findings.training.signals import Stop
from findings.training.train import train
from tiny_runs import go, numbers, record_of, tiny, trained_once


@pytest.fixture(scope="module")
def undisturbed() -> list[dict[str, str]]:
    return trained_once()


@pytest.mark.parametrize("iteration", [12, 40])
def test_a_run_stopped_in_an_evaluation_repeats_just_that(
    iteration: int, undisturbed: list, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny(tmp_path)
    stop, measured = Stop(), Learner._measure

    def interrupted(learner: Learner, split: object, heed: object) -> object:
        if learner.done == iteration:
            stop.ask("the test says so")
        return measured(learner, split, heed)

    monkeypatch.setattr(Learner, "_measure", interrupted)
    outcome = train(identify(config), stop=stop, progress=lambda *_: None)
    assert outcome.status == "interrupted"
    record = record_of(config)
    assert record["iteration"] == iteration
    assert [row["iteration"] for row in record.rows()] == [
        row["iteration"] for row in undisturbed if int(row["iteration"]) < iteration
    ]
    monkeypatch.undo()
    assert go(config).status == "finished"
    assert numbers(record_of(config)) == undisturbed


def test_a_kill_after_the_repeated_evaluation_doubles_no_row(
    undisturbed: list, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny(tmp_path)
    stop, measured = Stop(), Learner._measure

    def interrupted(learner: Learner, split: object, heed: object) -> object:
        stop.ask("the test says so")
        return measured(learner, split, heed)

    monkeypatch.setattr(Learner, "_measure", interrupted)
    train(identify(config), stop=stop, progress=lambda *_: None)
    monkeypatch.undo()
    # the row is written, and the process dies before the next checkpoint
    monkeypatch.setattr(Journal, "save", lambda *_: (_ for _ in ()).throw(RuntimeError("killed")))
    assert go(config, until=12).status == "failed"
    assert len(record_of(config).rows()) == 1
    monkeypatch.undo()
    assert go(config, retry_failed=True).status == "finished"
    assert numbers(record_of(config)) == undisturbed
