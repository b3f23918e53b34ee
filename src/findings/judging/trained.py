"""Claims about runs: contrasts of arms' means over seeds.

Every finished run is evidence, and so is every diverged one, with the error that it had reached.
"""

import itertools
import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from findings.errors import InputError
from findings.judging.claims import Claim
from findings.judging.evidence import Evidence, Run
from findings.judging.intervals import Estimate, paired, welch
from findings.judging.rule import decide, seeds_needed
from findings.judging.soundness import saturated, untrained
from findings.judging.verdict import Verdict, joined, verdict

FEWEST_SEEDS = 3


@dataclass(frozen=True)
class Values:
    """What a claim compares: of each term a value per seed, or per group of seeds, in the unit of the rule."""

    of: Mapping[str, list[float]]  # logarithms where the claim is about ratios
    errors: Mapping[str, float]  # standard error of a term's value by what it was measured on
    exact: Callable[[Mapping[str, float]], float | None]  # of a contrast, where the images are known one by one
    within: bool  # all terms are metrics of the same runs, so that values of one place are pairs

    @property
    def n(self) -> int:
        return min(len(values) for values in self.of.values())

    def estimate(self, contrast: Mapping[str, float]) -> Estimate:
        resolution = self.exact(contrast)
        if resolution is None:
            resolution = math.sqrt(sum((weight * self.errors[term]) ** 2 for term, weight in contrast.items()))
        if not self.within:
            return welch(contrast, self.of, resolution)
        sums = [sum(w * self.of[term][place] for term, w in contrast.items()) for place in range(self.n)]
        return paired(sums, resolution)


def judge_runs(claim: Claim, evidence: Evidence, trained_below: float | None) -> Verdict:
    """Raises :class:`InputError` if a run's tables are cut short, or a metric that the claim is about is not there."""
    plan = evidence.plan
    runs = {term: evidence.runs_of(term) for term in claim.terms}
    absent = [term for term, found in runs.items() if not found]
    if absent:
        return verdict(claim, plan, "not run", f"no finished run of {joined(absent)}")
    lost = [term for term, found in runs.items() if all(run.diverged for run in found)]
    if lost and claim.kind in ("no_worse", "equal"):
        reason = f"every run of {joined(lost)} diverged: nothing is learned from networks that both fail"
        return verdict(claim, plan, "inconclusive", reason, because="untrained")
    unmeasured = _unmeasured(claim, runs)
    if unmeasured:
        reason = f"{joined(unmeasured)} diverged before {claim.metric_name} was measured, and may not be left out"
        return verdict(claim, plan, "inconclusive", reason)
    values, floors = _values(claim, evidence, runs)
    unit = "x" if claim.ratio else _unit(claim)
    n, contrasts = values.n, _contrasts(claim)
    effect = _effect(claim, values, contrasts[-1])
    remarks = _remarks(claim, evidence, runs) + _at_least(floors)
    failing = [term for term in floors if not _favours_failure(claim, term)]
    if failing:
        reason = f"{joined(failing)} never got there, and how late it would be is not known{remarks}"
        return verdict(claim, plan, "inconclusive", reason, n=n, effect=effect, unit=unit)
    for because, found in (
        ("saturated", saturated(claim, evidence, runs)),
        ("untrained", untrained(claim, evidence, runs, trained_below)),
    ):
        if found:
            return verdict(claim, plan, "inconclusive", found + remarks, n=n, effect=effect, unit=unit, because=because)
    if n < FEWEST_SEEDS:
        few = joined([f"{term} has {len(of)}" for term, of in values.of.items() if len(of) < FEWEST_SEEDS])
        reason = f"fewer than three {'groups of seeds' if values.within and _group(claim) > 1 else 'seeds'}: {few}"
        return verdict(claim, plan, "inconclusive", reason + remarks, n=n, effect=effect, unit=unit, because="too few")
    estimates = [values.estimate(contrast) for contrast in contrasts]
    if all(estimate.blind for estimate in estimates):
        reason = "no spread between seeds, and nothing else says how far it can be off"
        return verdict(claim, plan, "inconclusive", reason + remarks, n=n, effect=effect, unit=unit)
    margin = _in_the_rules_unit(claim)
    form = _form(claim)
    decision = decide(claim.kind, estimates, margin, form)
    interval = estimates[-1].interval()
    ends = (math.exp(interval.low), math.exp(interval.high)) if claim.ratio else (interval.low, interval.high)
    return verdict(
        claim,
        plan,
        decision.word,
        decision.text + _limit(estimates[-1]) + remarks,
        n=n,
        effect=effect,
        ci95=ends,
        unit=unit,
        alone=decision.word,
        p=min(1.0, decision.p),
        seeds_needed=_needed(claim, values, contrasts, margin) if decision.word == "inconclusive" else None,
    )


def _unmeasured(claim: Claim, runs: Mapping[str, Sequence[Run]]) -> list[str]:
    """Diverged runs that have no number to count with. Raises InputError for others that lack theirs."""
    unmeasured = []
    for term, found in runs.items():
        metric = claim.metric_of(term)
        if metric.runs > 1:
            continue
        for run in found:
            if not run.diverged:
                run.refuse_cut_short()
            value = metric.of(run)
            if value is not None and not math.isnan(value):
                continue
            if run.diverged and metric.at_least is None:
                unmeasured.append(run.id)
            elif metric.at_least is None:
                problem = "was not measured" if value is None else "is nan"
                table = "probes.csv" if metric.distances else "the last row of curves.csv"
                raise InputError(run.id, f"'{metric.name}' {problem} in {table}, and a claim is about it")
    return unmeasured


