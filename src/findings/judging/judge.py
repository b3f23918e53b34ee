"""Claims and runs into verdicts.

A claim is a contrast: a weighted sum of networks' mean errors, such as ``plain56 - plain20``. Seeds of different
networks share nothing that would make them pairs, so its standard error and degrees of freedom are Welch's and
Satterthwaite's: with two networks this is Welch's t interval. Every finished run is evidence, and so is every
diverged one, with the error that it had reached.
"""

import math
import statistics
from dataclasses import asdict, dataclass
from typing import Any, Literal

from findings.errors import InputError
from findings.judging import published
from findings.judging.claims import Claim, Kind
from findings.judging.evidence import Arm, Cost, Evidence, Run
from findings.judging.intervals import Interval, welch

Word = Literal["reproduced", "contradicted", "inconclusive", "not run"]
FEWEST_SEEDS = 3  # and rounds of a measurement
SUSPICIOUS = 0.05  # of the cores' time: costs measured while others had more of it say little


@dataclass(frozen=True)
class Verdict:
    """A claim's outcome at one scale. ``effect`` and ``ci95`` are in the metric's unit; of a measured claim, a ratio.

    ``n`` is the fewest seeds of a network, or the rounds of a measurement.
    """

    id: str
    finding: str
    scale: str
    kind: Kind
    sentence: str
    metric: str
    n: int | None
    effect: float | None
    ci95: tuple[float, float] | None
    margin: float | None
    verdict: Word
    reason: str
    published: tuple[dict[str, Any], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """For verdicts.json: keys in a fixed order; counts are exact, other numbers have six significant digits."""
        content = asdict(self)
        content["effect"] = self.effect if self.kind == "computed" else _rounded(self.effect)
        content["ci95"] = None if self.ci95 is None else [_rounded(end) for end in self.ci95]
        content["published"] = list(self.published)
        return content


def judge(claim: Claim, evidence: Evidence) -> Verdict:
    """Raises :class:`InputError` naming the differing keys if the runs are not comparable."""
    untrained = {network.model for network in evidence.plan.untrained} if claim.kind == "computed" else set()
    missing = [model for model in claim.contrast if not evidence.arms(model) and model not in untrained]
    if missing:
        return _verdict(claim, evidence, "not run", f"the plan has no arm for {_and(missing)}")
    comparable(claim, evidence)
    if claim.kind == "computed":
        return _computed(claim, evidence)
    if claim.kind == "measured":
        return _measured(claim, evidence)
    runs = {model: evidence.runs_of(model) for model in claim.contrast}
    absent = [model for model, found in runs.items() if not found]
    if absent:
        return _verdict(claim, evidence, "not run", f"no finished run of {_and(absent)}")
    _same_conditions(claim, [run for found in runs.values() for run in found])
    if claim.metric.startswith("shift_"):
        _same_shifts(evidence, runs)
    unmeasured = [
        run.id for found in runs.values() for run in found if run.diverged and not _is_number(run.last(claim.metric))
    ]
    if unmeasured:
        reason = f"{_and(unmeasured)} diverged before {claim.metric} was measured, and may not be left out"
        return _verdict(claim, evidence, "inconclusive", reason)
    lost = [model for model, found in runs.items() if all(run.diverged for run in found)]
    if lost and claim.kind in ("no_worse", "equal"):
        reason = f"every run of {_and(lost)} diverged: nothing is learned from networks that both fail"
        return _verdict(claim, evidence, "inconclusive", reason)
    samples = {model: [run.headline(claim.metric) for run in found] for model, found in runs.items()}
    word: Word
    n = min(len(values) for values in samples.values())
    effect = sum(weight * statistics.fmean(samples[model]) for model, weight in claim.contrast.items())
    ci95 = welch(claim.contrast, samples, 0.95) if n > 1 else None
    if n < FEWEST_SEEDS or ci95 is None:
        few = [f"{model} has {len(values)}" for model, values in samples.items() if len(values) < FEWEST_SEEDS]
        word, reason = "inconclusive", f"fewer than three seeds: {_and(few)}"
    elif claim.kind == "equal":
        word, reason = _decide(claim, welch(claim.contrast, samples, 0.90), "90 %")
    else:
        word, reason = _decide(claim, ci95, "95 %")
    reason += _remarks(claim, evidence, runs, samples)
    return _verdict(claim, evidence, word, reason, n, effect, ci95)


def _decide(claim: Claim, interval: Interval, level: str) -> tuple[Word, str]:
    low, high, margin = interval.low, interval.high, claim.margin or 0.0
    if claim.kind == "greater":
        reproduced, contradicted, bound = low > 0, high < 0, "0"
    elif claim.kind == "no_worse":
        reproduced, contradicted, bound = high < margin, low > margin, f"the margin {margin:g}"
    else:
        reproduced, contradicted = -margin < low and high < margin, low > margin or high < -margin
        bound = f"the margin ±{margin:g}"
    text = f"the {level} interval {interval}"
    if not reproduced and not contradicted:
        return "inconclusive", f"{text} reaches over {bound}"
    if claim.kind == "equal":
        return (
            ("reproduced", f"{text} is inside {bound}")
            if reproduced
            else ("contradicted", f"{text} is outside {bound}")
        )
    above = (claim.kind == "greater") == reproduced
    return "reproduced" if reproduced else "contradicted", f"{text} is {'above' if above else 'below'} {bound}"


def _computed(claim: Claim, evidence: Evidence) -> Verdict:
    found = {model: evidence.count(model, claim.metric) for model in claim.contrast}
    values = {model: value for model, value in found.items() if value is not None}
    if len(values) < len(found):
        return _verdict(claim, evidence, "not run", f"the plan does not hold the {claim.metric} of every network")
    effect = sum(weight * values[model] for model, weight in claim.contrast.items())
    counts = _and([f"{model} has {value:,}" for model, value in values.items()])
    if claim.quoted:
        other = [f"{model} not {text}" for model, text in claim.quoted.items() if not _agrees(values[model], text)]
        holds, remark = not other, f"; {_and(other)}" if other else ""
    else:
        reference = sum(abs(weight) * values[model] for model, weight in claim.contrast.items() if weight < 0)
        holds = abs(effect) <= (claim.margin or 0) * reference
        remark = f"; a difference of {100 * abs(effect) / reference:.1f} %" if claim.margin and reference else ""
    word: Word = "reproduced" if holds else "contradicted"
    return _verdict(claim, evidence, word, f"computed: {counts}{remark}", None, float(effect))


def _agrees(value: int, quoted: str) -> bool:
    """Whether ``value`` rounds to what is quoted, such as 3.66e9 or 69632."""
    digits = len(quoted.lower().partition("e")[0].replace(".", "").lstrip("0")) or 1
    return f"{value:.{digits - 1}e}" == f"{float(quoted):.{digits - 1}e}"


def _measured(claim: Claim, evidence: Evidence) -> Verdict:
    """The networks take turns in every round, so that their costs in one round are a pair."""
    first, second = ({cost.round: cost for cost in _costs(model, evidence)} for model in claim.contrast)
    rounds = sorted(first.keys() & second.keys())
    absent = [model for model in claim.contrast if not _costs(model, evidence)]
    if absent or not rounds:
        name = f"{evidence.plan.scale}/{evidence.plan.finding}"
        return _verdict(claim, evidence, "not run", f"`findings measure {name}` has not measured {_and(absent)}")
    costs = [cost for found in (first, second) for cost in found.values()]
    _same_machine(claim, costs)
    others = statistics.fmean(cost.others for cost in costs)
    if others > SUSPICIOUS:
        name, share = f"{evidence.plan.scale}/{evidence.plan.finding}", f"{100 * others:.0f} %"
        reason = f"other processes had {share} of the machine meanwhile: `findings measure {name}` again, alone"
        return _verdict(claim, evidence, "inconclusive", reason, len(rounds))
    logs = [math.log(getattr(first[at], claim.metric) / getattr(second[at], claim.metric)) for at in rounds]
    ratio, margin = math.exp(statistics.fmean(logs)), claim.margin or 1.0
    if len(rounds) < FEWEST_SEEDS:
        return _verdict(claim, evidence, "inconclusive", "fewer than three rounds", len(rounds), ratio)
    spread = welch({"ratio": 1.0}, {"ratio": logs}, 0.95)
    interval = Interval(math.exp(spread.low), math.exp(spread.high))
    text, bound = f"the 95 % interval {interval} of the ratio", f"{margin:g}"
    if interval.low > margin:
        return _verdict(claim, evidence, "reproduced", f"{text} is above {bound}", len(rounds), ratio, interval)
    if interval.high < margin:
        return _verdict(claim, evidence, "contradicted", f"{text} is below {bound}", len(rounds), ratio, interval)
    return _verdict(claim, evidence, "inconclusive", f"{text} reaches over {bound}", len(rounds), ratio, interval)


def _costs(model: str, evidence: Evidence) -> list[Cost]:
    """Those of the network as the plan trains it; a table of an earlier protocol is no evidence."""
    arms = {arm.id for arm in evidence.arms(model)}
    return [cost for cost in evidence.costs if cost.model == model and cost.arm in arms]


def _same_machine(claim: Claim, costs: list[Cost]) -> None:
    for key in costs[0].conditions:
        values = sorted({cost.conditions[key] for cost in costs})
        if len(values) > 1:
            raise InputError(claim.id, f"its costs were measured with different {key}: {_and(values)}; measure again")


def comparable(claim: Claim, evidence: Evidence) -> list[Arm]:
    """The claim's arms, one per network and equal apart from the network itself; otherwise :class:`InputError`."""
    arms = [arm for model in claim.contrast for arm in evidence.arms(model)]
    twice = [arm for arm in arms if len(evidence.arms(arm.model)) > 1]
    every = {key for arm in arms for key in arm.config}
    differing = sorted(key for key in every if not key.startswith("model.") and _differs(key, arms))
    if twice and not differing:
        differing = sorted(key for key in every if _differs(key, [arm for arm in twice if arm.model == twice[0].model]))
    if twice or differing:
        plan = evidence.plan
        what = f"two arms of {twice[0].model}" if twice else "arms"
        raise InputError(
            f"{plan.scale}/{plan.finding}",
            f"{claim.id} would mix {what} that differ in {_and(differing) or 'nothing'}; `findings run "
            f"{plan.scale}/{plan.finding}` without overrides writes the plan anew",
        )
    return arms


def _is_number(value: float | None) -> bool:
    return value is not None and not math.isnan(value)


def _differs(key: str, arms: list[Arm]) -> bool:
    return any(arm.config.get(key) != arms[0].config.get(key) for arm in arms)


def _same_conditions(claim: Claim, runs: list[Run]) -> None:
    for key, what in (
        ("fingerprint", "the data's fingerprint"),
        ("precision", "precision"),
        ("iterations", "iterations"),
    ):
        values = {str(getattr(run, key)): run.id for run in runs}
        if len(values) > 1:
            examples = _and([f"{value} in {run}" for value, run in sorted(values.items())])
            raise InputError(claim.id, f"its runs differ in {what}: {examples}; rerun one side or move it away")


def _same_shifts(evidence: Evidence, runs: dict[str, list[Run]]) -> None:
    """A lost row of probes.csv would change what the mean is over."""
    for model, found in runs.items():
        planned = sorted(evidence.arms(model)[0].config.get("evaluation.shifts", []))
        for run in found:
            probed = sorted(map(int, run.probed("shift", "test_error")))
            if probed and probed != planned:
                raise InputError(run.id, f"probes.csv has the shifts {probed}, planned are {planned}: restore the file")


def _remarks(claim: Claim, evidence: Evidence, runs: dict[str, list[Run]], samples: dict[str, list[float]]) -> str:
    """What a reader should know besides: diverged runs, missing ones, no spread at all."""
    diverged = sum(run.diverged for found in runs.values() for run in found)
    launched = {(arm.model, seed) for arm in evidence.plan.arms if arm.model in claim.contrast for seed in arm.seeds}
    waiting = len(launched - {(run.model, run.seed) for found in runs.values() for run in found})
    text = f"; {diverged} diverged, counted with the last error" if diverged else ""
    text += f"; {waiting} of the planned runs not finished" if waiting else ""
    if all(len(values) > 1 and statistics.variance(values) == 0 for values in samples.values()):
        text += "; no spread between seeds"
    return text


def _verdict(
    claim: Claim,
    evidence: Evidence,
    word: Word,
    reason: str,
    n: int | None = 0,
    effect: float | None = None,
    ci95: Interval | None = None,
) -> Verdict:
    theirs = [published.load()[key] for key in claim.published]
    return Verdict(
        id=claim.id,
        finding=claim.finding,
        scale=evidence.plan.scale,
        kind=claim.kind,
        sentence=claim.sentence,
        metric=claim.metric,
        n=None if claim.kind == "computed" else n,
        effect=effect,
        ci95=None if ci95 is None else (ci95.low, ci95.high),
        margin=claim.margin,
        verdict=word,
        reason=reason,
        published=tuple(
            {
                "id": one.id,
                "value": f"{one.relation} {one.value}" if one.relation else one.value,
                "unit": one.unit,
                "source": one.source,
                "protocol": one.protocol,
            }
            for one in theirs
        ),
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")


def _and(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
