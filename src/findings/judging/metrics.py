"""What claims compare: named functions of a run's record, each with its unit, its direction and one sentence.

A finding may bring its own in its study file: ``Metric(name, unit, sentence, of)``.
"""

import itertools
import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from findings.judging.evidence import Run

Better = Literal["lower", "higher", ""]


@dataclass(frozen=True)
class Metric:
    """One number of a run, or of ``runs`` runs of one arm together."""

    name: str
    unit: str  # %, pp, iterations, ...; empty: a plain number
    sentence: str
    of: Callable[..., float | None]  # of a run; of a sequence of them where ``runs`` > 1. None: was not measured
    better: Better = "lower"
    runs: int = 1
    # standard error of one value by the sampling of images or of epochs, in the metric's unit; None: not known
    resolution: Callable[[Run], float | None] | None = None
    # what the value is at least, where it is none because training ended first
    at_least: Callable[[Run], float | None] | None = None
    is_error: bool = False  # a percentage of wrong answers: can be at 0 or at chance
    distances: tuple[str, ...] = ()  # the probes that it is a mean over: all runs have to have the same

    def values(self, runs: Sequence[Run]) -> list[float | None]:
        """One of each run, or of each group of ``runs`` runs, by seed; a group that is not full is left out."""
        if self.runs == 1:
            return [self.of(run) for run in runs]
        groups = [runs[first : first + self.runs] for first in range(0, len(runs) - self.runs + 1, self.runs)]
        return [self.of(group) for group in groups]


def final(runs: Sequence[Run], metric: "str | Metric") -> list[float]:
    """What those runs that measured it ended with."""
    found = METRICS[metric] if isinstance(metric, str) else metric
    return [value for value in found.values(runs) if value is not None]


def column(name: str) -> Callable[[Run], float | None]:
    """The last evaluated epoch's value of a column of metrics.csv."""
    return lambda run: run.rows[-1].get(name) if run.rows else None


def percentage_sampling(error: str, images: str) -> Callable[[Run], float | None]:
    """Of a percentage of so many images; with one more wrong and one more right, so that 0 % is no certainty."""

    def resolution(run: Run) -> float | None:
        percent, number = column(error)(run), column(images)(run)
        if percent is None or not number or math.isnan(percent):
            return None
        share = (percent / 100 * number + 1) / (number + 2)
        return 100 * math.sqrt(share * (1 - share) / number)

    return resolution


def _gap(run: Run) -> float | None:
    test, training = column("test_error")(run), column("remeasured_train_error")(run)
    return None if test is None or training is None else test - training


def _moved(run: Run, number: str) -> list[float | None]:
    """Of the images moved by 1 pixel or more, at each distance."""
    return [value for distance, value in run.probed("shift", number).items() if int(distance)]


def _shift_error_rise(run: Run) -> float | None:
    plain = column("test_error")(run)
    return None if plain is None else _mean(_moved(run, "test_error"), -plain)


def _shift_disagreement(run: Run) -> float | None:
    return _mean([None if share is None else 100 - share for share in _moved(run, "agreement")])


def _mean(values: Sequence[float | None], more: float = 0.0) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.fmean(known) + more if known and len(known) == len(values) else None


def iterations_to(error: float, split: str = "train_error") -> Metric:
    """Iterations until an evaluated epoch's error is at most ``error`` percent."""

    def reached(run: Run) -> float | None:
        return next((row["iteration"] for row in run.rows if (at := row.get(split)) is not None and at <= error), None)

    def resolution(run: Run) -> float | None:
        """Somewhere since the epoch before: a uniform distribution's standard deviation."""
        evaluated = [row["iteration"] or 0.0 for row in run.rows]
        return max(b - a for a, b in itertools.pairwise([0.0, *evaluated])) / math.sqrt(12) if evaluated else None

    what = split.replace("train_error", "training error").replace("_", " ")
    return Metric(
        f"iterations_to_{split}_{error:g}",
        "iterations",
        f"iterations until the {what} of an epoch is at most {error:g} %",
        reached,
        resolution=resolution,
        at_least=lambda run: float(run.iteration),
    )


def area_under(split: str = "train_error") -> Metric:
    """The mean of a curve over the iterations: what was paid in error on the way."""

    def area(run: Run) -> float | None:
        points = [(row["iteration"], row.get(split)) for row in run.rows]
        known = [(at, value) for at, value in points if at is not None and value is not None]
        if len(known) < 2 or len(known) < len(points):
            return None
        pairs = itertools.pairwise(known)
        return sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in pairs) / (known[-1][0] - known[0][0])

    return Metric(f"area_under_{split}", "pp", f"the mean of the {split.replace('_', ' ')} over the iterations", area)


def over_layers(
    probe: str,
    number: str,
    of: Callable[[Sequence[float]], float],
    *,
    name: str,
    sentence: str,
    iteration: int | None = None,
) -> Metric:
    """One number of a probe that has a value for each layer: ``max``, ``min``, or the first by the last."""

    def found(run: Run) -> float | None:
        values = list(run.probed(probe, number, iteration).values())
        known = [value for value in values if value is not None]
        return of(known) if known and len(known) == len(values) else None

    return Metric(name, "", sentence, found, better="")


def ratio(first: Metric, second: Metric, *, name: str, sentence: str) -> Metric:
    """Of two metrics of one run."""

    def quotient(run: Run) -> float | None:
        above, below = first.of(run), second.of(run)
        return above / below if above is not None and below else None

    return Metric(name, "", sentence, quotient, better="")


def _error(split: str, images: str, sentence: str) -> Metric:
    return Metric(split, "%", sentence, column(split), resolution=percentage_sampling(split, images), is_error=True)


METRICS = {
    metric.name: metric
    for metric in (
        _error("train_error", "train_images", "the error as trained, over the last full epoch's images"),
        _error("remeasured_train_error", "train_images", "the error on all training images once training is over"),
        Metric("validation_error", "%", "the error on the images set aside", column("validation_error"), is_error=True),
        _error("test_error", "test_images", "the error on all test images at the last epoch"),
        Metric("train_loss", "nats", "the loss as trained, over the last full epoch's images", column("train_loss")),
        Metric("test_loss", "nats", "the loss on all test images at the last epoch", column("test_loss")),
        Metric(
            "generalisation_gap",
            "pp",
            "the test error less the re-measured training error",
            _gap,
            resolution=percentage_sampling("test_error", "test_images"),
        ),
        Metric(
            "shift_error_rise",
            "pp",
            "the test error over the images moved by 1 pixel or more, less that of the images as they are",
            _shift_error_rise,
            resolution=percentage_sampling("test_error", "test_images"),
            distances=("shift",),
        ),
        Metric(
            "shift_disagreement",
            "pp",
            "the percentage of the moved images that are predicted otherwise than unmoved",
            _shift_disagreement,
            resolution=percentage_sampling("test_error", "test_images"),
            distances=("shift",),
        ),
        iterations_to(25.0),
        area_under("train_error"),
    )
}
