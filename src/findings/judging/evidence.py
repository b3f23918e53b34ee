"""What a report is made of, as plain values: a finding's plan, its arms, and the runs in its tables."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from findings.config.identity import schema_defaults
from findings.errors import InputError
from findings.judging.selectors import selector, shortest_names

Row = dict[str, float | None]  # one evaluated epoch; None: not measured then
EARLIER = 1  # streams of which seeds of two arms had a share in common: their verdicts are of the earlier rule
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
    model: str  # the model file's name
    seeds: tuple[int, ...]
    config: dict[str, Any]  # the flat scientific config, ``{"recipe.lr": 0.1, ...}``
    counts: Counts
    data_label: str
    brought: tuple[str, ...] = ()  # the config keys that conf/special brings with it
    classes: int | None = None  # of the data
    label: str = ""  # what tables and figures call it

    @property
    def chance(self) -> float | None:
        """The error of guessing, in percent."""
        return None if self.classes is None else 100 * (1 - 1 / self.classes)


@dataclass(frozen=True)
class Plan:
    """``results/<scale>/<finding>/plan.json``."""

    finding: str
    scale: str
    command: str  # reruns it
    label: str
    arms: tuple[Arm, ...]
    untrained: tuple[Untrained, ...] = ()
    departures: tuple[str, ...] = ()  # of its recipes from the papers'
    labels: Mapping[str, str] = field(default_factory=dict)  # of its finding: {label: selector}
    streams: int = 1  # the version of the random streams that its runs draw from; 1: seeds of two arms shared them
    check: str = ""  # of the finding, by another length or rate, where it is one

    @property
    def name(self) -> str:
        """Of its sweep."""
        return f"{self.scale}/{self.finding}.{self.check}" if self.check else f"{self.scale}/{self.finding}"

    @property
    def runs(self) -> list[str]:
        """Their ids."""
        return [f"{arm.id}-s{seed}" for arm in self.arms for seed in arm.seeds]

    def chosen(self, term: str) -> list[Arm]:
        """The arms that a claim's term means, by label or by selector: one in a sound plan, or none."""
        labelled = [arm for arm in self.arms if arm.label == term]
        wanted = selector(self.labels.get(term, term))
        return labelled or [arm for arm in self.arms if wanted.selects(arm.config, {"model": arm.model})]

    def labelled(self, labels: Mapping[str, str]) -> "Plan":
        """The same with each arm called as a finding's ``labels``, {label: selector}, have it.

        Others are called by their model, and by what tells them from arms of the same. Raises InputError where a label
        selects several.
        """
        names = shortest_names({arm.id: (arm.model, arm.config) for arm in self.arms})
        for label, text in labels.items():
            chosen = [arm for arm in self.arms if selector(text).selects(arm.config, {"model": arm.model})]
            if len(chosen) > 1:
                raise InputError(f"{self.scale}/{self.finding}", f"'{label}' ({text}) {mixed(chosen)}")
            names |= {arm.id: label for arm in chosen}
        return replace(self, arms=tuple(replace(arm, label=names[arm.id]) for arm in self.arms), labels=labels)


def mixed(arms: Sequence[Arm]) -> str:
    """What several arms where there should be one differ in."""
    keys = sorted({key for arm in arms for key in arm.config if differs(key, arms)})
    return f"would mix {len(arms)} arms that differ in {', '.join(keys) or 'nothing'}"


def differs(key: str, arms: Sequence[Arm]) -> bool:
    return any(arm.config.get(key) != arms[0].config.get(key) for arm in arms)


@dataclass(frozen=True)
class Probe:
    """One number that a run was probed for; None where it could not be measured, as ``remark`` says."""

    probe: str  # shift, size, gradient_norms, ...
    iteration: int
    key: str  # pixels, or a layer's name
    number: str  # test_error, gradient_norm, ...
    value: float | None
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


