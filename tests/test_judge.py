"""Claims and runs into verdicts: the statistics, and what may not be pooled."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from findings.claims import Claim
from findings.errors import InputError
from findings.intervals import welch
from findings.judge import Verdict, judge
from findings.report.evidence import Arm, Cost, Counted, Counts, Evidence, Plan, Probe, Run

INTERACTION = {"plain56": 1.0, "plain20": -1.0, "resnet56": -1.0, "resnet20": 1.0}


def a_run(model: str, seed: int, error: float | None, **more: Any) -> Run:
    row = {"epoch": 5.0, "iteration": 100.0, "train_error": error, "test_error": error}
    run = Run(
        id=f"{model}-s{seed}",
        arm=model,
        model=model,
        seed=seed,
        status="finished",
        diverged=False,
        iteration=100,
        iterations=100,
        fingerprint="aa",
        device="cpu",
        precision="fp32",
        torch="2.9.0",
        wall_seconds=1.0,
        rows=(row,),
    )
    return replace(run, **more)


def an_arm(model: str, **config: Any) -> Arm:
    flat = {"model.depth": model, "recipe.iterations": 100, "recipe.lr": 0.1} | config
    return Arm(model, model, (0, 1, 2), flat, Counts(853_018, 125_000_000), "Digits")


def evidence(samples: dict[str, list[float]], **config: dict[str, Any]) -> Evidence:
    arms = tuple(an_arm(model, **config.get(model, {})) for model in samples)
    runs = tuple(a_run(model, seed, error) for model, errors in samples.items() for seed, error in enumerate(errors))
    return Evidence(Plan("depth-degradation", "quick", "findings run quick/depth-degradation", "", arms), runs)


def claim(kind: Any = "greater", contrast: Any = None, **more: Any) -> Claim:
    contrast = contrast or {"plain56": 1.0, "plain20": -1.0}
    return Claim("a-claim", "depth-degradation", "A sentence", kind, contrast, "train_error", "a paper", **more)


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
    interval = welch(INTERACTION, samples, 0.95)
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


def test_equal_uses_two_one_sided_tests_at_five_percent() -> None:
    """A margin between the 90 % interval's end and the 95 % interval's is enough."""
    samples = {"plain56": [3.0, 3.1, 3.2], "plain20": [3.0, 3.1, 3.2]}
    reach = {level: welch(claim().contrast, samples, level).high for level in (0.90, 0.95)}
    margin = (reach[0.90] + reach[0.95]) / 2
    assert judge(claim("equal", margin=margin), evidence(samples)).verdict == "reproduced"
    assert judge(claim("equal", margin=reach[0.90] * 0.99), evidence(samples)).verdict == "inconclusive"


def test_no_spread_at_all_collapses_the_interval() -> None:
    verdict = judge(claim(), evidence({"plain56": [5.1] * 3, "plain20": [4.3] * 3}))
    assert verdict.verdict == "reproduced"
    assert verdict.ci95 == (verdict.effect, verdict.effect)
    assert "no spread" in verdict.reason
    assert judge(claim(), evidence({"plain56": [5.1] * 3, "plain20": [5.1] * 3})).verdict == "inconclusive"


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
    given = evidence({"plain56": [5.0, 5.1, 90.0], "plain20": [4.0, 4.1, 4.2]})
    cut = tuple({**row, "iteration": 40.0} for row in given.runs[2].rows)
    diverged = replace(given.runs[2], status="failed", diverged=True, iteration=40, rows=cut)
    verdict = judge(claim(), replace(given, runs=(*given.runs[:2], diverged, *given.runs[3:])))
    assert verdict.n == 3
    assert verdict.effect == pytest.approx(100.1 / 3 - 4.1)
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
    with pytest.raises(InputError, match=r"differ in recipe\.lr; `findings plan quick/depth-degradation` without"):
        judge(claim(), evidence(samples, plain56={"recipe.lr": 0.05}))
    given = evidence(samples)
    twice = replace(given.plan, arms=(*given.plan.arms, an_arm("plain20", **{"recipe.lr": 0.2})))
    with pytest.raises(InputError, match=r"two arms of plain20 that differ in recipe\.lr"):
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
    counted = claim("computed", {"plain56": 1.0, "resnet56": -1.0})
    counted = replace(counted, metric="parameters")
    given = evidence({"plain56": [], "resnet56": []})
    verdict = judge(counted, given)
    assert (verdict.verdict, verdict.effect, verdict.n) == ("reproduced", 0, None)
    projected = replace(given.plan.arms[1], counts=Counts(855_770))
    verdict = judge(counted, replace(given, plan=replace(given.plan, arms=(given.plan.arms[0], projected))))
    assert (verdict.verdict, verdict.effect) == ("contradicted", -2752)
    exact = replace(given.plan.arms[1], counts=Counts(1_853_018))
    verdict = judge(counted, replace(given, plan=replace(given.plan, arms=(given.plan.arms[0], exact))))
    assert verdict.as_dict()["effect"] == -1_000_000
    nearly = replace(given.plan.arms[1], counts=Counts(1_853_019))
    verdict = judge(counted, replace(given, plan=replace(given.plan, arms=(given.plan.arms[0], nearly))))
    assert verdict.as_dict()["effect"] == -1_000_001, "a count is not rounded"


def test_a_verdicts_file_form() -> None:
    given = evidence({"plain56": [5.0, 5.1, 5.2], "plain20": [4.0, 4.1, 4.25]})
    content = judge(claim(published=("he15.t6.resnet56.err", "he15.f6.plain110")), given).as_dict()
    assert list(content) == [
        *("id", "finding", "scale", "kind", "sentence", "metric", "n", "effect", "ci95", "margin", "verdict"),
        *("reason", "published"),
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


def counted(metric: str = "multiply_adds", **more: Any) -> Claim:
    claimed = claim("computed", {"resnet50": 1.0, "resnet34": -1.0}, **more)
    return replace(claimed, metric=metric)


@pytest.mark.parametrize(
    ("counts", "word"),
    [
        ({"resnet50": "3.86e9", "resnet34": "3.66e9"}, "reproduced"),
        ({"resnet50": "3858e6", "resnet34": "3664e6"}, "reproduced"),
        ({"resnet50": "4.09e9", "resnet34": "3.66e9"}, "contradicted"),
        ({"resnet50": "3.860e9", "resnet34": "3.66e9"}, "contradicted"),
        ({"resnet50": "3857973248", "resnet34": "3663761408"}, "contradicted"),
        ({"resnet50": "3857973248", "resnet34": "3663761409"}, "reproduced"),
    ],
)
def test_a_count_agrees_to_as_many_digits_as_are_quoted(counts: dict[str, str], word: str) -> None:
    networks = (
        Counted(model="resnet50", size=224, multiply_adds=3_857_973_248),
        Counted(model="resnet34", size=224, multiply_adds=3_663_761_409),
    )
    given = evidence({})
    verdict = judge(counted(counts=counts), replace(given, plan=replace(given.plan, counted=networks)))
    assert (verdict.verdict, verdict.n) == (word, None), verdict.reason
    assert verdict.effect == 3_857_973_248 - 3_663_761_409


@pytest.mark.parametrize(("first", "word"), [(105, "reproduced"), (106, "contradicted"), (94, "contradicted")])
def test_counts_match_within_a_margin_of_the_network_compared_with(first: int, word: str) -> None:
    networks = (Counted(model="resnet50", parameters=first), Counted(model="resnet34", parameters=100))
    given = evidence({})
    verdict = judge(counted("parameters", margin=0.05), replace(given, plan=replace(given.plan, counted=networks)))
    assert verdict.verdict == word, verdict.reason


def test_what_is_counted_needs_no_run_and_what_is_trained_does() -> None:
    networks = (Counted(model="resnet50", parameters=1), Counted(model="resnet34", parameters=1))
    given = replace(evidence({}), plan=replace(evidence({}).plan, counted=networks))
    assert judge(claim(contrast={"resnet50": 1.0, "resnet34": -1.0}), given).verdict == "not run"


def costs(model: str, speeds: list[float], **conditions: str) -> list[Cost]:
    conditions = {"device": "cpu", "precision": "fp32"} | conditions
    return [Cost(model, model, at, 1000 / speed, speed, 1.0, 0.01, conditions) for at, speed in enumerate(speeds, 1)]


def speed(fast: list[Cost], slow: list[Cost], margin: float = 1.0) -> Verdict:
    given = replace(evidence({"plain56": [], "plain20": []}), costs=(*fast, *slow))
    return judge(replace(claim("measured", margin=margin), metric="images_per_second"), given)


def test_a_measured_ratio_pairs_the_rounds() -> None:
    """A machine that slows down over the rounds slows both down: the ratio is exact, though the speeds are not."""
    verdict = speed(costs("plain56", [200, 100, 50]), costs("plain20", [100, 50, 25]))
    assert (verdict.verdict, verdict.n) == ("reproduced", 3)
    assert verdict.effect == pytest.approx(2)
    assert verdict.ci95 == pytest.approx((2, 2))
    ratios = [2.0, 2.2, 1.8, 2.4]
    noisy = speed(costs("plain56", ratios), costs("plain20", [1.0] * 4))
    expected = stats.t.interval(0.95, 3, *(f(np.log(ratios)) for f in (np.mean, stats.sem)))
    assert noisy.ci95 == pytest.approx(np.exp(expected))


@pytest.mark.parametrize(
    ("fast", "slow", "margin", "word"),
    [
        ([1.9, 2.0, 2.1], [1.0, 1.0, 1.0], 1.0, "reproduced"),
        ([0.9, 0.91, 0.92], [1.0, 1.0, 1.0], 1.0, "contradicted"),
        ([0.9, 0.91, 0.92], [1.0, 1.0, 1.0], 0.8, "reproduced"),
        ([0.5, 1.0, 2.0], [1.0, 1.0, 1.0], 1.0, "inconclusive"),
        ([2.0, 2.0], [1.0, 1.0], 1.0, "inconclusive"),
        ([], [1.0, 1.0, 1.0], 1.0, "not run"),
    ],
)
def test_a_measured_claim(fast: list[float], slow: list[float], margin: float, word: str) -> None:
    verdict = speed(costs("plain56", fast), costs("plain20", slow), margin)
    assert verdict.verdict == word, verdict.reason


def test_costs_of_two_machines_are_not_compared() -> None:
    with pytest.raises(InputError, match="different device: cpu and gpu; measure again"):
        speed(costs("plain56", [2.0] * 3, device="gpu"), costs("plain20", [1.0] * 3))


def test_costs_measured_on_a_busy_machine_decide_nothing() -> None:
    busy = [replace(cost, others=0.3) for cost in costs("plain56", [2.0] * 3)]
    verdict = speed(busy, costs("plain20", [1.0] * 3))
    assert verdict.verdict == "inconclusive"
    assert verdict.reason.startswith("other processes had 16 % of the machine meanwhile: `findings measure quick/")


def test_networks_that_all_diverge_are_not_called_alike() -> None:
    given = evidence({"plain56": [90.0] * 3, "plain20": [90.0] * 3})
    runs = tuple(replace(run, status="failed", diverged=True) for run in given.runs)
    verdict = judge(claim("no_worse", margin=0.5), replace(given, runs=runs))
    assert verdict.verdict == "inconclusive"
    assert "every run of plain56 and plain20 diverged" in verdict.reason


def test_costs_of_another_protocol_do_not_count() -> None:
    old = [replace(cost, arm="plain56-before") for cost in costs("plain56", [2.0] * 3)]
    assert speed(old, costs("plain20", [1.0] * 3)).verdict == "not run"


def probed(model: str, seed: int, error: float, moved: list[float]) -> Run:
    """A run whose training error is 1 and whose test error is ``error``, or ``moved`` for images that are."""
    run = a_run(model, seed, error)
    probes = [Probe("shift", at, wrong, 100 - wrong) for at, wrong in enumerate([error, *moved])]
    row = {**run.rows[0], "remeasured_train_error": 1.0}
    return replace(run, rows=(row,), probes=(*probes, Probe("size", 4, None, None, "refused")))


def test_metrics_derived_from_one_run() -> None:
    run = probed("plain20", 0, 10.0, [12.0, 20.0])
    assert run.headline("generalisation_gap") == 9
    assert run.headline("shift_error_rise") == pytest.approx(6)
    assert run.headline("shift_disagreement") == pytest.approx(16)
    unprobed = a_run("plain20", 0, 10.0)
    for metric, table in (("shift_error_rise", "probes.csv"), ("generalisation_gap", "curves.csv")):
        with pytest.raises(InputError, match=f"'{metric}' was not measured in .*{table}"):
            unprobed.headline(metric)


def test_a_claim_about_moved_images() -> None:
    runs = [probed("plain56", seed, 10.0, [20.0 + seed, 30.0]) for seed in range(3)]
    runs += [probed("plain20", seed, 10.0, [11.0 + seed, 12.0]) for seed in range(3)]
    shifts = {"evaluation.shifts": [0, 1, 2]}
    given = replace(evidence({"plain56": [], "plain20": []}, plain56=shifts, plain20=shifts), runs=tuple(runs))
    verdict = judge(replace(claim(), metric="shift_error_rise"), given)
    assert (verdict.verdict, verdict.effect) == ("reproduced", pytest.approx(13.5))
    unseen = replace(runs[0], status="failed", diverged=True, probes=())
    verdict = judge(replace(claim(), metric="shift_error_rise"), replace(given, runs=(unseen, *runs[1:])))
    assert verdict.verdict == "inconclusive"
    assert "plain56-s0 diverged before" in verdict.reason
    short = replace(runs[0], probes=runs[0].probes[:2])
    with pytest.raises(InputError, match=r"plain56-s0: probes.csv has the shifts \[0, 1\], planned are \[0, 1, 2\]"):
        judge(replace(claim(), metric="shift_error_rise"), replace(given, runs=(short, *runs[1:])))
