"""The last epoch's error against depth: every seed a dot, their mean and standard deviation beside them."""

import math
import statistics
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from findings.judging.evidence import Evidence
from findings.report.figures.drawing import HEIGHT, QUIET, WIDTH, cap, headings, label_ends
from findings.report.figures.looks import look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

KINDS = (((0, (4, 1.6)), -1), ("-", 1))  # dashes, and on which side of their mean the seeds stand
PANELS = (("train_error", "Training error, as trained"), ("test_error", "Test error"))
Finals = dict[str, dict[int, list[float]]]  # line -> depth -> one error per seed


def draw_against_depth(evidence: Evidence, title: str, lines: Mapping[str, Mapping[int, str]]) -> "Figure | None":
    """Two panels, training | test, with one line for each of ``lines`` (name -> depth -> model)."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    panels = {column: _finals(evidence, lines, column) for column, _ in PANELS}
    means = [statistics.fmean(v) for finals in panels.values() for depths in finals.values() for v in depths.values()]
    if not means:
        return None
    figure = Figure(figsize=(WIDTH, HEIGHT))
    grid = figure.subplots(1, 2, sharey=True)
    figure.subplots_adjust(left=0.075, right=0.905, top=0.735, bottom=0.125, wspace=0.32)
    top = cap(means, 1.12)
    depths = sorted({depth for finals in panels.values() for line in finals.values() for depth in line})
    span = depths[-1] - depths[0]
    low, high = (depths[0] - 0.1 * span, depths[-1] + 0.1 * span) if span else (depths[0] - 10, depths[0] + 10)
    for axes, (column, heading) in zip(grid, PANELS, strict=True):
        axes.set_title(heading, loc="left")
        axes.set_xlabel("depth (weighted layers)")
        axes.set_xticks(depths)
        axes.set_xlim(low, high)
        axes.set_ylim(0, top)
        axes.tick_params(labelleft=True)
        axes.yaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 5, 10], integer=top > 4))
        _draw_panel(axes, lines, panels[column], 0.027 * (high - low))
    grid[0].set_ylabel("error at the last epoch (%)")
    note = "Small dots: one seed each. Large marks and bars: mean and standard deviation over the seeds."
    headings(
        figure, evidence, title, note, [m for line in lines.values() for m in line.values() if _ended(evidence, m)]
    )
    return figure


def _draw_panel(axes: "Axes", lines: Mapping[str, Mapping[int, str]], finals: Finals, aside: float) -> None:
    """Dots in the colour of each depth's network, joined by a line in that of the deepest."""
    ends = []
    for (name, by_depth), (dashes, side) in zip(finals.items(), KINDS, strict=False):
        if not by_depth:
            continue
        means = [statistics.fmean(values) for values in by_depth.values()]
        deepest = look(lines[name][max(by_depth)]).colour
        axes.plot(list(by_depth), means, linestyle=dashes, color=deepest, linewidth=1.5)
        for (depth, values), mean in zip(by_depth.items(), means, strict=True):
            colour, marker = look(lines[name][depth]).colour, look(lines[name][depth]).marker
            axes.plot([depth + side * aside] * len(values), values, marker, color=colour, ms=2.8, alpha=0.6, mew=0)
            sd = statistics.stdev(values) if len(values) > 1 else 0.0
            mark: dict[str, Any] = {"fmt": marker, "ms": 5.5, "mec": "white", "mew": 0.8}
            axes.errorbar(depth, mean, yerr=sd, color=colour, capsize=2.5, elinewidth=1, **mark)
        ends.append((list(by_depth)[-1], means[-1], name, deepest))
    label_ends(axes, HEIGHT, ends, points=9)
    if not any(finals.values()):
        axes.text(0.5, 0.5, "not measured", transform=axes.transAxes, ha="center", color=QUIET)


def _ended(evidence: Evidence, model: str) -> bool:
    return any(run.rows for run in evidence.runs_of(model))


def _finals(evidence: Evidence, lines: Mapping[str, Mapping[int, str]], column: str) -> Finals:
    found: Finals = {name: {} for name in lines}
    for name, models in lines.items():
        for depth, model in models.items():
            last = [run.rows[-1].get(column) for run in evidence.runs_of(model) if run.rows]
            values = [value for value in last if value is not None and not math.isnan(value)]
            if values:
                found[name][depth] = values
    return found
