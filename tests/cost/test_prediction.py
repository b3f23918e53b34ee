"""What a plan would take: whole runs on devices, with their evaluations, and said to be known no better than it is."""

import csv
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from findings.config.identity import identify
from findings.cost.prediction import Predicted, Prediction, evaluated, predict
from findings.cost.throughput import FORWARD, Device, Packing, Prices, Throughput, device
from findings.errors import InputError
from findings.planning.plan import PlannedRun, Planner
from findings.planning.sweeps import find

PLANNER = Planner()
RESULTS = Path(__file__).parents[2] / "results"


def runs(name: str, *overrides: str) -> list[PlannedRun]:
    return PLANNER.plan(find(name)[0], overrides)


def made_up(packing: Packing | None = None, cores: int | None = None) -> Device:
    table = Throughput(Prices(1e-4, 4e-11, 2e-13), "measured", "made up", packing)
    return Device("made-up", "made up", {"fp32": table, "bf16": table}, cores)


def on(devices: int, *seconds: float, side_by_side: int = 1) -> Prediction:
    each = [Predicted(second, "measured", "") for second in seconds]
    return Prediction(made_up(), devices, side_by_side, each, False)


def test_whole_runs_go_to_whichever_device_is_free_first_the_longest_ahead() -> None:
    assert on(2, 2, 2, 2).wall_seconds == 4, "a run is not split"
    assert on(2, 1, 1, 2).wall_seconds == 2
    assert on(3, 1, 10, 1).wall_seconds == 10
    assert on(1, 1, 10, 1).wall_seconds == 12
    assert on(100, 1, 10, 1).wall_seconds == 10
    assert on(1, 2, 2, 2, 2, side_by_side=2).wall_seconds == 4


def test_hours_do_not_depend_on_how_many_devices_share_them() -> None:
    planned = runs("cifar10/depth-degradation")
    one, eight = predict(planned, device("h200")), predict(planned, device("h200"), 8)
    assert one.hours == pytest.approx(eight.hours) == pytest.approx(one.wall_seconds / 3600)
    assert one.wall_seconds / 8 <= eight.wall_seconds < one.wall_seconds


def test_time_is_steps_and_evaluations() -> None:
    (run,) = runs("cifar10/depth-degradation", "model=resnet56", "seed=0")
    (short,) = runs("cifar10/depth-degradation", "model=resnet56", "seed=0", "recipe.iterations=50000")
    prices = made_up().throughput("fp32").prices
    seconds = [predict([each], made_up()).runs[0].seconds for each in (run, short)]
    step, forward = prices.step(run.complexity, 128), FORWARD * prices.step(run.complexity, 500) / 500
    images = [evaluated(each) or 0 for each in (run, short)]
    assert seconds[0] == pytest.approx(64_000 * step + images[0] * forward)
    assert seconds[0] - seconds[1] == pytest.approx(14_000 * step + (images[0] - images[1]) * forward)
    counted = run.complexity
    assert step == pytest.approx(
        counted.layers * 1e-4 + 128 * (counted.activations * 4e-11 + 3 * counted.multiply_adds * 2e-13)
    )
    assert counted.layers == 56


def test_images_that_runs_are_evaluated_on() -> None:
    """164.1 epochs of 390 steps, every fourth of them and the last; the training images each time."""
    (full,) = runs("cifar10/depth-degradation", "model=resnet56", "seed=0")
    assert evaluated(full) == 42 * 60_000
    (aside,) = runs("cifar10/depth-degradation", "model=resnet56", "seed=0", "data.validation=5000")
    assert evaluated(aside) == 46 * 60_000, "of 45,000 images there are more epochs"
    brief = ("model=resnet20", "seed=0", "recipe.iterations=1000", "recipe.milestones=[500,750]")
    (short,) = runs("cifar10-jpeg/depth-degradation", *brief)
    assert evaluated(short) == 3 * 10_000 + 50_000
    probes = ["evaluation.shifts=[0,1,2]", "evaluation.sizes=[16,64]"]
    (probed,) = runs("cifar10-jpeg/depth-degradation", *brief, *probes)
    assert evaluated(probed) == evaluated(short) + 10_000 * (1 + 4 + 4 + 1 / 4 + 4)
    (refusing,) = runs("cifar10-jpeg/gap-vs-fc", "model=resnet20-fc", "seed=0", *probes)
    assert refusing.sizes_refused == 2
    assert evaluated(refusing) == 80_000 + 10_000 * (1 + 4 + 4)


def test_evaluations_are_those_that_real_runs_recorded() -> None:
    with (RESULTS / "cifar10-jpeg" / "depth-degradation" / "curves.csv").open(newline="") as file:
        recorded = Counter(row["id"] for row in csv.DictReader(file))
    as_it_was = runs("cifar10-jpeg/depth-degradation", "recipe.batch_norm_group=null")
    planned = {identify(run.config, streams=1).id: run for run in as_it_was}
    known = planned.keys() & recorded.keys()
    assert known
    for each in known:
        assert evaluated(planned[each]) == recorded[each] * 10_000 + 50_000


def test_images_that_nobody_counted_are_said_to_be_left_out() -> None:
    unknown = ["data.train_images=null", "model=resnet20", "seed=0"]
    without = predict(runs("cifar10/depth-degradation", *unknown), made_up())
    whole = predict(runs("cifar10/depth-degradation", *unknown[1:]), made_up())
    assert without.evaluations_left_out
    assert not whole.evaluations_left_out
    assert 0 < without.runs[0].seconds < whole.runs[0].seconds


def test_runs_share_a_device_where_that_was_measured_and_there_are_enough() -> None:
    two = runs("cifar10/depth-degradation", "model=resnet56", "seed=0,1")
    alone, packed = predict(two, made_up()), predict(two, made_up(Packing(2, 1.25)))
    assert packed.runs[0].seconds == pytest.approx(alone.runs[0].seconds * 2 / 1.25)
    assert packed.wall_seconds == pytest.approx(alone.wall_seconds / 1.25)
    assert packed.hours == pytest.approx(alone.hours / 1.25)
    assert predict(two[:1], made_up(Packing(2, 1.25))).wall_seconds == pytest.approx(alone.runs[0].seconds)
    assert predict(two, made_up(Packing(2, 1.25)), 2).wall_seconds == pytest.approx(alone.runs[0].seconds)


def test_a_cpus_hours_are_those_of_its_cores() -> None:
    planned = runs("cifar10/depth-degradation", "model=resnet56", "seed=0")
    assert predict(planned, made_up(cores=2)).hours == pytest.approx(2 * predict(planned, made_up()).hours)


def test_a_precision_without_figures_is_refused() -> None:
    with pytest.raises(InputError, match="--device v100: has no figures for training in bf16"):
        predict(runs("cifar10-jpeg-full/depth-degradation"), device("v100"))
    assert predict(runs("cifar10/depth-degradation"), device("v100")).hours > 0


def test_ten_thousand_runs_are_predicted_in_a_moment() -> None:
    (run,) = runs("cifar10/depth-degradation", "model=resnet20", "seed=0")
    many = [replace(run) for _ in range(10_000)]
    began = time.perf_counter()
    prediction = predict(many, device("h200"), 64)
    assert prediction.wall_seconds == pytest.approx(157 * prediction.runs[0].seconds)
    assert time.perf_counter() - began < 1
