"""A run is given up after three starts without a new checkpoint, for whatever reasons, or once for good."""

import pytest

from findings.engines.failures import Failure, counted, given_up

SAME = Failure("no memory", 40)
OTHER = Failure("no disk", 40)


def test_three_starts_without_a_new_checkpoint_are_enough_and_all_their_reasons_are_told() -> None:
    assert [given_up([SAME] * times) for times in range(3)] == [None] * 3
    assert given_up([SAME] * 3) == "3 starts without a new checkpoint: no memory (3)"
    assert given_up([SAME, OTHER, SAME]) == "3 starts without a new checkpoint: no memory (2), no disk"
    assert given_up([Failure(f"/tmp/{name} is gone", 0) for name in ("qwe", "asd", "zxc")]) is not None


@pytest.mark.parametrize("further", [Failure("no memory", 41, gained=True), Failure("no memory", 41)])
def test_a_new_checkpoint_counts_anew(further: Failure) -> None:
    """Written by the start that failed then, or by one before it, which ended as it should."""
    noted = [SAME, SAME, further, Failure("no disk", 41)]
    assert [given_up(noted[:count]) for count in range(5)] == [None] * 5
    assert given_up([*noted, *noted[-1:] * 2]) == (
        f"{3 if further.gained else 4} starts without a new checkpoint: "
        f"{'' if further.gained else 'no memory, '}no disk (3)"
    )


def test_a_start_that_wrote_one_is_not_among_the_three() -> None:
    first = Failure("no memory", 40, gained=True)
    assert given_up([first, SAME, SAME]) is None
    assert given_up([first, SAME, SAME, SAME]) is not None


def test_one_whose_checkpoint_was_lost_has_not_got_further() -> None:
    assert given_up([SAME, Failure("no memory", 0), Failure("no memory", 0)]) is not None


def test_what_no_other_start_would_change_is_given_up_at_once() -> None:
    assert given_up([SAME, Failure("diverged", 12, final=True)]) == "diverged"


def test_reasons_that_differ_in_numbers_alone_are_one() -> None:
    reasons = ("process 12 at 0x7f3a has 8.3 GiB", "process 3 at 0x11 has 8.25 GiB", "process 4 at 0xe has 9 GiB")
    assert counted([Failure(reason, 0) for reason in (*reasons, "no route")]) == f"{reasons[2]} (3), no route"
