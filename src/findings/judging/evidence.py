"""What a report is made of, as plain values: a finding's plan, its arms, and the runs in its tables."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from findings.config.identity import schema_defaults
from findings.errors import InputError

Row = dict[str, float | None]  # one evaluated epoch; None: not measured then
COUNTED = ("parameters", "multiply_adds", "head_parameters", "sizes_refused")


@dataclass(frozen=True)
class Counts:
    """What is counted from a network without training it. None: not counted."""

    parameters: int | None = None
    multiply_adds: int | None = None  # for one image
    head_parameters: int | None = None
    sizes_refused: int | None = None  # of the input sizes that the runs are probed with


@dataclass(frozen=True)
class Untrained(Counts):
    """A network that a finding does not train and only counts, at its own input size."""

    model: str = ""
    size: int = 0  # pixels


@dataclass(frozen=True)
class Arm:
    """The runs of a plan that differ in nothing but the seed."""

    id: str
    model: str  # the model file's name: claims are made about it
    seeds: tuple[int, ...]
    config: dict[str, Any]  # the flat scientific config, ``{"recipe.lr": 0.1, ...}``
    counts: Counts
    data_label: str


@dataclass(frozen=True)
class Plan:
    """``results/<scale>/<finding>/plan.json``."""

    finding: str
    scale: str
    command: str  # reruns it
    label: str
    arms: tuple[Arm, ...]
    untrained: tuple[Untrained, ...] = ()


@dataclass(frozen=True)
class Probe:
    """One extra evaluation at a run's end. Percentages; None where the network refuses it, as ``remark`` says."""

    probe: str  # shift, size
    value: int  # pixels
    test_error: float | None
    agreement: float | None
    remark: str = ""


@dataclass(frozen=True)
class Cost:
    """One round's measurement of what training a network costs, alone on a device (``findings measure``)."""

    model: str
    arm: str
    round: int
    milliseconds_per_step: float
    images_per_second: float
    peak_memory_mib: float
    others: float  # the part of the cores' time, 0 to 1, that other processes had meanwhile
    conditions: dict[str, str]  # device, precision, threads, ...: equal wherever costs are compared


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
    probes: tuple[Probe, ...] = ()

    @property
    def is_evidence(self) -> bool:
        """Whether a verdict takes it in: finished, or diverged (which is a result too)."""
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
        value = self.last(column)
        if value is None or math.isnan(value):
            problem = "was not measured" if value is None else "is nan"
            table = "probes.csv" if column.startswith("shift_") else "the last row of curves.csv"
            raise InputError(self.id, f"'{column}' {problem} in {table}, and a claim is about it")
        return value

    def last(self, column: str) -> float | None:
        """The last row's value, or what is derived from it or from the probes; None where that was not measured.

        ``generalisation_gap``: test error less re-measured training error. ``shift_error_rise``: test error over the
        images moved by 1 pixel or more, mean over the distances, less that of the images as they are.
        ``shift_disagreement``: the percentage of those moved that are predicted otherwise than unmoved.
        """
        if not self.rows:
            return None
        if column == "generalisation_gap":
            test, training = self.last("test_error"), self.last("remeasured_train_error")
            return None if test is None or training is None else test - training
        moved = [probe for probe in self.probes if probe.probe == "shift" and probe.value]
        if column == "shift_error_rise":
            plain, errors = self.last("test_error"), [probe.test_error for probe in moved]
            return None if plain is None else _mean(errors, -plain)
        if column == "shift_disagreement":
            return _mean([None if probe.agreement is None else 100 - probe.agreement for probe in moved])
        return self.rows[-1].get(column)


@dataclass(frozen=True)
class Evidence:
    """A plan and every run of its arms, whatever the seed."""

    plan: Plan
    runs: tuple[Run, ...]
    costs: tuple[Cost, ...] = ()

    def arms(self, model: str) -> list[Arm]:
        """The arms that train ``model``: one in a sound plan."""
        return [arm for arm in self.plan.arms if arm.model == model]

    def runs_of(self, model: str) -> list[Run]:
        """The runs of ``model`` that a verdict takes in, by seed."""
        return sorted((run for run in self.runs if run.model == model and run.is_evidence), key=lambda run: run.seed)

    def cost(self, model: str, metric: str) -> list[float]:
        """A cost of a network, as the plan trains it, in every round of its measurement."""
        arms = {arm.id for arm in self.arms(model)}
        return [getattr(cost, metric) for cost in self.costs if cost.model == model and cost.arm in arms]

    def count(self, model: str, metric: str) -> int | None:
        """``metric`` of a network, whether the plan trains it or not."""
        arms = self.arms(model)
        known: list[Counts] = [arms[0].counts] if arms else [one for one in self.plan.untrained if one.model == model]
        found: int | None = getattr(known[0], metric) if known else None
        return found


def final(runs: Sequence[Run], column: str) -> list[float]:
    """What those runs that measured it ended with."""
    return [value for run in runs if (value := run.last(column)) is not None]


def _mean(values: list[float | None], more: float = 0.0) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) + more if known and len(known) == len(values) else None


def read_plan(path: Path) -> Plan:
    """Raises :class:`InputError` naming the file where it is not a plan."""
    content = read_json(path)
    try:
        arms = tuple(
            Arm(
                id=arm["arm"],
                model=str(arm["axes"].get("model", arm["name"])),
                seeds=tuple(arm["seeds"]),
                config=schema_defaults() | arm["config"],  # which may be older than some of our keys
                counts=Counts(**{metric: arm.get(metric) for metric in COUNTED}),
                data_label=arm["data_label"],
            )
            for arm in content["arms"]
        )
        untrained = tuple(
            Untrained(model=one["model"], size=one["size"], **{metric: one.get(metric) for metric in COUNTED})
            for one in content.get("counted", [])
        )
        return Plan(
            content["finding"], content["scale"], content["command"], content.get("label") or "", arms, untrained
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(short(path), f"is not a plan ({error!r}): `findings run` writes it anew") from error


def read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(short(path), f"is not JSON: {error}") from error


def short(path: Path) -> str:
    """The last three parts of a path: enough to find it, and no machine's folders."""
    return "/".join(path.parts[-3:])
