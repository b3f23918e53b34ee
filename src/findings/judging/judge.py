"""Claims and evidence into verdicts: each claim by itself, then all of a finding's together."""

from collections.abc import Sequence
from dataclasses import replace

from findings.errors import InputError
from findings.judging.claims import NOT_TRAINED, Claim
from findings.judging.counted import judge_counts
from findings.judging.evidence import Arm, Evidence, Run, differs, mixed
from findings.judging.intervals import holm
from findings.judging.measured import judge_costs
from findings.judging.rule import ALPHA
from findings.judging.selectors import selector
from findings.judging.trained import judge_runs
from findings.judging.verdict import Verdict, joined, verdict


def judge_all(claims: Sequence[Claim], evidence: Evidence, trained_below: float | None = None) -> list[Verdict]:
    """The verdicts on a finding's claims at one scale, as they stand after Holm's correction.

    ``trained_below``: the training error, in percent, that a baseline has to come below to have trained. Raises
    :class:`InputError` naming the differing keys if the runs of a claim are not comparable.
    """
    alone = [judge(claim, evidence, trained_below) for claim in claims]
    trained = {one.id: one.p for one in alone if one.kind not in NOT_TRAINED and one.p is not None}
    adjusted = holm(trained)
    return [_among(one, adjusted.get(one.id), len(trained)) for one in alone]


def _among(one: Verdict, p_holm: float | None, claims: int) -> Verdict:
    if p_holm is None:
        return one
    one = replace(one, p_holm=p_holm)
    if one.verdict == "inconclusive" or p_holm < ALPHA:
        return one
    reason = f"{one.reason}: alone that would do, but among {claims} trained claims it is no surprise (p {p_holm:.2g})"
    return replace(one, verdict="inconclusive", because="several claims", reason=reason)


def judge(claim: Claim, evidence: Evidence, trained_below: float | None = None) -> Verdict:
    """One claim by its own interval."""
    counted = {network.model for network in evidence.plan.untrained} if claim.kind == "computed" else set()
    missing = [term for term in claim.terms if not evidence.arms(term) and term not in counted]
    if missing:
        reason = f"the plan has no arm for {joined(missing)}"
        return verdict(claim, evidence.plan, "not run", reason, because="not planned")
    refuse_incomparable(claim, evidence)
    if claim.kind == "computed":
        return judge_counts(claim, evidence)
    if claim.kind == "measured":
        return judge_costs(claim, evidence)
    return judge_runs(claim, evidence, trained_below)


def refuse_incomparable(claim: Claim, evidence: Evidence) -> None:
    """The claim's arms are one for each term, and differ in what the terms name, and in what that brings with it.

    Raises :class:`InputError` naming any other key in which they or their runs differ.
    """
    name = evidence.plan.name
    found = {term: evidence.arms(term) for term in claim.terms}
    for term, arms in found.items():
        if len(arms) > 1:
            again = f"; or `findings run {name}` without overrides writes the plan anew"
            raise InputError(name, f"{claim.id}: '{term}' {mixed(arms)}: name them in the claim{again}")
    every = [arm for arms in found.values() for arm in arms]
    keys = {key for arm in every for key in arm.config if differs(key, every)}
    unnamed = sorted(key for key in keys if not _is_named(key, every, _selectors(claim, evidence)))
    if unnamed:
        raise InputError(
            name,
            f"{claim.id} would compare arms that differ in {joined(unnamed)}, which it does not name; "
            f"`findings run {name}` without overrides writes the plan anew",
        )
    runs = [run for term in claim.terms for run in evidence.runs_of(term)] if claim.kind not in NOT_TRAINED else []
    _same_conditions(claim, evidence, every, runs)
    if any(claim.metric_of(term).distances for term in claim.terms if claim.kind not in NOT_TRAINED):
        _same_shifts(evidence, claim.terms)


def _selectors(claim: Claim, evidence: Evidence) -> list[str]:
    """What the terms say; of a label, what it stands for."""
    return [evidence.plan.labels.get(term, term) for term in claim.terms]


def _is_named(key: str, arms: Sequence[Arm], terms: Sequence[str]) -> bool:
    return any(selector(term).names(key) for term in terms) or any(key in arm.brought for arm in arms)


def _same_conditions(claim: Claim, evidence: Evidence, arms: Sequence[Arm], runs: Sequence[Run]) -> None:
    terms = _selectors(claim, evidence)
    for key, what, config_key in (
        ("fingerprint", "the data's fingerprint", "data.name"),
        ("precision", "precision", "recipe.precision"),
        ("iterations", "iterations", "recipe.iterations"),
    ):
        values = {str(getattr(run, key)): run.id for run in runs}
        if len(values) > 1 and not (_is_named(config_key, arms, terms) and differs(config_key, arms)):
            examples = joined([f"{value} in {run}" for value, run in sorted(values.items())])
            raise InputError(claim.id, f"its runs differ in {what}: {examples}; rerun one side or move it away")


def _same_shifts(evidence: Evidence, terms: Sequence[str]) -> None:
    """A lost row of probes.csv would change what the mean is over."""
    for term in terms:
        planned = sorted(evidence.arms(term)[0].config.get("evaluation.shifts", []))
        for run in evidence.runs_of(term):
            probed = sorted(int(key) for key in run.probed("shift", "test_error"))
            if probed and probed != planned:
                raise InputError(run.id, f"probes.csv has the shifts {probed}, planned are {planned}: restore the file")
