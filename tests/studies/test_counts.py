"""Computed claims come from the networks: they hold for these, and networks built otherwise contradict them."""

from typing import Any

import pytest

from findings import studies
from findings.config.compose import hyperparameters_of
from findings.judging.claims import Claim
from findings.judging.evidence import COUNTED, Evidence, Plan, Untrained
from findings.judging.judge import judge
from findings.planning import plan as planning
from findings.studies import Finding

FINDINGS = studies.findings()
COMPUTED = {
    claim.id: (finding, claim)
    for finding in FINDINGS.values()
    for claim in finding.claims
    if claim.kind == "computed" and claim.contrast.keys() <= {subject.model for subject in finding.untrained}
}


# printed numbers that a recount refutes, and the recount that has to stand beside them
MISPRINTED = {
    "resnet50-costs-as-resnet34": ("3,857,973,248", "3,663,761,408", "not 3.8e9", "not 3.6e9"),
    "inception-reductions": ("271,351,808", "not 358e6"),
}


def counts(finding: Finding, claim: Claim) -> Evidence:
    """What planning counts of the claim's networks."""
    rows = planning.Planner().untrained([subject for subject in finding.untrained if subject.model in claim.contrast])
    found = [
        Untrained(model=row["model"], size=row["size"], **{metric: row.get(metric) for metric in COUNTED})
        for row in rows
    ]
    return Evidence(Plan(finding.name, "quick", "", "", (), tuple(found)), ())


@pytest.mark.parametrize("name", COMPUTED)
def test_the_networks_have_what_is_quoted(name: str) -> None:
    finding, claim = COMPUTED[name]
    verdict = judge(claim, counts(finding, claim))
    assert verdict.verdict == ("contradicted" if name in MISPRINTED else "reproduced"), verdict.reason
    for recount in MISPRINTED.get(name, ()):
        assert recount in verdict.reason


@pytest.mark.parametrize(
    ("name", "model", "changes"),
    [
        ("bottleneck-block-weights", "block256-bottleneck", {"block": "basic"}),
        ("bottleneck-block-multiply-adds", "block256-basic", {"block": "bottleneck"}),
        ("stride-in-the-3x3-costs-more", "resnet50-stride3x3", {"stride_in": "1x1"}),
        ("gap-head-parameters", "vgg16", {"hidden": [4096]}),
        ("gap-head-parameters", "googlenet", {"width": 56}),
        ("wide-published-parameters", "wide40x4", {"widening": 3}),
        ("wide-published-parameters", "wide28x10", {"depth": 22}),
        ("wide-50-has-more-parameters-than-152", "wide-resnet50x2", {"widening": 1}),
        ("wide-50-has-more-parameters-than-152", "resnet152", {"depth": 101}),
    ],
)
def test_a_changed_network_contradicts(
    name: str, model: str, changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def changed(asked: str) -> dict[str, Any]:
        return hyperparameters_of(asked) | (changes if asked == model else {})

    monkeypatch.setattr(planning, "hyperparameters_of", changed)
    finding, claim = COMPUTED[name]
    verdict = judge(claim, counts(finding, claim))
    assert verdict.verdict == "contradicted", verdict.reason


def test_every_claim_about_counted_networks_is_tested_with_a_changed_one() -> None:
    assert len(COMPUTED) == 8
