"""Every finding is sound, and its file is enough to be found."""

import pytest

from findings import studies
from findings.config.compose import groups
from findings.judging import published
from findings.judging.checks import FOLLOWING, ITERATIONS, RATE, changed
from findings.judging.claims import NOT_TRAINED, Claim, cast
from findings.judging.evidence import COUNTED, plan_from
from findings.planning import sweeps
from findings.planning.freezing import planned
from findings.planning.plan import Planner

FINDINGS, PLANNER = studies.findings(), Planner()
OWN = [sweep for name in sweeps.names() for sweep in sweeps.find(name)]
OF_FINDINGS = [sweep.name for sweep in OWN if sweep.finding in FINDINGS and not sweep.check]
CHECKS = [sweep.name for sweep in OWN if sweep.check]
# the small scales train the two ends
ONLY_WITH_EVERY_DEPTH = (
    "plain-training-error-rises-with-every-depth",
    "residual-test-error-falls-with-every-depth",
    "residual-110-beats-56",
)
COUNTED_OR_MEASURED = {
    "computed": COUNTED,
    "measured": ("milliseconds_per_step", "images_per_second", "peak_memory_mib"),
}


def test_depth_degradation_is_found() -> None:
    assert FINDINGS["depth-degradation"].title == "Depth degradation"


@pytest.mark.parametrize("finding", FINDINGS.values(), ids=lambda finding: finding.name)
def test_claims_and_what_was_published_hold_together(finding: studies.Finding) -> None:
    assert len({claim.id for claim in finding.claims}) == len(finding.claims)
    for claim in finding.claims:
        assert claim.finding == finding.name
        assert claim.source
        if claim.kind in COUNTED_OR_MEASURED:
            assert claim.metric in COUNTED_OR_MEASURED[claim.kind]
        assert set(claim.published) <= published.load().keys()
    assert set(finding.published) <= published.load().keys()


@pytest.mark.parametrize("name", OF_FINDINGS)
def test_every_sweep_trains_what_its_claims_are_about(name: str) -> None:
    """At every scale each role has one player, and what is neither trained nor counted is in no claim."""
    sweep = sweeps.find(name)[0]
    finding, models = FINDINGS[sweep.finding], sweep.axes["model"]
    assert set(models) <= set(groups()["model"])
    for role, candidates in finding.roles.items():
        assert len([model for model in models if model in candidates]) == 1, role
    known = {*models, *(subject.model for subject in finding.untrained)}
    for claim in finding.claims:
        needed = set(claim.cast(cast(finding.roles, models.__contains__)).terms)
        assert needed <= known or claim.id in ONLY_WITH_EVERY_DEPTH
    assert len(sweep.axes["seed"]) >= 3


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_trains_arms_that_claims_of_its_finding_compare(name: str) -> None:
    (sweep,) = sweeps.find(name)
    (own,) = sweeps.find(f"{sweep.scale}/{sweep.finding}")
    models, finding = sweep.axes["model"], FINDINGS[sweep.finding]
    assert set(models) <= set(own.axes["model"])
    players = cast(finding.roles, models.__contains__)
    compared = [claim for claim in finding.claims if set(claim.cast(players).terms) <= set(models)]
    assert any(claim.kind not in NOT_TRAINED for claim in compared)
    assert len(sweep.axes["seed"]) >= 3
    plans = [
        plan_from(planned(one, PLANNER.plan(one, ["seed=0"]), PLANNER), one.name).labelled(finding.labels)
        for one in (own, sweep)
    ]
    assert changed(*plans).keys() - FOLLOWING in ({ITERATIONS}, {RATE})


def test_a_claim_speaks_of_the_networks_that_play_its_roles() -> None:
    claim = Claim("c", "f", "{wide} beats {deep}", "greater", {"deep": 1, "wide": -1}, "test_error", "a paper")
    found = claim.cast({"wide": "wide10x2", "deep": "wide22x1"})
    assert (found.sentence, found.contrast) == ("wide10x2 beats wide22x1", {"wide22x1": 1, "wide10x2": -1})
    assert claim.cast({}).sentence == "wide beats deep"


