"""What a report is made of, as plain values: a finding's plan, its arms, and the runs in its tables."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from findings.errors import InputError

Row = dict[str, float | None]  # one evaluated epoch; None: not measured then


@dataclass(frozen=True)
class Arm:
    """The runs of a plan that differ in nothing but the seed."""

    id: str
    model: str  # the model file's name: claims are made about it
    seeds: tuple[int, ...]
    config: dict[str, Any]  # the flat scientific config, ``{"recipe.lr": 0.1, ...}``
    parameters: int | None
    multiply_adds: int | None
    data_label: str


@dataclass(frozen=True)
class Plan:
    """``results/<scale>/<finding>/plan.json``."""

    finding: str
    scale: str
    command: str  # reruns it
    label: str
    arms: tuple[Arm, ...]


@dataclass(frozen=True)
class Run:
    """One run as the tables hold it. ``rows`` rise with the epoch; errors are in percent."""

    id: str
    arm: str
    model: str
    seed: int
    status: str
    diverged: bool
    iteration: int
    iterations: int
    fingerprint: str  # of the data
    device: str
    precision: str
    torch: str
    wall_seconds: float
    rows: tuple[Row, ...]

    @property
    def counts(self) -> bool:
        """Whether a verdict counts it: finished, or diverged (which is a result too)."""
        return self.status == "finished" or self.diverged

    def headline(self, column: str) -> float:
        """The last evaluated epoch's value; that has to be the end of a finished run."""
        if not self.rows:
            raise InputError(self.id, "has no evaluated epoch: run it again")
        last = self.rows[-1]
        if self.status == "finished" and last["iteration"] != self.iterations:
            raise InputError(
                self.id,
                f"is finished, but its last row is of iteration {last['iteration']:.0f}, not {self.iterations}: "
                "its metrics.csv is cut short, run it again",
            )
        value = last.get(column)
        if value is None or math.isnan(value):
            problem = "was not measured" if value is None else "is nan"
            raise InputError(self.id, f"'{column}' {problem} in the last row of curves.csv, and a claim is about it")
        return value


@dataclass(frozen=True)
class Evidence:
    """A plan and every run of its arms, whatever the seed."""

    plan: Plan
    runs: tuple[Run, ...]

    def arms(self, model: str) -> list[Arm]:
        """The arms that train ``model``: one in a sound plan."""
        return [arm for arm in self.plan.arms if arm.model == model]

    def counted(self, model: str) -> list[Run]:
        """The runs of ``model`` that a verdict counts, by seed."""
        return sorted((run for run in self.runs if run.model == model and run.counts), key=lambda run: run.seed)


def read_plan(path: Path) -> Plan:
    """Raises :class:`InputError` naming the file where it is not a plan."""
    content = read_json(path)
    try:
        arms = tuple(
            Arm(
                id=arm["arm"],
                model=str(arm["axes"].get("model", arm["name"])),
                seeds=tuple(arm["seeds"]),
                config=dict(arm["config"]),
                parameters=arm.get("parameters"),
                multiply_adds=arm.get("multiply_adds"),
                data_label=arm["data_label"],
            )
            for arm in content["arms"]
        )
        return Plan(content["finding"], content["scale"], content["command"], content.get("label") or "", arms)
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(short(path), f"is not a plan ({error!r}): `findings plan` writes it anew") from error


def read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(short(path), f"is not JSON: {error}") from error


def short(path: Path) -> str:
    """The last three parts of a path: enough to find it, and no machine's folders."""
    return "/".join(path.parts[-3:])
