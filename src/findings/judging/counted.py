"""Claims about counts: an audit of printed numbers, and what a comparison presupposes. Never evidence."""

from findings.judging.claims import Claim
from findings.judging.evidence import Evidence
from findings.judging.rule import Word
from findings.judging.verdict import Verdict, joined, verdict


def judge_counts(claim: Claim, evidence: Evidence) -> Verdict:
    """A printed number that a recount refutes is contradicted, and stands beside the recount."""
    metric = claim.metric_name
    found = {term: evidence.count(term, metric) for term in claim.contrast}
    values = {term: value for term, value in found.items() if value is not None}
    if len(values) < len(found):
        return verdict(claim, evidence.plan, "not run", f"the plan does not hold the {metric} of every network")
    effect = sum(weight * values[term] for term, weight in claim.contrast.items())
    counts = joined([f"{term} has {value:,}" for term, value in values.items()])
    if claim.quoted:
        other = [f"{term} not {text}" for term, text in claim.quoted.items() if not agrees(values[term], text)]
        holds, remark = not other, f"; {joined(other)}" if other else ""
    else:
        reference = sum(abs(weight) * values[term] for term, weight in claim.contrast.items() if weight < 0)
        holds = abs(effect) <= (claim.margin or 0) * reference
        remark = f"; a difference of {100 * abs(effect) / reference:.1f} %" if claim.margin and reference else ""
    word: Word = "reproduced" if holds else "contradicted"
    return verdict(claim, evidence.plan, word, f"computed: {counts}{remark}", effect=float(effect))


def agrees(value: int, quoted: str) -> bool:
    """Whether ``value`` rounds to what is quoted, such as 3.66e9 or 69632."""
    digits = len(quoted.lower().partition("e")[0].replace(".", "").lstrip("0")) or 1
    return f"{value:.{digits - 1}e}" == f"{float(quoted):.{digits - 1}e}"
