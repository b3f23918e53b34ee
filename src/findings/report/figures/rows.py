"""Networks side by side: a row for each, a panel for each quantity."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from findings.judging.evidence import Evidence
from findings.report.figures.drawing import INK, QUIET, WIDTH, headings
from findings.report.figures.looks import Look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW, ABOVE, BELOW = 0.34, 0.98, 0.52  # inches


@dataclass(frozen=True)
class Entry:
    """A row of a panel. Several values are seeds or rounds, drawn as dots around their mean; one is a bar."""

    name: str
    values: Sequence[float]
    look: Look
    text: str = ""  # beside a bar, where the number alone would not do


@dataclass(frozen=True)
class Panel:
    """One quantity: ``label`` is its axis, with the unit. ``bars`` starts at 0 and shows means as bars."""

    heading: str
    label: str
    entries: Sequence[Entry]
    bars: bool = False
    form: str = ".1f"


def draw_rows(
    evidence: Evidence, title: str, note: str, panels: Sequence[Panel], models: Sequence[str]
) -> "Figure | None":
    """The panels side by side; names are written where they differ from those of the panel before."""
    from matplotlib.figure import Figure

    panels = [panel for panel in panels if any(entry.values for entry in panel.entries)]
    if not panels:
        return None
    rows = max(len(panel.entries) for panel in panels)
    height = ABOVE + BELOW + ROW * max(rows, 2)
    figure = Figure(figsize=(WIDTH, height))
    named = [
        index == 0 or [e.name for e in panel.entries] != [e.name for e in panels[index - 1].entries]
        for index, panel in enumerate(panels)
    ]
    margins = [
        0.075 * max(len(line) for entry in p.entries for line in entry.name.splitlines()) if n else 0.12
        for p, n in zip(panels, named, strict=True)
    ]
    breadth = (WIDTH - sum(margins) - 0.42 * len(panels)) / len(panels)
    left = 0.0
    for panel, is_named, margin in zip(panels, named, margins, strict=True):
        left += margin
        axes = figure.add_axes((left / WIDTH, BELOW / height, breadth / WIDTH, ROW * rows / height))
        left += breadth + 0.42
        _draw_panel(axes, panel, rows, is_named)
    headings(figure, evidence, title, note, models)
    return figure


def _draw_panel(axes: "Axes", panel: Panel, rows: int, is_named: bool) -> None:
    from matplotlib.ticker import EngFormatter, MaxNLocator

    axes.set_title(panel.heading, loc="left")
    axes.set_xlabel(panel.label)
    axes.grid(axis="x")
    axes.grid(axis="y", visible=False)
    axes.set_ylim(rows - 0.5, -0.5)
    names = [entry.name for entry in panel.entries] if is_named else []
    axes.set_yticks(range(len(names)), names, color=INK)
    axes.tick_params(axis="y", length=0)
    means = [statistics.fmean(entry.values) for entry in panel.entries if entry.values]
    every = [value for entry in panel.entries for value in (*entry.values, *_reach(entry))]
    if panel.bars:
        low, high = 0.0, 1.38 * max(means)
    else:
        room = max(max(every) - min(every), 0.02 * abs(max(every)), 0.1)
        low, high = min(every) - 0.12 * room, max(every) + 0.42 * room
    axes.set_xlim(low, high)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
    if max(every) >= 10_000:
        axes.xaxis.set_major_formatter(EngFormatter(sep=" "))
    for row, entry in enumerate(panel.entries):
        if not entry.values:
            axes.text(low + 0.02 * (high - low), row, "not measured", va="center", color=QUIET, fontsize=7.5)
            continue
        _draw_entry(axes, panel, entry, row)


def _reach(entry: Entry) -> list[float]:
    """The ends of the bar of one standard deviation."""
    if len(entry.values) < 2:
        return []
    mean, sd = statistics.fmean(entry.values), statistics.stdev(entry.values)
    return [mean - sd, mean + sd]


def _draw_entry(axes: "Axes", panel: Panel, entry: Entry, row: int) -> None:
    colour, marker = entry.look.colour, entry.look.marker
    mean = statistics.fmean(entry.values)
    several = len(entry.values) > 1
    sd = statistics.stdev(entry.values) if several else 0.0
    if panel.bars:
        axes.barh(row, mean, height=0.56, color=colour, alpha=0.85)
    else:
        # the seeds stand just under their mean, so that neither hides the other
        axes.plot(entry.values, [row + 0.24] * len(entry.values), marker, color=colour, ms=2.8, alpha=0.65, mew=0)
        axes.errorbar(mean, row, xerr=sd, fmt=marker, color=colour, ms=5.5, mec="white", mew=0.8, capsize=2.5, lw=1)
    text = entry.text or f"{mean:{panel.form}}"
    ends = max(mean + sd, *entry.values) if not panel.bars else mean
    axes.annotate(text, (ends, row), xytext=(5, 0), textcoords="offset points", va="center", fontsize=7.5, color=INK)
