"""A run is given up after it has failed three times in the same way at the same place, or once for good."""

from pathlib import Path

import pytest

from findings.engines.slurm.failures import Failures


@pytest.fixture
def failures(tmp_path: Path) -> Failures:
    (tmp_path / "failures").mkdir()
    return Failures(tmp_path)


def test_three_times_the_same_is_enough(failures: Failures) -> None:
    for _ in range(2):
        failures.note("run", "no memory", 40)
        assert failures.given_up("run") is None
    failures.note("run", "no memory", 40)
    assert failures.given_up("run") == "3 times: no memory"
    assert failures.given_up("another") is None


@pytest.mark.parametrize("other", [("no memory", 41), ("no disk", 40)])
def test_progress_or_another_reason_counts_anew(other: tuple[str, int], failures: Failures) -> None:
    for reason, iteration in [("no memory", 40), ("no memory", 40), other, ("no memory", 40), ("no memory", 40)]:
        failures.note("run", reason, iteration)
        assert failures.given_up("run") is None


def test_what_no_other_start_would_change_is_given_up_at_once(failures: Failures) -> None:
    failures.note("run", "diverged", 12, final=True)
    assert failures.given_up("run") == "diverged"
