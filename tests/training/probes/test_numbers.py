"""What each probe says of networks whose answer is known."""

import contextlib
import csv
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from findings.config.schema import Config
from findings.records import predictions
from findings.training.probes import Number, Probe
from findings.training.probes.activations import Activations
from findings.training.probes.filters import FirstLayerFilters
from findings.training.probes.final import calibration_error, top5_error
from findings.training.probes.jacobian import Jacobian
from findings.training.probes.receptive_field import EffectiveReceptiveField, extent
from tiny_runs import go, record_of, tiny

GRADIENTS = "[{_target_:findings.training.probes.gradients.GradientNorms,at:[5,12]}]"
TIMING = "[{_target_:findings.training.probes.timing.Timing,at:[0,5,12,-1]}]"


def shown(probe: Probe, network: nn.Module, images: Tensor) -> list[Number]:
    """What a probe measures of a network on these test images (N, C, H, W)."""
    moment: Any = SimpleNamespace(
        network=network.eval(),
        test_images=lambda count: (images[:count].clone(), None),
        autocast=contextlib.nullcontext,
        heed=lambda: None,
    )
    return probe.measure(moment)


def values(numbers: list[Number]) -> dict[tuple[str, str], float | None]:
    return {(number.key, number.number): number.value for number in numbers}


def weights(config: Config) -> dict[str, Tensor]:
    return torch.load(record_of(config).checkpoint, weights_only=True)["state_dict"]


def rows_of(config: Config, probe: str) -> list[dict[str, str]]:
    with record_of(config).probes.open(newline="") as stream:
        return [row for row in csv.DictReader(stream) if row["probe"] == probe]


STEPS = {
    "as it is": {},
    "dropout": {"model__head": "fc", "model__hidden": "[16]", "model__dropout": 0.5},
    "smoothed labels": {"recipe__label_smoothing": 0.1},
}


@pytest.mark.parametrize("step", STEPS)
def test_the_gradient_is_that_of_the_step_to_come(step: str, tmp_path: Path) -> None:
    """So much do the weights move, where nothing but the gradient moves them."""
    changes: dict[str, Any] = {"recipe__momentum": 0, "recipe__weight_decay": 0, "trainer__chunk_seconds": 0}
    config = tiny(tmp_path, evaluation__probes=GRADIENTS, recipe__precision="fp64", **changes, **STEPS[step])
    for at in (5, 12):
        go(config, until=at)
        before = weights(config)
        go(config, until=at + 1)
        after = weights(config)
        rows = [row for row in rows_of(config, "gradient_norms") if row["iteration"] == str(at)]
        layers = list(dict.fromkeys(row["key"] for row in rows))
        assert layers[0] == "stem.0"
        assert len(layers) == 8 + (step == "dropout")
        for row in rows:
            name = f"network.{row['key']}.weight"
            gradient = (before[name] - after[name]) / 0.1
            expected = gradient.norm() if row["number"] == "gradient_norm" else gradient.abs().mean()
            assert float(row["value"]) == pytest.approx(float(expected), rel=1e-6)


def test_activations_are_those_of_every_call_before_they_are_written_over() -> None:
    rectify = nn.ReLU(inplace=True)
    first, second = nn.Conv2d(1, 1, 1, bias=False), nn.Conv2d(1, 1, 1, bias=False)
    nn.init.constant_(first.weight, 2.0)
    nn.init.constant_(second.weight, -1.0)
    images = torch.tensor([-1.0, 0, 1, 3]).view(1, 1, 2, 2)
    found = values(shown(Activations(), nn.Sequential(first, rectify, second, rectify), images))
    assert found["0", "mean"] == pytest.approx(1.5)
    assert found["0", "std"] == pytest.approx(np.std([-2, 0, 2, 6]))
    assert found["0", "zeros"] == 25
    assert (found["1", "mean"], found["1", "zeros"]) == (2, 50)
    assert found["2", "mean"] == -2
    assert (found["1:2", "mean"], found["1:2", "zeros"]) == (0, 100)


def test_the_jacobian_of_a_linear_network_is_its_matrix() -> None:
    layer = nn.Linear(12, 3)
    expected = torch.linalg.svdvals(layer.weight.detach().double())
    found = values(shown(Jacobian(images=2), nn.Sequential(nn.Flatten(), layer), torch.randn(5, 3, 2, 2)))
    assert found["logits", "singular_value_mean"] == pytest.approx(float(expected.mean()), rel=1e-5)
    assert found["logits", "singular_value_std"] == pytest.approx(float(expected.std(correction=0)), rel=1e-5)
    assert found["logits", "singular_value_max"] == pytest.approx(float(expected.max()), rel=1e-5)
    nn.init.constant_(layer.weight, math.nan)
    (number, *_) = shown(Jacobian(), nn.Sequential(nn.Flatten(), layer), torch.randn(5, 3, 2, 2))
    assert (number.value, number.remark) == (None, "the Jacobian is not finite")


