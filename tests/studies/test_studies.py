"""Every finding is sound, and its file is enough to be found."""

import pytest

from findings import published, studies
from findings.report.merge import METRIC_COLUMNS

FINDINGS = studies.findings()


def test_depth_degradation_is_found() -> None:
    assert FINDINGS["depth-degradation"].title == "Depth degradation"


@pytest.mark.parametrize("finding", FINDINGS.values(), ids=lambda finding: finding.name)
def test_claims_and_published_figures_hold_together(finding: studies.Finding) -> None:
    assert len({claim.id for claim in finding.claims}) == len(finding.claims)
    for claim in finding.claims:
        assert claim.finding == finding.name
        assert claim.source
        assert claim.metric in (METRIC_COLUMNS if claim.kind != "computed" else ("parameters", "multiply_adds"))
        assert set(claim.published) <= published.load().keys()
    assert set(finding.published) <= published.load().keys()


def test_the_margins_stay_as_they_were_fixed_before_any_run() -> None:
    claims = {claim.id: (claim.kind, claim.metric, claim.margin) for claim in FINDINGS["depth-degradation"].claims}
    assert claims == {
        "plain-training-error-rises": ("greater", "train_error", None),
        "plain-test-error-rises": ("greater", "test_error", None),
        "residual-training-error-does-not-rise": ("no_worse", "train_error", 0.5),
        "shortcuts-change-what-depth-does": ("greater", "train_error", None),
        "residual-beats-plain": ("greater", "test_error", None),
        "shortcuts-are-free": ("computed", "parameters", None),
    }


def test_published_figures_of_table_6() -> None:
    figures = published.load()
    depths = {20: 8.75, 32: 7.51, 44: 7.17, 56: 6.97, 110: 6.43}
    assert {depth: figures[f"he15.t6.resnet{depth}.err"].value for depth in depths} == depths
    assert str(figures["he15.t6.resnet110.err_mean"]) == "6.61 ± 0.16 %"
    assert str(figures["he15.t6.resnet56.params"]) == "0.85 M"


def test_no_number_is_invented_for_what_is_only_plotted() -> None:
    for depth in (20, 32, 44, 56):
        figure = published.load()[f"he15.f6.plain{depth}.err"]
        assert figure.value is None
        assert str(figure) == "only plotted (Fig. 6)"