def _values(claim: Claim, evidence: Evidence, runs: Mapping[str, Sequence[Run]]) -> tuple[Values, dict[str, int]]:
    """And of how many values of a term only the least is known."""
    from findings.judging.images import sampling_error  # numpy takes its time to import

    of, errors, floors = dict[str, list[float]](), dict[str, float](), dict[str, int]()
    within = len(claim.terms) > 1 and len({arm.id for term in claim.terms for arm in evidence.arms(term)}) == 1
    size = _group(claim) if within else 1
    for term, found in runs.items():
        metric, chosen = claim.metric_of(term), list(found)
        groups = [chosen[at : at + size] for at in range(0, len(chosen) - size + 1, size)] if size > 1 else None
        each = [_mean(metric.values(group)) for group in groups] if groups is not None else metric.values(chosen)
        numbers = []
        for place, value in enumerate(each):
            if value is None and metric.at_least is not None and metric.runs == 1:
                value = metric.at_least(chosen[place])
                floors[term] = floors.get(term, 0) + 1
            if value is None:
                raise InputError(claim.id, f"'{metric.name}' of {term} cannot be had from these records")
            if claim.ratio and value <= 0:
                raise InputError(claim.id, f"'{metric.name}' of {term} is {value:g}: a ratio needs values above 0")
            numbers.append(value)
        measured = [error for run in found if metric.resolution and (error := metric.resolution(run)) is not None]
        error = math.sqrt(statistics.fmean(e**2 for e in measured)) if measured else 0.0
        if claim.ratio and numbers:
            error /= statistics.fmean(numbers)
        of[term] = [math.log(number) for number in numbers] if claim.ratio else numbers
        errors[term] = error
    by_image = not claim.ratio and all(claim.metric_of(term).name == "test_error" for term in claim.terms)
    return Values(of, errors, lambda c: sampling_error(c, evidence) if by_image else None, within), floors


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if known and len(known) == len(values) else None


def _group(claim: Claim) -> int:
    """Runs that one value is of."""
    return max(claim.metric_of(term).runs for term in claim.terms)


def _contrasts(claim: Claim) -> list[Mapping[str, float]]:
    """One; of an order those of neighbours, and last that of the ends."""
    if not claim.order:
        return [claim.contrast]
    pairs = [*itertools.pairwise(claim.order), (claim.order[0], claim.order[-1])]
    return [{later: 1.0, earlier: -1.0} for earlier, later in pairs]


def _effect(claim: Claim, values: Values, contrast: Mapping[str, float]) -> float | None:
    if not values.n:
        return None
    effect = sum(weight * statistics.fmean(values.of[term]) for term, weight in contrast.items())
    return math.exp(effect) if claim.ratio else effect


def _favours_failure(claim: Claim, term: str) -> bool:
    """Whether a value that is larger than known can only make the claim truer."""
    return claim.kind == "greater" and claim.contrast[term] > 0


def _needed(claim: Claim, values: Values, contrasts: Sequence[Mapping[str, float]], margin: float | None) -> int | None:
    """Seeds of each arm that would decide; a value may take several."""

    def decided(seeds: int) -> bool:
        found = []
        for contrast in contrasts:
            now = values.estimate(contrast)
            shrink = math.sqrt(values.n / seeds)
            found.append(replace(now, error=now.error * shrink, freedom=now.freedom * (seeds - 1) / (values.n - 1)))
        return decide(claim.kind, found, margin, str).word != "inconclusive"

    values_needed = seeds_needed(decided, values.n)
    return None if values_needed is None else values_needed * _group(claim)


def _in_the_rules_unit(claim: Claim) -> float | None:
    return math.log(claim.margin) if claim.ratio and claim.margin is not None else claim.margin


def _unit(claim: Claim) -> str:
    """Of a difference: percentage points, where values are percentages."""
    unit = claim.metric_of(claim.terms[0]).unit
    return "pp" if unit == "%" else unit


def _form(claim: Claim) -> Callable[[float], str]:
    if claim.ratio:
        return lambda log: f"{math.exp(log):.2f}"
    if _unit(claim) == "pp":
        return lambda value: f"{value:.2f}"
    return lambda value: f"{value:,.4g}"


def _limit(estimate: Estimate) -> str:
    """Said where the images, not the seeds, limit the interval."""
    narrow = replace(estimate, resolution=0.0).interval()
    return "; as wide as the sampling of the images" if narrow.low > estimate.interval().low else ""


def _remarks(claim: Claim, evidence: Evidence, runs: Mapping[str, Sequence[Run]]) -> str:
    """What a reader should know besides: diverged runs, missing ones."""
    arms = {arm.id: arm for term in claim.terms for arm in evidence.arms(term)}
    found = {(run.arm, run.seed): run for each in runs.values() for run in each}
    diverged = sum(run.diverged for run in found.values())
    waiting = len({(arm.id, seed) for arm in arms.values() for seed in arm.seeds} - found.keys())
    text = f"; {diverged} diverged, counted with the last error" if diverged else ""
    return text + (f"; {waiting} of the planned runs not finished" if waiting else "")


def _at_least(floors: Mapping[str, int]) -> str:
    return "".join(
        f"; {number} of {term} never got there, counted with all they trained" for term, number in floors.items()
    )
