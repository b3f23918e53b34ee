"""How figures are laid out."""

import itertools

import pytest

from findings.report.figures.drawing import cap, depth_colours, spread_out


def test_labels_keep_their_distance_and_their_order() -> None:
    wanted = [7.0, 7.1, 7.05, 0.1, 15.9, 7.2]
    placed = spread_out(wanted, 1.0, 0.5, 16.0)
    order = sorted(range(6), key=lambda i: wanted[i])
    gaps = [placed[b] - placed[a] for a, b in itertools.pairwise(order)]
    assert min(gaps) >= 1 - 1e-9
    assert min(placed) >= 0.5
    assert max(placed) <= 16.0
    assert placed[4] == 15.9


@pytest.mark.parametrize(
    ("finals", "top"),
    [([4.0, 9.0, 13.0], 16), ([0.1, 0.1, 0.1, 40.0], 50), ([0.0], 1), ([9.0, 10.0, 8.0, 62.0], 70), ([90.0], 100)],
)
def test_the_error_axis_ends_sensibly(finals: list[float], top: float) -> None:
    assert cap(finals, 1.1) == top


def test_the_deeper_the_darker() -> None:
    colours = depth_colours([20, 32, 44, 56, 110])
    brightness = [sum(int(colour[i : i + 2], 16) for i in (1, 3, 5)) for colour, _ in colours.values()]
    assert brightness == sorted(brightness, reverse=True)
    assert len({marker for _, marker in colours.values()}) == 5
