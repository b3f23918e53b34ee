"""A submission's failures are on disk, where each start of a task finds those of the starts before."""

import json
from pathlib import Path

import pytest

from findings.engines.slurm.failures import Failures


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "failures").mkdir()
    return tmp_path


def test_what_other_processes_have_noted_counts_for_its_run_alone(folder: Path) -> None:
    for _ in range(3):
        assert Failures(folder).given_up("run") is None
        Failures(folder).note("run", "no memory", 40)
    assert Failures(folder).given_up("run") == "3 times: no memory"
    assert Failures(folder).given_up("another") is None


def test_what_no_other_start_would_change_is_noted_as_such(folder: Path) -> None:
    Failures(folder).note("run", "diverged", 12, final=True)
    assert Failures(folder).given_up("run") == "diverged"


def test_the_file_is_as_submissions_of_before_have_it(folder: Path) -> None:
    before = [{"reason": "no memory", "iteration": 40, "final": False}] * 2
    path = folder / "failures" / "run.json"
    path.write_text(json.dumps(before))
    Failures(folder).note("run", "no memory", 40)
    assert path.read_text() == json.dumps([*before, before[0]], indent=1) + "\n"
    assert Failures(folder).given_up("run") == "3 times: no memory"
