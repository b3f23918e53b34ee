"""A run is given up after it has failed three times in the same way at the same place, or once for good."""

import pytest

from findings.engines.failures import Failure, given_up

SAME = Failure("no memory", 40)


def test_three_times_the_same_is_enough() -> None:
    assert [given_up([SAME] * times) for times in range(3)] == [None] * 3
    assert given_up([SAME] * 3) == "3 times: no memory"
    assert given_up([Failure("no disk", 0), *[SAME] * 3]) == "3 times: no memory"


@pytest.mark.parametrize("other", [Failure("no memory", 41), Failure("no disk", 40)])
def test_progress_or_another_reason_counts_anew(other: Failure) -> None:
    noted = [SAME, SAME, other, SAME, SAME]
    assert [given_up(noted[:count]) for count in range(6)] == [None] * 6


def test_what_no_other_start_would_change_is_given_up_at_once() -> None:
    assert given_up([SAME, Failure("diverged", 12, final=True)]) == "diverged"


def test_reasons_that_differ_in_numbers_alone_are_one() -> None:
    reasons = ("process 12 at 0x7f3a has 8.3 GiB", "process 3 at 0x11 has 8.25 GiB", "process 4 at 0xe has 9 GiB")
    noted = [Failure(reason, 0) for reason in reasons]
    assert given_up(noted) == f"3 times: {reasons[2]}"
    assert given_up([*noted, Failure("connection refused", 0)]) is None
