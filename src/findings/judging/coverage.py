"""Whether a plan has what a finding claims something about, and claims something about what it has."""

from collections.abc import Sequence
from dataclasses import dataclass

from findings.judging.claims import Claim
from findings.judging.evidence import Plan


@dataclass(frozen=True)
class Coverage:
    """``lacking``: {claim: the terms that no arm is}; ``idle``: the arms that feed no claim, by label."""

    lacking: dict[str, list[str]]
    idle: list[str]


def coverage(claims: Sequence[Claim], plan: Plan) -> Coverage:
    """Of a labelled plan; counted networks need no arm."""
    counted = {network.model for network in plan.untrained}
    lacking, fed = dict[str, list[str]](), set[str]()
    for claim in claims:
        for term in claim.terms:
            arms = plan.chosen(term)
            fed |= {arm.label for arm in arms if claim.kind != "computed"}
            if not arms and not (claim.kind == "computed" and term in counted):
                lacking.setdefault(claim.id, []).append(term)
    return Coverage(lacking, [arm.label for arm in plan.arms if arm.label not in fed])
