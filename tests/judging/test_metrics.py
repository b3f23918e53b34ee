"""Metrics as functions of a run's record."""

from dataclasses import replace
from typing import Any

import pytest

from findings.errors import InputError
from findings.judging.evidence import Evidence, Run
from findings.judging.judge import judge
from findings.judging.metrics import METRICS, Metric, area_under, iterations_to, ratio
from made_up_evidence import a_run, claim, evidence


def curve(run: Run, errors: list[float]) -> Run:
    """An epoch of ten iterations for each error."""
    rows: list[dict[str, Any]] = [
        {"epoch": at, "iteration": 10.0 * at, "train_error": e, "test_error": e} for at, e in enumerate(errors, 1)
    ]
    return replace(run, rows=tuple(rows), iteration=10 * len(errors), iterations=10 * len(errors))


def curves(**arms: list[list[float]]) -> Evidence:
    given = evidence({arm: [0.0] * len(each) for arm, each in arms.items()})
    errors = [own for each in arms.values() for own in each]
    return replace(given, runs=tuple(curve(run, own) for run, own in zip(given.runs, errors, strict=True)))


def test_every_metric_says_what_it_is() -> None:
    for name, metric in METRICS.items():
        assert (metric.name, bool(metric.sentence), metric.better in ("lower", "higher", "")) == (name, True, True)


def test_the_first_epoch_below_an_error() -> None:
    run = curve(a_run("relu", 0, 1.0), [80, 30, 20, 26])
    assert iterations_to(25).of(run) == 30
    assert iterations_to(5).of(run) is None
    assert (iterations_to(5).at_least or (lambda run: None))(run) == 40


def test_the_area_under_a_curve_is_its_mean() -> None:
    assert area_under().of(curve(a_run("relu", 0, 1.0), [80, 40, 20])) == pytest.approx(45)
    assert area_under().of(curve(a_run("relu", 0, 1.0), [80])) is None


def test_an_arm_that_never_gets_there_is_slower_and_by_how_much_is_not_known() -> None:
    given = curves(relu=[[50, 20, 10], [60, 24, 10], [40, 22, 9]], sigmoid=[[80, 70, 60]] * 3)
    slower = judge(claim(contrast={"sigmoid": 1.0, "relu": -1.0}, metric="iterations_to_train_error_25"), given)
    assert (slower.verdict, slower.effect, slower.unit) == ("reproduced", 10.0, "iterations")
    assert "3 of sigmoid never got there, counted with all they trained" in slower.reason
    faster = judge(
        claim("no_worse", {"sigmoid": 1.0, "relu": -1.0}, "iterations_to_train_error_25", margin=100.0), given
    )
    assert faster.verdict == "inconclusive"
    assert "sigmoid never got there" in faster.reason


def test_epochs_between_two_evaluations_cannot_be_told_apart() -> None:
    """All runs get there in the same epoch: the interval is as wide as an epoch lets it."""
    given = curves(relu=[[50, 20]] * 3, tanh=[[50, 30, 20]] * 3)
    given = replace(
        given, runs=tuple(replace(run, iterations=run.iteration) for run in given.runs[:3]) + given.runs[3:]
    )
    given = replace(given, runs=tuple(curve(run, [50, 20, 20]) if run.arm == "relu" else run for run in given.runs))
    verdict = judge(claim(contrast={"tanh": 1.0, "relu": -1.0}, metric="iterations_to_train_error_25"), given)
    assert verdict.ci95 is not None
    assert verdict.ci95[1] - verdict.ci95[0] == pytest.approx(2 * 1.96 * (2 * 100 / 12) ** 0.5, rel=1e-3)


def test_a_finding_brings_its_own() -> None:
    fall = Metric(
        "fall",
        "pp",
        "the first epoch's error less the last's",
        lambda run: run.rows[0]["train_error"] - run.rows[-1]["train_error"],
    )
    given = curves(plain56=[[50, 45], [51, 46], [52, 48]], plain20=[[50, 20], [50, 21], [50, 22]])
    assert judge(claim(contrast={"plain20": 1.0, "plain56": -1.0}, metric=fall), given).verdict == "reproduced"
    share = ratio(fall, METRICS["train_error"], name="share", sentence="the fall by what is left")
    assert share.of(given.runs[3]) == pytest.approx(1.5)


def test_groups_of_runs_have_one_value_each() -> None:
    """Three networks together: of seven runs two groups, and single runs are compared within the same groups."""
    best = Metric(
        "best_of_3",
        "%",
        "the least error of three runs",
        lambda runs: min(run.rows[-1]["train_error"] for run in runs),
        runs=3,
    )
    given = curves(resnet20=[[error] for error in (5.0, 6.0, 7.0, 4.0, 5.5, 6.0, 9.0, 8.0, 8.2)])
    assert best.values(given.runs) == [5.0, 4.0, 8.0]
    assert best.values(given.runs[:7]) == [5.0, 4.0]
    given = replace(given, plan=given.plan.labelled({"one": "resnet20", "three": "resnet20"}))
    asked = claim(contrast={"one": 1.0, "three": -1.0}, metric={"one": "train_error", "three": best})
    verdict = judge(asked, given)
    assert (verdict.n, verdict.effect) == (3, pytest.approx((1.0 + 1.1666667 + 0.4) / 3))


def test_an_unknown_metric_is_named_with_the_nearest() -> None:
    with pytest.raises(InputError, match=r"no metric 'test_eror'.*test_error"):
        claim(metric="test_eror")
