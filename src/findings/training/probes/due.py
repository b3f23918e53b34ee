"""Which probes a run has, when each is due, and the rows that they write."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from findings.config import probing
from findings.config.schema import Config
from findings.training.probes import END, Probe
from findings.training.probes.final import Final
from findings.training.probes.moment import Moment
from findings.training.probes.shifts import Shifts
from findings.training.probes.sizes import Sizes

if TYPE_CHECKING:
    from findings.training.learner import Learner


def probes_of(config: Config) -> list[Probe]:
    """What every run is probed with at its end, and what its config asks for."""
    made: list[Probe] = [Final()]
    made += [Shifts(config.evaluation.shifts)] if config.evaluation.shifts else []
    made += [Sizes(config.evaluation.sizes)] if config.evaluation.sizes else []
    return made + probing.construct(config)


def pauses(probes: Sequence[Probe], config: Config) -> list[int]:
    """The iterations at which training pauses for a probe, rising."""
    return sorted({iteration for probe in probes for iteration in _iterations(probe, config)})


def probe(learner: "Learner", heed: Callable[[], None], logits: Tensor | None = None) -> list[dict[str, Any]]:
    """The rows of probes.csv that are due now. Neither random streams nor the network are touched.

    ``heed`` is called between batches and may raise. ``logits`` (N, classes) of the test images are there at the end.
    """
    rows: list[dict[str, Any]] = []
    due = [probe for probe in learner.probes if learner.done in _iterations(probe, learner.config)]
    devices = [learner.device] if learner.device.type == "cuda" else []
    for each in due:
        with torch.random.fork_rng(devices):
            found = each.measure(Moment(learner, heed, logits))
        heed()
        rows += [{"probe": each.name, "iteration": learner.done} | number._asdict() for number in found]
    return rows


def _iterations(probe: Probe, config: Config) -> set[int]:
    return {config.recipe.iterations if iteration == END else iteration for iteration in probe.at}
