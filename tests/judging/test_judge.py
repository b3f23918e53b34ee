"""Claims and runs into verdicts: the statistics, and what may not be pooled."""

from dataclasses import replace

import pytest
from scipy import stats

from findings.errors import InputError
from findings.judging.evidence import Counts, Evidence
from findings.judging.intervals import welch
from findings.judging.judge import judge
from made_up_evidence import a_run, an_arm, claim, evidence

INTERACTION = {"plain56": 1.0, "plain20": -1.0, "resnet56": -1.0, "resnet20": 1.0}


def test_two_networks_give_welchs_interval() -> None:
    deep, shallow = [9.1, 8.7, 10.4, 9.9], [4.2, 4.9, 3.1]
    verdict = judge(claim(), evidence({"plain56": deep, "plain20": shallow}))
    expected = stats.ttest_ind(deep, shallow, equal_var=False).confidence_interval(0.95)
    assert verdict.ci95 == pytest.approx((expected.low, expected.high), rel=1e-10)
    assert (verdict.verdict, verdict.n) == ("reproduced", 3)
    assert verdict.effect == pytest.approx(9.525 - 12.2 / 3)


def test_an_interaction_of_equal_spreads_is_the_pooled_interval() -> None:
    """Four samples of the same size and variance: Satterthwaite's degrees of freedom are 4 (n - 1)."""
    samples = {model: [at - 1, at, at + 1] for model, at in zip(INTERACTION, (9.0, 4.0, 2.0, 3.0), strict=True)}
    interval = welch(INTERACTION, samples).interval()
    reach = stats.t.ppf(0.975, 8) * (4 / 3) ** 0.5
    assert (interval.low, interval.high) == pytest.approx((6 - reach, 6 + reach))


@pytest.mark.parametrize(
    ("kind", "margin", "deep", "word"),
    [
        ("greater", None, [4.0, 4.1, 4.2], "reproduced"),
        ("greater", None, [2.0, 2.1, 2.2], "contradicted"),
        ("greater", None, [2.0, 3.1, 4.2], "inconclusive"),
        ("no_worse", 0.5, [2.0, 2.1, 2.2], "reproduced"),
        ("no_worse", 0.5, [4.0, 4.1, 4.2], "contradicted"),
        ("no_worse", 0.5, [3.4, 3.6, 3.8], "inconclusive"),
        ("equal", 0.5, [3.0, 3.1, 3.2], "reproduced"),
        ("equal", 0.5, [1.0, 1.1, 1.2], "contradicted"),
        ("equal", 0.5, [4.0, 4.1, 4.2], "contradicted"),
        ("equal", 0.5, [3.4, 3.6, 3.8], "inconclusive"),
    ],
)
def test_each_kind_of_claim(kind: str, margin: float | None, deep: list[float], word: str) -> None:
    verdict = judge(claim(kind, margin=margin), evidence({"plain56": deep, "plain20": [3.0, 3.1, 3.2]}))
    assert verdict.verdict == word, verdict.reason


def test_equal_is_decided_by_the_same_interval() -> None:
    """A margin between the 90 % interval's end and the 95 % interval's is not enough."""
    samples = {"plain56": [3.0, 3.1, 3.2], "plain20": [3.0, 3.1, 3.2]}
    reach = {level: welch(claim().contrast, samples).interval(level).high for level in (0.90, 0.95)}
    margin = (reach[0.90] + reach[0.95]) / 2
    assert judge(claim("equal", margin=margin), evidence(samples)).verdict == "inconclusive"
    assert judge(claim("equal", margin=reach[0.95] * 1.01), evidence(samples)).verdict == "reproduced"


