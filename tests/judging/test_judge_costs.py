"""Claims about what is counted from networks, what they cost, and about what is derived from one run's probes."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from findings.errors import InputError
from findings.judging.claims import Claim
from findings.judging.evidence import Cost, Probe, Run, Untrained
from findings.judging.judge import Verdict, judge
from findings.judging.metrics import METRICS
from made_up_evidence import a_run, claim, evidence


def computed(metric: str = "multiply_adds", **more: Any) -> Claim:
    claimed = claim("computed", {"resnet50": 1.0, "resnet34": -1.0}, **more)
    return replace(claimed, metric=metric)


@pytest.mark.parametrize(
    ("quoted", "word"),
    [
        ({"resnet50": "3.86e9", "resnet34": "3.66e9"}, "reproduced"),
        ({"resnet50": "3858e6", "resnet34": "3664e6"}, "reproduced"),
        ({"resnet50": "4.09e9", "resnet34": "3.66e9"}, "contradicted"),
        ({"resnet50": "3.860e9", "resnet34": "3.66e9"}, "contradicted"),
        ({"resnet50": "3857973248", "resnet34": "3663761408"}, "contradicted"),
        ({"resnet50": "3857973248", "resnet34": "3663761409"}, "reproduced"),
    ],
)
def test_a_count_agrees_to_as_many_digits_as_are_quoted(quoted: dict[str, str], word: str) -> None:
    networks = (
        Untrained(model="resnet50", size=224, multiply_adds=3_857_973_248),
        Untrained(model="resnet34", size=224, multiply_adds=3_663_761_409),
    )
    given = evidence({})
    verdict = judge(computed(quoted=quoted), replace(given, plan=replace(given.plan, untrained=networks)))
    assert (verdict.verdict, verdict.n) == (word, None), verdict.reason
    assert verdict.effect == 3_857_973_248 - 3_663_761_409


@pytest.mark.parametrize(("first", "word"), [(105, "reproduced"), (106, "contradicted"), (94, "contradicted")])
def test_counts_match_within_a_margin_of_the_network_compared_with(first: int, word: str) -> None:
    networks = (Untrained(model="resnet50", parameters=first), Untrained(model="resnet34", parameters=100))
    given = evidence({})
    verdict = judge(computed("parameters", margin=0.05), replace(given, plan=replace(given.plan, untrained=networks)))
    assert verdict.verdict == word, verdict.reason


def test_what_is_counted_needs_no_run_and_what_is_trained_does() -> None:
    networks = (Untrained(model="resnet50", parameters=1), Untrained(model="resnet34", parameters=1))
    given = replace(evidence({}), plan=replace(evidence({}).plan, untrained=networks))
    assert judge(claim(contrast={"resnet50": 1.0, "resnet34": -1.0}), given).verdict == "not run"


def costs(model: str, speeds: list[float], **conditions: str) -> list[Cost]:
    conditions = {"device": "cpu", "precision": "fp32"} | conditions
    return [Cost(model, model, at, 1000 / speed, speed, 1.0, 0.01, conditions) for at, speed in enumerate(speeds, 1)]


def speed(fast: list[Cost], slow: list[Cost], margin: float = 1.0) -> Verdict:
    given = replace(evidence({"plain56": [], "plain20": []}), costs=(*fast, *slow))
    return judge(replace(claim("measured", margin=margin), metric="images_per_second"), given)


def test_a_measured_ratio_pairs_the_rounds() -> None:
    """A machine that slows down over the rounds slows both down: the ratio is exact, though the speeds are not."""
    verdict = speed(costs("plain56", [200, 100, 50.1]), costs("plain20", [100, 50, 25]))
    assert (verdict.verdict, verdict.n, verdict.unit) == ("reproduced", 3, "x")
    assert verdict.effect == pytest.approx(2, rel=1e-3)
    assert verdict.ci95 == pytest.approx((2, 2), rel=5e-3)
    assert speed(costs("plain56", [200, 100]), costs("plain20", [100, 50])).because == "too few"
    assert speed(costs("plain56", [2.0] * 3), costs("plain20", [1.0] * 3)).verdict == "inconclusive", (
        "no clock is exact"
    )
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
    probes = [
        Probe("shift", 100, str(at), number, value)
        for at, wrong in enumerate([error, *moved])
        for number, value in (("test_error", wrong), ("agreement", 100 - wrong))
    ]
    row = {**run.rows[0], "remeasured_train_error": 1.0}
    return replace(run, rows=(row,), probes=(*probes, Probe("size", 100, "4", "test_error", None, "refused")))


def test_metrics_derived_from_one_run() -> None:
    run = probed("plain20", 0, 10.0, [12.0, 20.0])
    assert METRICS["generalisation_gap"].of(run) == 9
    assert METRICS["shift_error_rise"].of(run) == pytest.approx(6)
    assert METRICS["shift_disagreement"].of(run) == pytest.approx(16)
    unprobed = evidence({"plain56": [10.0, 11.0, 12.0], "plain20": [9.0, 9.5, 9.9]})
    for metric, table in (("shift_error_rise", "probes.csv"), ("generalisation_gap", "curves.csv")):
        with pytest.raises(InputError, match=f"'{metric}' was not measured in .*{table}"):
            judge(claim(metric=metric), unprobed)


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
    short = replace(runs[0], probes=runs[0].probes[:4])
    with pytest.raises(InputError, match=r"plain56-s0: probes.csv has the shifts \[0, 1\], planned are \[0, 1, 2\]"):
        judge(replace(claim(), metric="shift_error_rise"), replace(given, runs=(short, *runs[1:])))
