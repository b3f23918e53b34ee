"""Sweeps that no study is about: their tables and curves are reported, and nothing is judged."""

from typing import TYPE_CHECKING

from findings.judging.evidence import Evidence
from findings.report.figures.curves import Curves, Panel
from findings.studies import Drawing, Finding

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PANELS, LINES = 3, 6  # at most, side by side, and in each


def without_claims(scale: str, name: str) -> Finding:
    """What stands for the finding of sweeps/<scale>/<name>.yaml."""
    return Finding(
        name=name,
        title=name,
        statement="A sweep of its own, which no claim is about.",
        source=f"sweeps/{scale}/{name}.yaml",
        explanation="",
        claims=(),
        drawings=(Drawing("error-curves", "training and test error against iterations", draw_curves),),
        published=(),
    )


def draw_curves(evidence: Evidence) -> "Figure | None":
    """A panel for each model, a line for each of its arms; None where that would be too many to read."""
    panels: dict[str, dict[str, str]] = {}
    for arm in evidence.plan.arms:
        panels.setdefault(arm.model, {})[arm.label.removeprefix(arm.model).lstrip(", ") or arm.model] = arm.label
    if len(panels) > PANELS or max(map(len, panels.values())) > LINES:
        return None
    return Curves(evidence, evidence.plan.finding, [Panel(model, lines) for model, lines in panels.items()]).draw()
