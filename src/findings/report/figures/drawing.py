"""How every figure looks, is labelled and is written: the same bytes each time."""

import io
import statistics
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from findings.judging.evidence import Evidence, Run
from findings.system.files import write_if_changed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, HEIGHT = 7.6, 3.7  # inches: a page of text wide
INK, QUIET = "#222222", "#6b6b6b"
ACCENT = "#0072b2"  # of what belongs to no arm
STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "axes.titlesize": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.7,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "text.color": INK,
    "figure.facecolor": "white",
    "svg.hashsalt": "findings",
    "svg.fonttype": "path",
}


@contextmanager
def style() -> Iterator[None]:
    """The style of every figure, whatever the user's own matplotlibrc says. Drawing and saving both need it."""
    import matplotlib
    from matplotlib import rc_context, rcParamsDefault

    keep: dict[str, Any] = {
        key: value for key, value in rcParamsDefault.items() if key not in ("backend", "backend_fallback")
    }
    with rc_context():
        matplotlib.rcParams.update(keep | STYLE)  # type: ignore[arg-type]  # its keys are literals
        yield


def save(figure: "Figure", folder: Path, name: str) -> list[Path]:
    """Write ``name.svg`` and ``name.png`` without dates or versions in them."""
    paths = []
    for kind, metadata in (("svg", {"Date": None, "Creator": None}), ("png", {"Software": None})):
        content = io.BytesIO()
        figure.savefig(content, format=kind, dpi=200, metadata=metadata)
        paths.append(write_if_changed(folder / f"{name}.{kind}", content.getvalue()))
    return paths


def remove(folder: Path, name: str) -> None:
    """Take away a figure of an earlier plan, which has nothing to show any more."""
    for kind in ("svg", "png"):
        (folder / f"{name}.{kind}").unlink(missing_ok=True)


def headings(figure: "Figure", evidence: Evidence, title: str, note: str, models: Sequence[str]) -> None:
    """A title, and under it how ``models`` were trained and how to read the marks: enough to need no caption."""
    height = figure.get_figheight()
    figure.text(0.012, 1 - 0.10 / height, title, fontsize=11, fontweight="bold", va="top")
    lines = f"{protocol(evidence)}; {seeds(evidence, models)}.\n{note}" if models else note
    figure.text(0.012, 1 - 0.34 / height, lines, fontsize=8, color=QUIET, va="top", linespacing=1.35)


def protocol(evidence: Evidence) -> str:
    """Data, length and precision of the arms drawn, ``CIFAR-10, 64,000 iterations, fp32``."""
    configs = [arm.config for arm in evidence.plan.arms]
    labels = _each(arm.data_label for arm in evidence.plan.arms)
    lengths = _each(f"{config['recipe.iterations']:,}" for config in configs if "recipe.iterations" in config)
    precisions = _each(str(config["recipe.precision"]) for config in configs if "recipe.precision" in config)
    return ", ".join(part for part in (labels, f"{lengths} iterations" if lengths else "", precisions) if part)


def seeds(evidence: Evidence, models: Sequence[str]) -> str:
    """How many seeds lie behind a figure, ``3 seeds`` or ``1 to 3 seeds``."""
    numbers = sorted({len(shown(evidence, model)[0]) for model in models})
    if numbers[0] == numbers[-1]:
        return f"{numbers[0]} seed{'' if numbers[0] == 1 else 's'} each"
    return f"{numbers[0]} to {numbers[-1]} seeds each"


def shown(evidence: Evidence, model: str) -> tuple[list[Run], bool]:
    """The runs of a model to draw, and whether they have ended. Runs under way are drawn only where none has ended."""
    ended = [run for run in evidence.runs_of(model) if run.rows]
    if ended:
        return ended, True
    return [run for run in evidence.begun(model) if run.rows], False


def cap(finals: Iterable[float], room: float) -> float:
    """Where an error axis from 0 should end: ``room`` times the largest final error, rounded up, at most 100."""
    top = room * max(finals)
    for step in (1, 2, 5, 10, 20):
        if top <= 8 * step:
            return min(100.0, max(step, step * -(-top // step)))
    return 100.0


def spread_out(positions: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move ``positions`` apart until neighbours are ``gap`` apart, as little as possible, within low..high."""
    order = sorted(range(len(positions)), key=lambda i: positions[i])
    groups: list[tuple[float, list[int]]] = []  # a centre and the labels around it, gap apart
    for index in order:
        groups.append((min(max(positions[index], low), high), [index]))
        while len(groups) > 1:
            (centre, members), (above, more) = groups[-2], groups[-1]
            if above - centre >= gap * (len(members) + len(more)) / 2:
                break
            joined = members + more
            half = gap * (len(joined) - 1) / 2
            middle = statistics.fmean(positions[i] for i in joined)
            groups[-2:] = [(min(max(middle, low + half), high - half), joined)]
    placed = [0.0] * len(positions)
    for centre, members in groups:
        for k, index in enumerate(members):
            placed[index] = centre + gap * (k - (len(members) - 1) / 2)
    return placed


def label_ends(axes: "Axes", height: float, ends: Sequence[tuple[float, float, str, str]], points: float = 8) -> None:
    """Write (x, y, text, colour) right of where lines end, none over another; the figure is ``height`` inches high."""
    bottom, top = axes.get_ylim()
    unit = (top - bottom) / (axes.get_position().height * height * 72)  # of the axis, for one point
    for x in dict.fromkeys(end[0] for end in ends):
        here = [end for end in ends if end[0] == x]
        places = spread_out([y for _, y, _, _ in here], 1.35 * points * unit, bottom + 0.4 * points * unit, top)
        for (_, y, text, colour), place in zip(here, places, strict=True):
            moved = abs(place - y) > 0.3 * points * unit
            line = {"arrowstyle": "-", "color": colour, "lw": 0.5, "alpha": 0.7, "shrinkA": 0.5, "shrinkB": 2}
            axes.annotate(
                text,
                xy=(x, y),
                xytext=(10, (place - y) / unit),
                textcoords="offset points",
                fontsize=points,
                color=colour,
                va="center",
                annotation_clip=False,
                arrowprops=line if moved else None,
            )


def _each(values: Iterable[str]) -> str:
    return " / ".join(dict.fromkeys(values))
