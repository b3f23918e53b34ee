"""Error against iterations: a line per network, dashed for training and solid for test, with a band over the seeds."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from findings.judging.evidence import Evidence, Run
from findings.report.figures.drawing import HEIGHT, INK, WIDTH, cap, headings, label_ends, shown
from findings.report.figures.looks import look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEFT, NUMBERS = 0.57, 0.34  # inches: before the first panel, and for the numbers of each further one
LEADER, LETTER = 0.2, 0.058  # inches: from a line to what is written beside it, and a letter of that
SPLITS = (("train_error", "train", (0, (3, 1.4)), 1.1), ("test_error", "test", "-", 1.6))


@dataclass(frozen=True)
class Panel:
    """One of the axes side by side: its title and its networks by depth, or by another word for them."""

    title: str
    models: Mapping[Any, str]


@dataclass(frozen=True)
class Line:
    """Mean, smallest and largest error over the seeds at each evaluated iteration."""

    iterations: list[float]
    mean: list[float]
    low: list[float]
    high: list[float]


@dataclass(frozen=True)
class Curves:
    """A figure of training curves; the panels share the error axis."""

    evidence: Evidence
    title: str
    panels: Sequence[Panel]

    def draw(self) -> "Figure | None":
        from matplotlib.figure import Figure
        from matplotlib.ticker import MaxNLocator

        drawn = [
            Panel(panel.title, {d: m for d, m in panel.models.items() if shown(self.evidence, m)[0]})
            for panel in self.panels
        ]
        models = [model for panel in drawn for model in panel.models.values()]
        finals = [line.mean[-1] for model in models for line in self._lines(model).values()]
        if not finals:
            return None
        figure = Figure(figsize=(WIDTH, HEIGHT))
        grid = figure.subplots(1, len(drawn), sharey=True, squeeze=False)[0]
        figure.subplots_adjust(top=0.735, bottom=0.125, **_across(drawn))
        top = cap(finals, 1.45)  # room for the fall before the last drop of the learning rate
        for axes, panel in zip(grid, drawn, strict=True):
            axes.set_title(panel.title, loc="left")
            axes.set_xlabel("iterations")
            axes.set_ylim(0, top)
            axes.set_xlim(0, max(arm.config.get("recipe.iterations", 1) for arm in self.evidence.plan.arms))
            axes.xaxis.set_major_formatter(lambda x, _: f"{x / 1000:g}k" if x >= 1000 else f"{x:g}")
            axes.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 4, 5, 10], integer=True))
            axes.tick_params(labelleft=True)
            axes.yaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 5, 10], integer=True))
            self._draw_panel(axes, panel)
        grid[0].set_ylabel("error (%)")
        several = any(len(shown(self.evidence, model)[0]) > 1 for model in models)
        bands = "; mean over the seeds, band from the lowest to the highest" if several else ""
        note = f"Solid: test error. Dashed: training error, as trained{bands}."
        headings(figure, self.evidence, self.title, note, models)
        return figure

    def _draw_panel(self, axes: "Axes", panel: Panel) -> None:
        ends, notes, under_way = [], [], []
        for depth, model in panel.models.items():
            colour, marker = look(model).colour, look(model).marker
            if not shown(self.evidence, model)[1]:
                under_way.append(depth)
            for split, line in self._lines(model).items():
                name, dashes, width = next((n, d, w) for key, n, d, w in SPLITS if key == split)
                many = len(line.iterations) > 12
                axes.plot(
                    line.iterations,
                    line.mean,
                    color=colour,
                    linestyle=dashes,
                    linewidth=width,
                    marker=marker,
                    markersize=3.6 if not many else 3.2,
                    markerfacecolor="white" if split == "train_error" else colour,
                    markeredgewidth=0.8,
                    markevery=0.14 if many else 1,
                    solid_capstyle="round",
                )
                axes.fill_between(line.iterations, line.low, line.high, color=colour, alpha=0.16, linewidth=0)
                ends.append((line.iterations[-1], line.mean[-1], f"{depth} {name}", colour))
        label_ends(axes, HEIGHT, ends)
        missing = sorted(set(self._planned(panel)) - set(panel.models))
        for what, depths in (("under way", under_way), ("no run yet", missing)):
            unit = " layers" if all(isinstance(depth, int) for depth in depths) else ""
            notes += [f"{what}: {', '.join(str(depth) for depth in depths)}{unit}"] if depths else []
        box: dict[str, Any] = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.5}
        place: dict[str, Any] = {
            "x": 0.99,
            "y": 0.985,
            "ha": "right",
            "va": "top",
            "transform": axes.transAxes,
            "fontsize": 7.5,
        }
        axes.text(s="\n".join(notes), color=INK, bbox=box if notes else None, **place)

    def _planned(self, panel: Panel) -> list[Any]:
        return [depth for given in self.panels if given.title == panel.title for depth in given.models]

    def _lines(self, model: str) -> dict[str, Line]:
        runs = shown(self.evidence, model)[0]
        found = {split: over_seeds(runs, split) for split, *_ in SPLITS}
        return {split: line for split, line in found.items() if line.iterations}


def _across(panels: Sequence[Panel]) -> dict[str, float]:
    """Where panels begin and end, so that what is written beside their lines has room: by its longest word."""
    longest = max(len(f"{label} train") for panel in panels for label in panel.models)
    room = LEADER + LETTER * longest  # inches
    breadth = (WIDTH - LEFT - NUMBERS * (len(panels) - 1) - room * len(panels)) / len(panels)
    if len(panels) <= 2 and room < 0.7:
        return {"left": 0.075, "right": 0.885, "wspace": 0.40}
    return {"left": LEFT / WIDTH, "right": 1 - room / WIDTH, "wspace": (room + NUMBERS) / breadth}


def over_seeds(runs: Sequence[Run], column: str) -> Line:
    """Pool the seeds at every iteration at which one was evaluated; a diverged seed stays where it ended."""
    series = [_series(run, column) for run in runs]
    iterations = sorted({at for values in series for at in values})
    pooled = []
    for at in iterations:
        each = [_at(run, values, at) for run, values in zip(runs, series, strict=True)]
        pooled.append([value for value in each if value is not None])
    return Line(iterations, [statistics.fmean(values) for values in pooled], [*map(min, pooled)], [*map(max, pooled)])


def _at(run: Run, values: dict[float, float], at: float) -> float | None:
    if at in values:
        return values[at]
    return values[max(values)] if run.diverged and values and at > max(values) else None


def _series(run: Run, column: str) -> dict[float, float]:
    """Iteration -> error, where it was measured."""
    found = ((row["iteration"], row.get(column)) for row in run.rows)
    return {at: value for at, value in found if at is not None and value is not None and not math.isnan(value)}