def test_networks_of_two_line_ups_never_play_together() -> None:
    roles = FINDINGS["gap-vs-fc"].roles
    small = ["resnet8", "resnet8-fc", "resnet8-fc-dropout"]
    assert cast(roles, ["resnet20", *small].__contains__) == dict(zip(("gap", "fc", "fc_dropout"), small, strict=True))
    two = ["resnet20", "resnet8-fc-dropout", "resnet8"]
    assert cast(roles, two.__contains__) == {"gap": "resnet8", "fc_dropout": small[2]}
    assert cast(roles, ["plain20"].__contains__) == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "no_worse"},
        {"kind": "measured"},
        {"kind": "ordered"},
        {"order": ("a", "b")},
        {"kind": "computed", "quoted": {"a": "1", "b": "2"}, "margin": 0.1},
        {"contrast": {"a": 1, "b": -2}},
        {"quoted": {"a": "1", "b": "2"}},
        {"kind": "computed", "quoted": {"a": "1"}},
        {"kind": "measured", "margin": 1.0, "contrast": {"a": 0.5, "b": -0.5}},
    ],
)
def test_a_claim_that_cannot_be_judged_is_refused(wrong: dict) -> None:
    fields = {"kind": "greater", "contrast": {"a": 1, "b": -1}, "metric": "test_error", "source": "a paper"}
    with pytest.raises(ValueError, match="c: "):
        Claim("c", "f", "a sentence", **(fields | wrong))


def test_the_margins_stay_as_they_were_fixed_before_any_run() -> None:
    found = {
        claim.id: (claim.kind, claim.metric_name, claim.margin)
        for finding in FINDINGS.values()
        for claim in finding.claims
    }
    assert {name: fixed for name, fixed in found.items() if fixed[0] != "computed"} == {
        "plain-training-error-rises": ("greater", "train_error", None),
        "plain-test-error-rises": ("greater", "test_error", None),
        "residual-training-error-does-not-rise": ("no_worse", "train_error", 0.5),
        "shortcuts-change-what-depth-does": ("greater", "train_error", None),
        "residual-beats-plain": ("greater", "test_error", None),
        "bottleneck-depth-lowers-test-error": ("greater", "test_error", None),
        "bottleneck-training-speed": ("measured", "images_per_second", 0.8),
        "gap-beats-fc": ("greater", "test_error", None),
        "gap-no-worse-than-fc-dropout": ("no_worse", "test_error", 0.5),
        "fc-overfits-more": ("greater", "generalisation_gap", None),
        "gap-shift-error": ("greater", "shift_error_rise", None),
        "gap-shift-agreement": ("greater", "shift_disagreement", None),
        "wide-no-worse-than-deep": ("no_worse", "test_error", 0.5),
        "wide-trains-faster": ("measured", "images_per_second", 1.0),
        "wide-needs-shortcuts": ("greater", "test_error", None),
        "deep-needs-shortcuts": ("greater", "test_error", None),
        "depth-needs-shortcuts-more-than-width": ("greater", "test_error", None),
        "plain-training-error-rises-with-every-depth": ("ordered", "train_error", 0.5),
        "residual-test-error-falls-with-every-depth": ("ordered", "test_error", 0.5),
        "residual-110-beats-56": ("greater", "test_error", None),
    }
    margins = {claim.id: claim.margin for finding in FINDINGS.values() for claim in finding.claims if claim.margin}
    assert {name: margin for name, margin in margins.items() if found[name][0] == "computed"} == {
        "bottleneck-matched-parameters": 0.06,
        "bottleneck-matched-multiply-adds": 0.06,
        "wide-matched-parameters": 0.12,
    }


def test_published_values_of_table_6() -> None:
    theirs = published.load()
    depths = {20: 8.75, 32: 7.51, 44: 7.17, 56: 6.97, 110: 6.43}
    assert {depth: theirs[f"he15.t6.resnet{depth}.err"].value for depth in depths} == depths
    assert str(theirs["he15.t6.resnet110.err_mean"]) == "6.61 ± 0.16 %"
    assert str(theirs["he15.t6.resnet56.params"]) == "0.85 M"


def test_no_number_is_invented_for_what_is_only_plotted() -> None:
    for depth in (20, 32, 44, 56):
        theirs = published.load()[f"he15.f6.plain{depth}.err"]
        assert theirs.value is None
        assert str(theirs) == "only plotted (Fig. 6)"
