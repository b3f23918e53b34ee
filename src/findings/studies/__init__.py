"""Findings: one file each, holding its claims, its figures and what it says in plain words.

Imported from here: ``findings()`` (all of them by name), Finding, Drawing, Subject.
Never here: a rule of judging, a way to draw that two findings share (report/figures).

A module of this package is a study if it has a ``FINDING``; there is no list to keep.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from findings.judging.claims import Claim, Roles, cast

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from findings.judging.evidence import Evidence, Plan


@dataclass(frozen=True)
class Subject:
    """A network to be counted, not trained: its model file and what it is given."""

    model: str
    size: int  # pixels, height and width
    channels: int = 3
    classes: int = 1000


@dataclass(frozen=True)
class Drawing:
    """A figure of a finding: its file's name, what it shows (its alternative text), and the function that draws it.

    The function returns None while there is nothing to draw.
    """

    name: str
    shows: str
    draw: "Callable[[Evidence], Figure | None]"


@dataclass(frozen=True)
class Finding:
    """A documented statement about CNN architectures."""

    name: str  # of its sweeps and its results
    title: str
    statement: str  # in one sentence
    source: str
    explanation: str  # for a student: what is compared, and why it tells anything
    claims: tuple[Claim, ...]
    drawings: tuple[Drawing, ...]
    published: tuple[str, ...]  # the values to set beside ours, by id
    roles: Roles = field(default_factory=dict)  # that claims and drawings speak of, and who plays them at which scale
    labels: Mapping[str, str] = field(
        default_factory=dict
    )  # of arms, {label: overrides}, where a model does not name one
    trained_below: float | None = None  # percent: the training error that an arm has to come below to have trained
    untrained: tuple[Subject, ...] = ()
    notes: tuple[str, ...] = ()  # what a reader should know beside the verdicts

    def cast(self, evidence: "Evidence") -> dict[str, str]:
        """{role: the term that plays it in the plan}"""
        return cast(self.roles, lambda term: bool(evidence.plan.chosen(term)))

    def claims_at(self, plan: "Plan") -> list[Claim]:
        """Its claims about the arms of a plan."""
        players = cast(self.roles, lambda term: bool(plan.chosen(term)))
        return [claim.cast(players) for claim in self.claims]


@cache
def findings() -> dict[str, Finding]:
    """Every finding by its name, in the order of the names."""
    modules = (importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__))
    found = [module.FINDING for module in modules if hasattr(module, "FINDING")]
    return {finding.name: finding for finding in sorted(found, key=lambda finding: finding.name)}
