"""The devices' parts of a batch are all of it, in order, and split no group."""

from itertools import pairwise

import pytest

from findings.data.parts import groups, part


@pytest.mark.parametrize("images", [1, 2, 29, 100, 127, 128])
@pytest.mark.parametrize("size", [1, 2, 3, 8])
@pytest.mark.parametrize("group", [None, 1, 16, 64])
def test_parts_follow_one_another_and_split_no_group(images: int, size: int, group: int | None) -> None:
    parts = [part(images, rank, size, group) for rank in range(size)]
    assert parts[0][0] == 0
    assert parts[-1][1] == images
    assert all(stop == start for (_, stop), (start, _) in pairwise(parts))
    assert all(start % (group or 1) == 0 for start, stop in parts if start < stop)
    assert parts[0][1] > 0
    if group:
        held = [groups(stop - start, group) for start, stop in parts]
        assert sum(held) == groups(images, group)
        assert max(held) - min(held) <= 1
    else:
        lengths = [stop - start for start, stop in parts]
        assert max(lengths) - min(lengths) <= 1


def test_a_batch_that_comes_out_even_is_shared_evenly() -> None:
    assert [part(128, rank, 4, 16) for rank in range(4)] == [(0, 32), (32, 64), (64, 96), (96, 128)]
