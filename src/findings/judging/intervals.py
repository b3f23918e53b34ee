"""Confidence intervals of weighted sums of means."""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Interval:
    """A two-sided confidence interval of an effect."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.low:.2f} to {self.high:.2f}"


def welch(contrast: Mapping[str, float], samples: Mapping[str, list[float]], level: float) -> Interval:
    """The two-sided interval of a weighted sum of means, every sample having two values or more.

    With no spread in any sample the interval is the effect itself.
    """
    from scipy.special import stdtrit  # not scipy.stats: that takes a second to import

    effect = sum(weight * statistics.fmean(samples[model]) for model, weight in contrast.items())
    parts = [
        (weight**2 * statistics.variance(samples[m]) / len(samples[m]), len(samples[m]))
        for m, weight in contrast.items()
    ]
    variance = sum(part for part, _ in parts)
    if variance == 0:
        return Interval(effect, effect)
    freedom = variance**2 / sum(part**2 / (n - 1) for part, n in parts)
    reach = float(stdtrit(freedom, (1 + level) / 2)) * variance**0.5
    return Interval(effect - reach, effect + reach)
