"""Curves of a sweep in a terminal: the mean over the seeds of each arm, where all of them have a row."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from findings.judging.evidence import Evidence, Run
from findings.report.braille import Canvas
from findings.report.dashboard.intervals import ticks
from findings.report.figures.looks import look

LETTERS = "abcdefghijklmnopqrstuvwxyz"
AXES = "iteration", "epoch", "seconds"
MARGIN = 8  # characters, for the numbers of the y axis


@dataclass(frozen=True)
class Line:
    """One arm's: points of (x, y), how many seeds they average, and how many are not finished."""

    label: str
    colour: str
    points: tuple[tuple[float, float], ...]
    seeds: int
    open: int


def lines_of(evidence: Evidence, metric: str, axis: str, arms: Sequence[str] = ()) -> list[Line]:
    """Of the arms in the plan's order, or of those named, which have numbers of ``metric``."""
    found = []
    for arm in evidence.plan.arms:
        runs = [run for run in evidence.begun(arm.label) if any(row.get(metric) is not None for row in run.rows)]
        if (not arms or arm.label in arms) and runs:
            unfinished = sum(not run.is_evidence for run in runs)
            points = tuple(_means(runs, metric, axis))
            found.append(Line(arm.label, look(arm.label).colour, points, len(runs), unfinished))
    return found


def of_run(run: Run, metric: str, axis: str, label: str) -> Line:
    return Line(label, look(label).colour, tuple(_means([run], metric, axis)), 1, int(not run.is_evidence))


def _means(runs: Sequence[Run], metric: str, axis: str) -> list[tuple[float, float]]:
    places: dict[float, list[tuple[float, float]]] = {}
    for run in runs:
        clock = 0.0
        for row in run.rows:
            clock += row.get("seconds") or 0.0
            value = row.get(metric)
            if value is not None and math.isfinite(value):
                x = clock if axis == "seconds" else row.get(axis)
                places.setdefault(row["iteration"] or 0.0, []).append((x or 0.0, value))
    whole = {at: each for at, each in places.items() if len(each) == len(runs)}
    return [
        (statistics.fmean(x for x, _ in each), statistics.fmean(y for _, y in each))
        for _, each in sorted(whole.items())
    ]


class Chart:
    """Renders itself as wide as the console lets it. Zeros on a logarithmic axis lie on its bottom."""

    def __init__(self, lines: Sequence[Line], metric: str, axis: str, *, log: bool = False, height: int = 16) -> None:
        self.lines = [line for line in lines if line.points]
        self.metric, self.axis, self.log, self.height = metric, axis, log, height

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if not self.lines:
            yield Text(f"no run has a number of {self.metric} yet")
            return
        plain = not (options.encoding or "").lower().startswith("utf")
        width = max(20, min(options.max_width, 110) - MARGIN - 2)
        xs, ys = zip(*(point for line in self.lines for point in line.points), strict=True)
        low, high = self._limits(ys)
        first, last = min(xs), max(xs)
        canvas = Canvas(width, self.height, plain=plain)
        for index, line in enumerate(self.lines):
            points = [((x - first) / ((last - first) or 1), self._up(y, low, high)) for x, y in line.points]
            canvas.line(points, line.colour, LETTERS[index % len(LETTERS)])
        marks = {round((1 - self._up(at, low, high)) * (self.height - 1)): at for at in self._ticks(low, high)}
        bar = "|" if plain else "│"
        for row, drawn in enumerate(canvas.rows()):
            yield Text.assemble(
                (f"{marks[row]:>{MARGIN}g}" if row in marks else " " * MARGIN, "dim"), (bar, "dim"), drawn
            )
        ends = f"{first:,.0f}", f"{last:,.0f}"
        between = self.axis.center(max(len(self.axis), width - len(ends[0]) - len(ends[1])))
        yield Text(" " * (MARGIN + 1) + ends[0] + between + ends[1], style="dim")
        for index, line in enumerate(self.lines):
            mark = LETTERS[index % len(LETTERS)] if plain else "━━"
            yield Text.assemble((mark, line.colour), f" {line.label}: {line.points[-1][1]:.2f}, {_seeds(line)}")

    def _limits(self, ys: Sequence[float]) -> tuple[float, float]:
        if not self.log:
            room = 0.05 * (max(ys) - min(ys)) or 1.0
            return (0.0 if 0 <= min(ys) < 0.35 * max(ys) else min(ys) - room), max(ys) + room
        positive = [y for y in ys if y > 0] or [1.0]
        zeros = len(positive) < len(ys)
        return min(positive) / (2 if zeros else 1.05), max(positive) * 1.05

    def _up(self, y: float, low: float, high: float) -> float:
        if self.log:
            y, low, high = math.log(max(y, low)), math.log(low), math.log(high)
        return min(1.0, max(0.0, (y - low) / (high - low)))

    def _ticks(self, low: float, high: float) -> list[float]:
        if not self.log:
            return ticks(low, high)
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        return [value for power in powers for step in (1, 2, 5) if low <= (value := step * 10.0**power) <= high]


def _seeds(line: Line) -> str:
    seeds = "one seed" if line.seeds == 1 else f"mean of {line.seeds} seeds"
    return f"{seeds}, {line.open} not finished" if line.open else seeds
