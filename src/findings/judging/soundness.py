"""What no verdict may rest on: arms at the end of the scale, and arms that did not train."""

import math
import statistics
from collections.abc import Mapping, Sequence

from findings.judging.claims import Claim
from findings.judging.evidence import Evidence, Run
from findings.judging.intervals import paired
from findings.judging.metrics import METRICS
from findings.judging.verdict import joined

Runs = Mapping[str, Sequence[Run]]
NORMAL = 1.96


def saturated(claim: Claim, evidence: Evidence, runs: Runs) -> str:
    """Why the metric cannot tell the arms apart: all at 0 %, or all at chance. Empty where it can."""
    metrics = {term: claim.metric_of(term) for term in claim.terms}
    if not all(metric.is_error and metric.runs == 1 for metric in metrics.values()):
        return ""
    low, high = [], []
    for term, found in runs.items():
        values = [value for value in metrics[term].values(found) if value is not None]
        errors = [error for run in found if (error := (metrics[term].resolution or _unknown)(run)) is not None]
        (chance,) = {arm.chance for arm in evidence.arms(term)} or {None}
        mean, error = statistics.fmean(values), max(errors, default=0.0)
        # one image of N: the sampling error of an arm without a mistake is about that
        low.append(mean <= error)
        high.append(chance is not None and mean >= chance - NORMAL * error)
    at = "0 %" if all(low) else "chance" if all(high) else ""
    return (
        f"saturated: {joined(list(runs))} are all at {at}, where {claim.metric_name} tells nothing apart" if at else ""
    )


def _unknown(run: Run) -> float | None:
    return None


def untrained(claim: Claim, evidence: Evidence, runs: Runs, below: float | None) -> str:
    """Why an arm whose failure would make the claim true says nothing: it did not train. Empty where all did.

    An arm has trained if the 95 % interval of its training error lies below chance, and its mean below ``below``.
    """
    if claim.trainability:
        return ""
    found = []
    for term in claim.terms:
        if not _is_baseline(claim, term):
            continue
        errors = [e for e in METRICS["train_error"].values(runs[term]) if e is not None and not math.isnan(e)]
        (chance,) = {arm.chance for arm in evidence.arms(term)} or {None}
        if not errors or len(errors) < 2:
            continue
        mean = statistics.fmean(errors)
        if chance is not None and paired(errors).interval().high >= chance:
            found.append(f"{term} (training error {mean:.1f} %, not clearly below chance, {chance:.0f} %)")
        elif below is not None and mean >= below:
            found.append(f"{term} (training error {mean:.1f} %, the study asks for less than {below:g} %)")
    return f"did not train: {joined(found)}; what it is compared with shows nothing" if found else ""


def _is_baseline(claim: Claim, term: str) -> bool:
    """Whether it would make the claim true to fail: on the larger side of greater, on the smaller of no_worse."""
    if claim.kind == "greater":
        return claim.contrast[term] > 0
    if claim.kind == "no_worse":
        return claim.contrast[term] < 0
    return True