def test_no_spread_is_no_certainty() -> None:
    """Where the images say nothing either, nothing is decided; where they do, they limit the interval."""
    same = {"plain56": [5.1] * 3, "plain20": [4.3] * 3}
    verdict = judge(claim(), evidence(same))
    assert (verdict.verdict, verdict.ci95) == ("inconclusive", None)
    assert "no spread" in verdict.reason
    few = judge(claim(metric="test_error"), of_images(evidence(same), 360))
    assert few.verdict == "inconclusive"
    assert few.ci95 is not None
    assert few.ci95[1] - few.ci95[0] > 5, "360 images, of which 5 % are wrong, show no less than some points"
    assert "as wide as the sampling of the images" in few.reason
    assert judge(claim(metric="test_error"), of_images(evidence(same), 1_000_000)).verdict == "reproduced"


def of_images(given: Evidence, images: int) -> Evidence:
    rows = [tuple(row | {"test_images": float(images)} for row in run.rows) for run in given.runs]
    return replace(given, runs=tuple(replace(run, rows=own) for run, own in zip(given.runs, rows, strict=True)))


def test_no_spread_in_one_network() -> None:
    verdict = judge(claim(), evidence({"plain56": [5.0, 5.2, 5.4], "plain20": [4.0] * 3}))
    half = stats.t.ppf(0.975, 2) * stats.sem([5.0, 5.2, 5.4])
    assert verdict.ci95 == pytest.approx((1.2 - half, 1.2 + half))


@pytest.mark.parametrize("seeds", [1, 2])
def test_fewer_than_three_seeds_are_inconclusive_however_large_the_effect(seeds: int) -> None:
    verdict = judge(claim(), evidence({"plain56": [50.0, 50.1, 50.2], "plain20": [1.0, 1.1][:seeds]}))
    assert (verdict.verdict, verdict.n) == ("inconclusive", seeds)
    assert f"plain20 has {seeds}" in verdict.reason


def test_not_run() -> None:
    half = evidence({"plain56": [5.0, 5.1, 5.2], "plain20": []})
    assert judge(claim(), half).verdict == "not run"
    assert "no arm for plain20" in judge(claim(), evidence({"plain56": [5.0]})).reason


def test_runs_under_way_wait_and_are_mentioned() -> None:
    given = evidence({"plain56": [5.0, 5.1, 5.2], "plain20": [4.0, 4.1, 4.2]})
    running = replace(given.runs[0], status="running", iteration=50)
    verdict = judge(claim(), replace(given, runs=(running, *given.runs[1:])))
    assert (verdict.verdict, verdict.n) == ("inconclusive", 2)
    assert "1 of the planned runs not finished" in verdict.reason


def test_a_diverged_seed_counts_with_its_last_error() -> None:
    given = evidence({"plain56": [5.0, 5.1, 60.0], "plain20": [4.0, 4.1, 4.2]})
    cut = tuple({**row, "iteration": 40.0} for row in given.runs[2].rows)
    diverged = replace(given.runs[2], status="failed", diverged=True, iteration=40, rows=cut)
    verdict = judge(claim(), replace(given, runs=(*given.runs[:2], diverged, *given.runs[3:])))
    assert verdict.n == 3
    assert verdict.effect == pytest.approx(70.1 / 3 - 4.1)
    assert "1 diverged" in verdict.reason
    unseen = replace(diverged, rows=())
    verdict = judge(claim(), replace(given, runs=(*given.runs[:2], unseen, *given.runs[3:])))
    assert (verdict.verdict, verdict.effect) == ("inconclusive", None)
    assert "plain56-s2 diverged before" in verdict.reason


@pytest.mark.parametrize(("value", "problem"), [(float("nan"), "is nan"), (None, "was not measured")])
def test_an_error_that_is_not_there_is_named(value: float | None, problem: str) -> None:
    given = evidence({"plain56": [5.0, 5.1, 5.2], "plain20": [4.0, 4.1, 4.2]})
    broken = a_run("plain56", 1, value)
    with pytest.raises(InputError, match=f"plain56-s1: 'train_error' {problem}"):
        judge(claim(), replace(given, runs=(given.runs[0], broken, *given.runs[2:])))


