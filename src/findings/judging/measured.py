"""Claims about what training costs: ratios of costs that were measured apart from training, taking turns."""

import math
import statistics

from findings.errors import InputError
from findings.judging.claims import Claim
from findings.judging.evidence import Cost, Evidence
from findings.judging.intervals import paired
from findings.judging.rule import decide
from findings.judging.verdict import Verdict, joined, verdict

FEWEST_ROUNDS = 3
SUSPICIOUS = 0.05  # of the cores' time: costs measured while others had more of it say little


def judge_costs(claim: Claim, evidence: Evidence) -> Verdict:
    """The networks take turns in every round, so that their costs in one round are a pair."""
    metric, plan = claim.metric_name, evidence.plan
    name = f"{plan.scale}/{plan.finding}"
    first, second = ({cost.round: cost for cost in evidence.costs_of(term)} for term in claim.contrast)
    rounds = sorted(first.keys() & second.keys())
    absent = [term for term in claim.contrast if not evidence.costs_of(term)]
    if absent or not rounds:
        return verdict(claim, plan, "not run", f"`findings measure {name}` has not measured {joined(absent)}")
    costs = [cost for found in (first, second) for cost in found.values()]
    _same_machine(claim, costs)
    n, others = len(rounds), statistics.fmean(cost.others for cost in costs)
    if others > SUSPICIOUS:
        share = f"{100 * others:.0f} %"
        reason = f"other processes had {share} of the machine meanwhile: `findings measure {name}` again, alone"
        return verdict(claim, plan, "inconclusive", reason, n=n)
    logs = [math.log(getattr(first[at], metric) / getattr(second[at], metric)) for at in rounds]
    effect = math.exp(statistics.fmean(logs))
    if n < FEWEST_ROUNDS:
        few = "fewer than three rounds"
        return verdict(claim, plan, "inconclusive", few, n=n, effect=effect, unit="x", because="too few")
    estimate = paired(logs)
    if estimate.blind:
        reason = f"all {n} rounds took the same to the last digit: nothing says how far the ratio can be off"
        return verdict(claim, plan, "inconclusive", reason, n=n, effect=effect, unit="x")
    interval = estimate.interval()
    decision = decide("greater", [estimate], math.log(claim.margin or 1.0), lambda log: f"{math.exp(log):.2f}")
    return verdict(
        claim,
        plan,
        decision.word,
        decision.text,
        n=n,
        effect=effect,
        ci95=(math.exp(interval.low), math.exp(interval.high)),
        unit="x",
        alone=decision.word,
        p=min(1.0, decision.p),
    )


def _same_machine(claim: Claim, costs: list[Cost]) -> None:
    for key in costs[0].conditions:
        values = sorted({cost.conditions[key] for cost in costs})
        if len(values) > 1:
            raise InputError(claim.id, f"its costs were measured with different {key}: {joined(values)}; measure again")
