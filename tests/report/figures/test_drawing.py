"""How figures are laid out."""

import itertools

import pytest

from findings.report.figures import curves
from findings.report.figures.drawing import HEIGHT, WIDTH, cap, label_ends, spread_out, style


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


@pytest.mark.parametrize("labels", [[20, 56], ["lr 0.01", "lr 0.1"], ["a rather long word of theirs"]])
@pytest.mark.parametrize("panels", [1, 2, 3])
def test_what_is_written_beside_a_panels_lines_has_room(labels: list[str | int], panels: int) -> None:
    """Before the numbers of the next panel, or the figure's edge."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    drawn = [curves.Panel("", dict.fromkeys(labels, ""))] * panels
    with style():
        figure = Figure(figsize=(WIDTH, HEIGHT))
        FigureCanvasAgg(figure)
        grid = figure.subplots(1, panels, squeeze=False)[0]
        figure.subplots_adjust(top=0.735, bottom=0.125, **curves._across(drawn))
        for axes in grid:
            axes.set_ylim(0, 100)
            label_ends(axes, HEIGHT, [(1.0, 50.0, f"{label} train", "#000000") for label in labels])
        figure.draw_without_rendering()
        ends = [max(text.get_window_extent().x1 for text in axes.texts) for axes in grid]
        begins = [min(tick.get_window_extent().x0 for tick in axes.get_yticklabels()) for axes in grid]
        limits = [*begins[1:], figure.bbox.x1]
    assert all(end < limit for end, limit in zip(ends, limits, strict=True)), (ends, limits)