class Shared(Protocol):
    """What several runs say together (together.py)."""

    def value(self, metric: str, runs: "Sequence[Run]", of: Callable[[Any], float]) -> float | None: ...

    def write(self) -> None: ...


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
    together: "Shared | None" = field(default=None, compare=False, repr=False)

    @property
    def is_evidence(self) -> bool:
        """Whether a verdict takes it in: finished, or diverged (which is a result too)."""
        return self.status == "finished" or self.diverged

    def refuse_cut_short(self) -> None:
        """Raises InputError where a finished run's rows do not reach its end."""
        if not self.rows:
            raise InputError(self.id, "has no evaluated epoch: run it again")
        last = self.rows[-1]
        if self.status == "finished" and last["iteration"] != self.iterations:
            raise InputError(
                self.id,
                f"is finished, but its last row is of iteration {last['iteration']:.0f}, not {self.iterations}: "
                "its metrics.csv is cut short, run it again",
            )

    def last(self, column: str) -> float | None:
        """The last row's value; None where that was not measured."""
        return self.rows[-1].get(column) if self.rows else None

    def probed(self, probe: str, number: str, iteration: int | None = None) -> dict[str, float | None]:
        """{key: value} in the order in which it was measured, which for layers is the network's; {} where it was not.

        At ``iteration``, or at the last one that has the number.
        """
        found = [one for one in self.probes if one.probe == probe and one.number == number]
        at = max((one.iteration for one in found), default=0) if iteration is None else iteration
        return {one.key: one.value for one in found if one.iteration == at}


@dataclass(frozen=True)
class Evidence:
    """A plan and every run of its arms, whatever the seed."""

    plan: Plan
    runs: tuple[Run, ...]
    costs: tuple[Cost, ...] = ()
    wrong: Mapping[str, Any] = field(default_factory=dict)  # of each run the test images it gets wrong (images.py)
    together: "Shared | None" = field(default=None, compare=False)

    def arms(self, term: str) -> list[Arm]:
        """Those of the plan that a term means."""
        return self.plan.chosen(term)

    def begun(self, term: str) -> list[Run]:
        """All runs of the term, by seed."""
        arms = {arm.id for arm in self.arms(term)}
        return sorted((run for run in self.runs if run.arm in arms), key=lambda run: run.seed)

    def runs_of(self, term: str) -> list[Run]:
        """The runs of the term that a verdict takes in, by seed."""
        return [run for run in self.begun(term) if run.is_evidence]

    def costs_of(self, term: str) -> list[Cost]:
        """Of the network as the plan trains it; a table of an earlier protocol is no evidence."""
        arms = {arm.id for arm in self.arms(term)}
        return [cost for cost in self.costs if cost.arm in arms]

    def cost(self, term: str, metric: str) -> list[float]:
        """A cost of a network in every round of its measurement."""
        return [getattr(cost, metric) for cost in self.costs_of(term)]

    def count(self, term: str, metric: str) -> int | None:
        """``metric`` of a network, whether the plan trains it or not."""
        arms = self.arms(term)
        known: list[Counts] = [arms[0].counts] if arms else [one for one in self.plan.untrained if one.model == term]
        found: int | None = getattr(known[0], metric) if known else None
        return found


def read_plan(path: Path) -> Plan:
    """Raises :class:`InputError` naming the file where it is not a plan."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(short(path), f"is not a plan ({error}): `findings run` writes it anew") from error
    return plan_from(content, short(path))


def plan_from(content: Any, where: str) -> Plan:
    """What plan.json holds, as values. Raises :class:`InputError` naming ``where`` it comes from."""
    try:
        arms = tuple(
            Arm(
                id=arm["arm"],
                model=str(arm["axes"].get("model", arm["name"])),
                seeds=tuple(arm["seeds"]),
                config=schema_defaults() | arm["config"],  # which may be older than some of our keys
                counts=Counts(**{metric: arm.get(metric) for metric in COUNTED}),
                data_label=arm["data_label"],
                brought=tuple(arm.get("brought", ())),
                classes=arm.get("classes"),
                label=str(arm["axes"].get("model", arm["name"])),
            )
            for arm in content["arms"]
        )
        untrained = tuple(
            Untrained(model=one["model"], size=one["size"], **{metric: one.get(metric) for metric in COUNTED})
            for one in content.get("counted", [])
        )
        return Plan(
            content["finding"],
            content["scale"],
            content["command"],
            content.get("label") or "",
            arms,
            untrained,
            tuple(content.get("departures", ())),
            streams=min((arm.get("streams", 1) for arm in content["arms"]), default=1),
            check=content.get("check", ""),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(where, f"is not a plan ({error!r}): `findings run` writes it anew") from error


def read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(short(path), f"is not JSON: {error}") from error


def short(path: Path) -> str:
    """The last three parts of a path: enough to find it, and no machine's folders."""
    return "/".join(path.parts[-3:])