def test_a_finished_run_that_stops_short_is_named() -> None:
    given = evidence({"plain56": [5.0, 5.1, 5.2], "plain20": [4.0, 4.1, 4.2]})
    short = replace(given.runs[0], iterations=200)
    with pytest.raises(InputError, match=r"plain56-s0: .*iteration 100, not 200"):
        judge(claim(), replace(given, runs=(short, *[replace(run, iterations=200) for run in given.runs[1:]])))


def test_a_mixture_names_the_differing_keys_and_the_remedy() -> None:
    samples = {"plain56": [5.0, 5.1, 5.2], "plain20": [4.0, 4.1, 4.2]}
    named = r"differ in recipe\.lr, which it does not name; `findings run quick/depth-degradation` without"
    with pytest.raises(InputError, match=named):
        judge(claim(), evidence(samples, plain56={"recipe.lr": 0.05}))
    given = evidence(samples)
    twice = replace(given.plan, arms=(*given.plan.arms, an_arm("plain20", **{"recipe.lr": 0.2})))
    with pytest.raises(InputError, match=r"'plain20' would mix 2 arms that differ in recipe\.lr"):
        judge(claim(), replace(given, plan=twice))


@pytest.mark.parametrize("key", ["fingerprint", "precision"])
def test_runs_made_under_other_conditions_are_not_pooled(key: str) -> None:
    given = evidence({"plain56": [5.0, 5.1, 5.2], "plain20": [4.0, 4.1, 4.2]})
    other = replace(given.runs[4], **{key: "other"})
    with pytest.raises(InputError, match=f"{key}.*other in plain20-s1"):
        judge(claim(), replace(given, runs=(*given.runs[:4], other, *given.runs[5:])))


def test_other_networks_may_be_trained_otherwise() -> None:
    """The warm-up of a 110-layer network is no business of a claim about the others."""
    samples = {"plain56": [5.0, 5.1, 5.2], "plain20": [4.0, 4.1, 4.2], "resnet110": [3.0]}
    assert judge(claim(), evidence(samples, resnet110={"recipe.lr": 0.01})).verdict == "reproduced"


def test_computed_compares_exactly() -> None:
    computed = claim("computed", {"plain56": 1.0, "resnet56": -1.0})
    computed = replace(computed, metric="parameters")
    given = evidence({"plain56": [], "resnet56": []})
    verdict = judge(computed, given)
    assert (verdict.verdict, verdict.effect, verdict.n) == ("reproduced", 0, None)
    projected = replace(given.plan.arms[1], counts=Counts(855_770))
    verdict = judge(computed, replace(given, plan=replace(given.plan, arms=(given.plan.arms[0], projected))))
    assert (verdict.verdict, verdict.effect) == ("contradicted", -2752)
    exact = replace(given.plan.arms[1], counts=Counts(1_853_018))
    verdict = judge(computed, replace(given, plan=replace(given.plan, arms=(given.plan.arms[0], exact))))
    assert verdict.as_dict()["effect"] == -1_000_000
    nearly = replace(given.plan.arms[1], counts=Counts(1_853_019))
    verdict = judge(computed, replace(given, plan=replace(given.plan, arms=(given.plan.arms[0], nearly))))
    assert verdict.as_dict()["effect"] == -1_000_001, "a count is not rounded"


def test_a_verdicts_file_form() -> None:
    given = evidence({"plain56": [5.0, 5.1, 5.2], "plain20": [4.0, 4.1, 4.25]})
    content = judge(claim(published=("he15.t6.resnet56.err", "he15.f6.plain110")), given).as_dict()
    assert list(content) == [
        *("id", "finding", "scale", "kind", "sentence", "metric", "n", "effect", "ci95", "margin", "verdict"),
        *("reason", "published", "unit", "alone", "p", "p_holm", "because", "seeds_needed", "deviations"),
    ]
    assert content["effect"] == 0.983333
    assert content["published"][0] == {
        "id": "he15.t6.resnet56.err",
        "value": 6.97,
        "unit": "%",
        "source": "He et al. 2015, Table 6",
        "protocol": "64,000 iterations, batch 128; pad-4 crop and flip; one view; number of runs not stated",
    }
    assert content["published"][1]["value"] == "> 60"
