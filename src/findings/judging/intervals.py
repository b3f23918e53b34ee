"""What is known of an effect: a weighted sum of means, how far it can be off, and how sure one is of its side.

Two things limit it. Seeds differ: Welch's t interval, with Satterthwaite's degrees of freedom. And an error is of so
many images: it cannot show less than their sampling does, however well the seeds agree. The interval is as wide as the
wider of the two, and a p value is the larger of the two, so that both tell the same.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Samples = Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class Interval:
    """A two-sided confidence interval of an effect."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.low:.2f} to {self.high:.2f}"


@dataclass(frozen=True)
class Estimate:
    """An effect and its standard errors, in the effect's unit."""

    effect: float
    error: float  # by the seeds
    freedom: float  # Satterthwaite's degrees of freedom of it; 1 where there is no spread
    resolution: float = 0.0  # by the sampling of the images; 0 where the metric states none

    @property
    def blind(self) -> bool:
        """Nothing says how far it can be off."""
        return self.error == 0 and self.resolution == 0

    def interval(self, level: float = 0.95) -> Interval:
        reach = max(
            self._quantile(level) * self.error, statistics.NormalDist().inv_cdf((1 + level) / 2) * self.resolution
        )
        return Interval(self.effect - reach, self.effect + reach)

    def above(self, bound: float) -> float:
        """The two-sided p at which the interval leaves ``bound`` on its lower side; 1 and more: it never does."""
        return 2 * max(self._tail(self.effect - bound), _normal_tail(self.effect - bound, self.resolution))

    def below(self, bound: float) -> float:
        """The same of its upper side."""
        return Estimate(-self.effect, self.error, self.freedom, self.resolution).above(-bound)

    def _quantile(self, level: float) -> float:
        from scipy.special import stdtrit  # not scipy.stats: that takes a second to import

        return float(stdtrit(self.freedom, (1 + level) / 2))

    def _tail(self, distance: float) -> float:
        """How probable at least this distance above the bound is if the truth lies on it."""
        from scipy.special import stdtr

        if self.error == 0:
            return 0.0 if distance > 0 else 1.0
        return float(stdtr(self.freedom, -distance / self.error))


def welch(contrast: Mapping[str, float], samples: Samples, resolution: float = 0.0) -> Estimate:
    """A weighted sum of means of independent samples, each of two values or more (Welch 1947; Satterthwaite 1946)."""
    effect = sum(weight * statistics.fmean(samples[arm]) for arm, weight in contrast.items())
    parts = [
        (weight**2 * statistics.variance(samples[arm]) / len(samples[arm]), len(samples[arm]) - 1)
        for arm, weight in contrast.items()
    ]
    variance = sum(part for part, _ in parts)
    freedom = variance**2 / sum(part**2 / own for part, own in parts) if variance else 1.0
    return Estimate(effect, math.sqrt(variance), freedom, resolution)


def paired(differences: Sequence[float], resolution: float = 0.0) -> Estimate:
    """The mean of what was compared within one run or one round each; two values or more."""
    return welch({"": 1.0}, {"": differences}, resolution)


def holm(p: Mapping[str, float]) -> dict[str, float]:
    """Adjusted p values: of all of these that are true by chance alone, one in twenty times one falls below 0.05.

    Holm 1979, the step-down form of Bonferroni's correction; no independence is needed.
    """
    adjusted, least = dict[str, float](), 0.0
    for rank, (key, value) in enumerate(sorted(p.items(), key=lambda item: item[1])):
        least = max(least, min(1.0, (len(p) - rank) * value))
        adjusted[key] = least
    return adjusted


def _normal_tail(distance: float, resolution: float) -> float:
    if resolution == 0:
        return 0.0 if distance > 0 else 1.0
    return 0.5 * math.erfc(distance / resolution / math.sqrt(2))
