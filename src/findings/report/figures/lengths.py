"""A claim's effect against the length of the schedule: whether it goes when training is longer."""

from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from findings.judging.checks import FOLLOWING, ITERATIONS, by_itself
from findings.judging.evidence import Evidence
from findings.judging.verdict import Verdict
from findings.report.figures.drawing import ACCENT, INK, QUIET, WIDTH, headings

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 3
ROW, ABOVE, BELOW = 1.95, 1.12, 0.42  # inches
CHARACTERS = 36  # in a line of a panel's title
Points = list[tuple[int, float, tuple[float, float], str]]  # iterations, effect, interval, verdict


def draw_lengths(evidence: Evidence, verdicts: Sequence[Verdict], title: str) -> "Figure | None":
    """A panel for each claim that was judged by two lengths or more; None where there is none."""
    from matplotlib.figure import Figure

    own = {str(arm.config[ITERATIONS]) for arm in evidence.plan.arms}
    shown = [(verdict, points(verdict, max(map(int, own)))) for verdict in verdicts if verdict.checks]
    shown = [(verdict, found) for verdict, found in shown if len(found) > 1]
    if not shown:
        return None
    rows, columns = -(-len(shown) // COLUMNS), min(COLUMNS, len(shown))
    height = ABOVE + BELOW + ROW * rows + 0.55 * (rows - 1)
    figure = Figure(figsize=(WIDTH, height))
    grid = figure.subplots(rows, columns, squeeze=False)
    figure.subplots_adjust(
        left=0.08, right=0.985, top=1 - ABOVE / height, bottom=BELOW / height, wspace=0.3, hspace=0.75 / ROW
    )
    for place, axes in enumerate(grid.flat):
        if place < len(shown):
            _draw_panel(axes, *shown[place])
        else:
            axes.set_visible(False)
    note = "Effect of each claim, with its 95 % interval, against the iterations of the whole schedule (log scale)."
    marks = (
        "Filled: reproduced by this interval alone, before any correction for the number of claims. Dashed: the margin."
    )
    headings(figure, evidence, title, f"{note}\n{marks}", [])
    return figure


def points(verdict: Verdict, iterations: int) -> Points:
    """By rising length; checks of anything but the length are left out."""
    found = [(iterations, verdict.effect, verdict.ci95, by_itself(verdict))] if verdict.ci95 else []
    for one in verdict.checks:
        keys = one["changed"].keys()
        if ITERATIONS in keys and keys <= {ITERATIONS, *FOLLOWING} and one["ci95"]:
            found.append((one["changed"][ITERATIONS], one["effect"], tuple(one["ci95"]), one["verdict"]))
    return sorted(found)  # type: ignore[arg-type]  # where there is an interval, there is an effect


def _draw_panel(axes: "Axes", verdict: Verdict, found: Points) -> None:
    from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

    lengths = [length for length, *_ in found]
    effects = [effect for _, effect, *_ in found]
    axes.axhline(1.0 if verdict.unit == "x" else 0.0, color=INK, linewidth=0.8)
    for bound in {"no_worse": (1,), "equal": (-1, 1)}.get(verdict.kind, ()):
        axes.axhline(bound * (verdict.margin or 0), color=QUIET, linewidth=0.8, linestyle=(0, (4, 2)))
    ends = [[effect - low for _, effect, (low, _), _ in found], [high - effect for _, effect, (_, high), _ in found]]
    axes.errorbar(lengths, effects, yerr=ends, color=ACCENT, linewidth=1.2, elinewidth=1.1, capsize=3)
    for length, effect, _, said in found:
        full = said == "reproduced"
        axes.plot([length], [effect], "o", color=ACCENT, mfc=ACCENT if full else "white", ms=5.5, mew=1.1)
    axes.set_xscale("log", base=2)
    axes.set_xlim(lengths[0] / 1.35, lengths[-1] * 1.35)
    axes.xaxis.set_major_locator(FixedLocator(lengths))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels([f"{length:,}" for length in lengths])
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    axes.set_ylabel({"pp": "percentage points", "x": "ratio"}.get(verdict.unit or "", verdict.unit or ""), color=QUIET)
    lines = wrap(verdict.sentence, CHARACTERS)
    lines = lines if len(lines) <= 3 else [*lines[:2], f"{lines[2][: CHARACTERS - 3]}..."]
    axes.set_title("\n".join(lines), loc="left", fontsize=7.2)
