"""Test error and agreement against the distance by which the test images are moved."""

import statistics
from collections.abc import Mapping
from itertools import cycle
from typing import TYPE_CHECKING

from findings.judging.evidence import Evidence
from findings.report.figures.drawing import HEIGHT, WIDTH, headings, label_ends
from findings.report.figures.looks import look

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DASHES = ("-", (0, (4, 1.6)), (0, (1, 1.2)), (0, (5, 1, 1, 1)))
PANELS = (
    ("test_error", "Test error", "test error (%)"),
    ("agreement", "Same prediction as unmoved", "test images (%)"),
)


def draw_moves(evidence: Evidence, title: str, lines: Mapping[str, str]) -> "Figure | None":
    """Two panels with a line for each of ``lines`` (name -> model): mean and range over the seeds."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    found = {name: _by_distance(evidence, model) for name, model in lines.items()}
    if not any(found.values()):
        return None
    figure = Figure(figsize=(WIDTH, HEIGHT))
    grid = figure.subplots(1, 2)
    figure.subplots_adjust(left=0.075, right=0.865, top=0.735, bottom=0.125, wspace=0.66)
    for axes, (column, heading, label) in zip(grid, PANELS, strict=True):
        axes.set_title(heading, loc="left")
        axes.set_xlabel("images moved by (pixels)")
        axes.set_ylabel(label)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        ends = []
        for (name, distances), dashes in zip(found.items(), cycle(DASHES), strict=False):
            of_arm = look(lines[name])
            values = {at: each[column] for at, each in distances.items() if each[column]}
            if not values:
                continue
            means = [statistics.fmean(each) for each in values.values()]
            axes.plot(list(values), means, color=of_arm.colour, marker=of_arm.marker, ms=4, linestyle=dashes, lw=1.5)
            low, high = [*map(min, values.values())], [*map(max, values.values())]
            axes.fill_between(list(values), low, high, color=of_arm.colour, alpha=0.16, lw=0)
            ends.append((list(values)[-1], means[-1], name, of_arm.colour))
        axes.set_ylim(*((0, None) if column == "test_error" else (None, 100.5)))
        label_ends(axes, HEIGHT, ends)
    note = "Moved up, down, left and right, zeros coming in: mean over the four and the seeds; band: the seeds' range."
    if any(not run.probed("shift", "test_error") for model in lines.values() for run in evidence.runs_of(model)):
        note += " Runs that diverged are not moved."
    headings(figure, evidence, title, note, [model for model in lines.values() if _by_distance(evidence, model)])
    return figure


def _by_distance(evidence: Evidence, model: str) -> dict[int, dict[str, list[float]]]:
    """{pixels: {column: a value per seed}}"""
    found: dict[int, dict[str, list[float]]] = {}
    for run in evidence.runs_of(model):
        for column, *_ in PANELS:
            for pixels, value in run.probed("shift", column).items():
                columns = found.setdefault(int(pixels), {column: [] for column, *_ in PANELS})
                columns[column] += [] if value is None else [value]
    return dict(sorted(found.items()))