def test_the_field_of_equal_weights_is_a_binomial() -> None:
    """n convolutions of 3 x 3 equal weights: a variance of 2n/3 (Luo et al. 2016, section 2.2)."""
    layers = [nn.Conv2d(1, 1, 3, padding=1, bias=False) for _ in range(4)]
    for layer in layers:
        nn.init.constant_(layer.weight, 1 / 9)
    network = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1, 2))
    found = values(shown(EffectiveReceptiveField(), network, torch.randn(3, 1, 21, 21)))
    assert found["3", "std"] == pytest.approx(math.sqrt(4 * 2 / 3), rel=1e-5)
    radius = found["3", "radius_95"]
    assert radius is not None
    assert 3.5 < radius < 4.5, "of a Gaussian of that width it would be 4.0"


def test_a_box_is_held_by_its_corners() -> None:
    field = torch.zeros(9, 9)
    field[3:6, 2:5] = 1.0
    std, radius = extent(field.double())
    assert std == pytest.approx(math.sqrt(2 / 3))
    assert radius == pytest.approx(math.sqrt(2))
    assert extent(torch.zeros(3, 3)) == (None, None)


def test_a_network_without_maps_says_so() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    for number in shown(EffectiveReceptiveField(), network, torch.randn(3, 1, 2, 2)):
        assert (number.value, number.remark) == (None, "no module puts out maps with more than one position")
    (number,) = shown(FirstLayerFilters(), network, torch.randn(3, 1, 2, 2))
    assert (number.value, number.remark) == (None, "the network has no convolution")


def test_the_filters_can_be_put_together_again() -> None:
    network = nn.Sequential(nn.Identity(), nn.Conv2d(2, 4, 3), nn.Conv2d(4, 1, 1))
    found = shown(FirstLayerFilters(), network, torch.zeros(1, 2, 5, 5))
    filters = np.zeros((4, 2, 3, 3))
    for number in found:
        filters[tuple(map(int, number.key.split(",")))] = number.value
    assert np.array_equal(filters, network[1].weight.detach().numpy())


def test_timing_is_that_of_the_epoch(tmp_path: Path) -> None:
    config = tiny(tmp_path, evaluation__probes=TIMING)
    go(config)
    rows = rows_of(config, "timing")
    assert rows[0]["remark"] == "no step of this epoch was made yet"
    times = {int(row["iteration"]): float(row["value"]) for row in rows[2:] if row["number"] == "milliseconds_per_step"}
    epochs = record_of(config).rows()
    assert times[12] == pytest.approx(1000 * float(epochs[0]["seconds"]) / 12)
    assert times[40] == pytest.approx(1000 * float(epochs[-1]["seconds"]) / 4)
    assert times[5] > 0
    assert all(float(row["value"]) > 1 for row in rows if row["number"] == "peak_memory_mib")


def test_calibration_and_the_top_five_are_what_they_are_by_hand() -> None:
    draws = np.random.default_rng(0)
    logits, labels = draws.normal(size=(500, 12)) * 2, draws.integers(0, 12, 500)
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    confidence, right = probabilities.max(1), probabilities.argmax(1) == labels
    bins, expected = np.minimum((confidence * 15).astype(int), 14), 0.0
    for each in range(15):
        if (bins == each).any():
            expected += (bins == each).mean() * abs(confidence[bins == each].mean() - right[bins == each].mean())
    given = torch.tensor(logits), torch.tensor(labels)
    assert calibration_error(*given) == pytest.approx(100 * expected)
    small = 0.9 * (given[0] - given[0].min()) / (given[0].max() - given[0].min())
    assert calibration_error(small, given[1]) == pytest.approx(calibration_error(small - 5, given[1])), "still logits"
    better = (logits > logits[np.arange(500), labels][:, None]).sum(1)
    assert top5_error(*given) == pytest.approx(100 * (better >= 5).mean())


def test_every_run_says_how_sure_it_was_and_keeps_what_it_predicted(tmp_path: Path) -> None:
    config = tiny(tmp_path)
    go(config)
    (row,) = rows_of(config, "final")
    assert (row["iteration"], row["key"], row["number"]) == ("40", "test", "calibration_error")
    kept = predictions.read(record_of(config).predictions)
    assert kept is not None
    assert (kept.classes.dtype, kept.logits.dtype, kept.logits.shape) == (np.uint8, np.float16, (360, 10))
    error = float(record_of(config).rows()[-1]["test_error"])
    assert 100 * (kept.classes != kept.labels).mean() == pytest.approx(error)
    assert kept.confusion.sum() == 360
    assert np.array_equal(kept.confusion.sum(1), np.bincount(kept.labels))
    assert kept.confusion.trace() == (kept.classes == kept.labels).sum()
    given = torch.tensor(kept.logits.astype(float)), torch.tensor(kept.labels.astype(int))
    assert float(row["value"]) == pytest.approx(calibration_error(*given), abs=0.1)


def test_what_is_kept_is_no_part_of_the_run(tmp_path: Path) -> None:
    without = tiny(tmp_path / "without", evaluation__keep_predictions=False)
    assert record_of(without).directory.name == record_of(tiny(tmp_path)).directory.name
    go(without)
    assert not record_of(without).predictions.exists()
    assert rows_of(without, "final")
