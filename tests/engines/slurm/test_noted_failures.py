"""A submission's failures are on disk, where each start of a task finds those of the starts before."""

import json
from pathlib import Path

import pytest

from findings.engines.failures import Failure
from findings.engines.slurm.failures import Failures


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "failures").mkdir()
    return tmp_path


def test_what_other_processes_have_noted_counts_for_its_run_alone(folder: Path) -> None:
    for _ in range(3):
        assert Failures(folder).given_up("run") is None
        Failures(folder).note("run", Failure("no memory", 40))
    assert Failures(folder).given_up("run") == "3 starts without a new checkpoint: no memory (3)"
    assert Failures(folder).given_up("another") is None


def test_what_no_other_start_would_change_is_noted_as_such(folder: Path) -> None:
    Failures(folder).note("run", Failure("diverged", 12, final=True))
    assert Failures(folder).given_up("run") == "diverged"


def test_a_start_has_one_note_that_of_which_most_is_known(folder: Path) -> None:
    for start in ("0", "1"):
        Failures(folder).note("run", Failure("killed", 0, start=start, node="n1"))
        Failures(folder).note("run", Failure("out of memory", 0, start=start, node="n1"))
    assert [failure.reason for failure in Failures(folder).of("run")] == ["out of memory"] * 2
    assert Failures(folder).latest("run", 0) == "out of memory (2) on n1"
    assert Failures(folder).latest("run", 10) == ""  # the last start got further


def test_the_files_of_submissions_of_before_are_read(folder: Path) -> None:
    before = [{"reason": "no memory", "iteration": 40, "final": False}] * 2
    (folder / "failures" / "run.json").write_text(json.dumps(before))
    Failures(folder).note("run", Failure("no memory", 40, start="2"))
    assert Failures(folder).given_up("run") == "3 starts without a new checkpoint: no memory (3)"
