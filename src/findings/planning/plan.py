"""Plan a sweep: every run composed, typed and checked, its network built on the meta device, before anything starts."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch

from findings.config.compose import Composer, hyperparameters_of
from findings.config.identity import Run
from findings.config.schema import Config
from findings.errors import InputError
from findings.nets.build import build, construct
from findings.nets.complexity import Complexity, accepts, complexity
from findings.nets.lone import refuse_lone_values
from findings.planning.sweeps import Sweep, expand
from findings.studies import Subject
from findings.system.processes import cores


@dataclass(frozen=True)
class PlannedRun(Run):
    """One run of a plan. ``varies`` holds its values on the sweep's axes."""

    varies: dict[str, str]
    complexity: Complexity
    sizes_refused: int | None = None  # of evaluation.sizes; None: the run is not probed with any

    @classmethod
    def of(
        cls, run: Run, varies: dict[str, str], complexity: Complexity, sizes_refused: int | None = None
    ) -> "PlannedRun":
        return cls(run.config, run.name, run.arm, run.scientific, run.streams, varies, complexity, sizes_refused)

    @property
    def work(self) -> int:
        """Multiply-adds of training, forward and backward: what progress is measured in."""
        return 3 * self.complexity.multiply_adds * self.config.recipe.batch_size * self.config.recipe.iterations


class Planner:
    """Plans sweeps; composes and builds nothing twice."""

    def __init__(self) -> None:
        self._composer = Composer()
        self._counted: dict[str, tuple[Complexity, int | None]] = {}
        self._subjects: dict[Subject, dict[str, Any]] = {}
        self._arms: dict[tuple[str, ...], tuple[Run, tuple[Complexity, int | None]]] = {}

    def plan(self, sweep: Sweep, overrides: Sequence[str] = ()) -> list[PlannedRun]:
        """The runs of a sweep, without doubles. Raises InputError naming the run that is wrong, and why."""
        combinations, common = expand(sweep, overrides)
        planned: dict[str, PlannedRun] = {}
        for combination in combinations:
            texts = [*(f"{key}={value}" for key, value in combination.items()), *common]
            try:
                run = self._run(texts, sweep, combination)
            except InputError as error:
                if len(combinations) == 1:
                    raise
                varying = " ".join(f"{k}={v}" for k, v in combination.items() if k != "scale")
                raise InputError(f"{sweep.name} ({varying})", str(error)) from None
            planned.setdefault(run.id, run)
        return list(planned.values())

    def _run(self, texts: list[str], sweep: Sweep, combination: dict[str, str]) -> PlannedRun:
        seed = [text for text in texts if text.startswith("seed=")]
        others = tuple(text for text in texts if not text.startswith("seed="))
        if others not in self._arms:
            run = self._composer.compose(others)
            if run.config.data.train_images:
                refuse_lone_values(run.config, run.config.data.train_images - run.config.data.validation)
            self._arms[others] = run, self._count(run.config)
        run, counted = self._arms[others]
        run = self._composer.with_seed(run, seed[-1]) if seed else run
        return PlannedRun.of(run.with_config(findings=[sweep.finding]), combination, *counted)

    def _count(self, config: Config) -> tuple[Complexity, int | None]:
        data, sizes = config.data, config.evaluation.sizes
        key = json.dumps([config.model, data.channels, data.pixels, data.classes, sizes], sort_keys=True)
        if key not in self._counted:
            refused = [size for size in sizes if not accepts(_on_meta(config), channels=data.channels, size=size)]
            self._counted[key] = count(config), len(refused) if sizes else None
        return self._counted[key]

    def untrained(self, networks: Sequence[Subject]) -> list[dict[str, Any]]:
        """What networks that are not trained cost, as plan.json holds it."""
        for network in networks:
            if network not in self._subjects:
                self._subjects[network] = _subject(network)
        return [self._subjects[network] for network in networks]


def _subject(network: Subject) -> dict[str, Any]:
    with torch.device("meta"):
        built = construct(
            hyperparameters_of(network.model), channels=network.channels, size=network.size, classes=network.classes
        )
    counts = complexity(built, channels=network.channels, size=network.size)
    return {"model": network.model, "size": network.size} | counts_of(counts)


def count(config: Config) -> Complexity:
    """What a config's network costs, for one image."""
    data = config.data
    return complexity(_on_meta(config), channels=data.channels, size=data.pixels, classes=data.classes)


def _on_meta(config: Config) -> torch.nn.Module:
    with torch.device("meta"):
        return build(config).eval()  # auxiliary heads have no part in what an image costs


def counts_of(counts: Complexity) -> dict[str, int]:
    return {key: value for key, value in asdict(counts).items() if key not in ("activations", "layers")}


def share_threads(runs: Sequence[PlannedRun], jobs: int) -> list[PlannedRun]:
    """Give each run its part of the cores, where its config leaves that open. Frozen with it: threads change sums."""
    threads = max(1, cores() // max(1, jobs))
    return [run.with_trainer(threads=threads) if run.config.trainer.threads is None else run for run in runs]


def longest_first(runs: Sequence[PlannedRun]) -> list[PlannedRun]:
    """A finding's seeds one after the other, as planned; of each the longest runs first: no worker waits long."""
    turns: dict[tuple[str, int], int] = {}
    for run in runs:
        turns.setdefault((" ".join(run.config.findings), run.config.seed), len(turns))
    return sorted(runs, key=lambda run: (turns[" ".join(run.config.findings), run.config.seed], -run.work))
