"""The rule: from estimates to a word. README.md of a report prints it (report/rule.md), this carries it out.

The 95 % interval decides every kind of claim alike, so that no kind holds where a weaker one of the same margin fails:
``equal`` within 0.5 implies ``no_worse`` by 0.5.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from findings.judging.intervals import Estimate

Word = Literal["reproduced", "contradicted", "inconclusive", "not run"]
ALPHA = 0.05
MOST_SEEDS = 200  # beyond these nobody trains


@dataclass(frozen=True)
class Decision:
    """What one claim's interval says: the word, the p at which it begins to say so, and the sentence for it."""

    word: Word
    p: float
    text: str


def decide(kind: str, estimates: Sequence[Estimate], margin: float | None, form: Callable[[float], str]) -> Decision:
    """``estimates``: one; for ``ordered`` the differences of neighbours, and last that of the ends.

    ``form`` writes a value in the claim's unit. An interval that reaches over a bound decides nothing.
    """
    if kind == "ordered":
        return _ordered(estimates, margin or 0.0, form)
    (estimate,) = estimates
    low, high = -(margin or 0.0), margin or 0.0
    if kind == "greater":
        return _one_bound(estimate, high, above=True, form=form)
    if kind == "no_worse":
        return _one_bound(estimate, high, above=False, form=form)
    inside = max(estimate.above(low), estimate.below(high))
    outside = min(estimate.above(high), estimate.below(low))
    bounds = f"{form(low)} to {form(high)}"
    return _chosen(inside, outside, _told(estimate, form), f"is inside {bounds}", f"is outside {bounds}", bounds)


def _one_bound(estimate: Estimate, bound: float, *, above: bool, form: Callable[[float], str]) -> Decision:
    up, down = estimate.above(bound), estimate.below(bound)
    holds, fails = (up, down) if above else (down, up)
    at = form(bound)
    sides = (f"is above {at}", f"is below {at}")
    when_holds, when_fails = sides if above else (sides[1], sides[0])
    return _chosen(holds, fails, _told(estimate, form), when_holds, when_fails, at)


def _ordered(estimates: Sequence[Estimate], margin: float, form: Callable[[float], str]) -> Decision:
    """All neighbours rise, or fall by less than the margin, and the last is above the first.

    All have to hold for "reproduced", which needs no correction; one is enough for "contradicted", so that there
    Bonferroni's is made.
    """
    *steps, ends = estimates
    holds = max(ends.above(0.0), *(step.above(-margin) for step in steps))
    fails = min(ends.below(0.0), *(step.below(-margin) for step in steps)) * len(estimates)
    text = f"from the first to the last, {_told(ends, form)}"
    rising = "and no step on the way goes back" + (f" by {form(margin)}" if margin else "")
    return _chosen(holds, fails, text, f"is above {form(0.0)}, {rising}", "or a step on the way goes back", "the order")


def _chosen(holds: float, fails: float, text: str, when_holds: str, when_fails: str, bound: str) -> Decision:
    if holds < ALPHA:
        return Decision("reproduced", holds, f"{text} {when_holds}")
    if fails < ALPHA:
        return Decision("contradicted", fails, f"{text} {when_fails}")
    return Decision("inconclusive", min(1.0, holds, fails), f"{text} reaches over {bound}")


def _told(estimate: Estimate, form: Callable[[float], str]) -> str:
    interval = estimate.interval()
    return f"the 95 % interval {form(interval.low)} to {form(interval.high)}"


def seeds_needed(decided: Callable[[int], bool], now: int) -> int | None:
    """The fewest seeds of each arm that would decide, were effect and spreads what they are now; None: too many."""
    low, high = now + 1, MOST_SEEDS
    if not decided(high):
        return None
    while low < high:  # more seeds never make an interval wider
        middle = (low + high) // 2
        low, high = (low, middle) if decided(middle) else (middle + 1, high)
    return low
