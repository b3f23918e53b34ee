"""Blocks that are counted alone: the lectures' arithmetic, from the blocks themselves."""

from typing import Any

import pytest
import torch
from counting import counted

from findings.config.hyperparameters import name as name_of
from findings.config.hyperparameters import resolve
from findings.errors import InputError
from findings.nets.build import construct
from findings.nets.complexity import Complexity

BLOCK, INCEPTION = "single.SingleBlock", "single.SingleInception"
POSITIONS = 28 * 28


def alone(target: str, width: int = 256, **hyperparameters: Any) -> Complexity:
    return counted(target, channels=width, size=28, width=width, **hyperparameters)


@pytest.mark.parametrize(("block", "weights"), [("basic", 1_179_648), ("bottleneck", 69_632)])
def test_weights_of_a_block_of_256_channels(block: str, weights: int) -> None:
    cost = alone(BLOCK, block=block)
    assert cost.parameters == weights, "no biases, no norms, no head"
    assert cost.multiply_adds == weights * POSITIONS
    assert cost.head_parameters == 0


@pytest.mark.parametrize("block", ["basic", "bottleneck"])
def test_twice_the_width_is_four_times_the_weights(block: str) -> None:
    assert alone(BLOCK, 512, block=block).parameters == 4 * alone(BLOCK, block=block).parameters


def test_a_bottleneck_of_256_costs_about_a_basic_block_of_64() -> None:
    assert alone(BLOCK, 64).parameters == 73_728


def test_multiply_adds_of_the_inception_modules() -> None:
    naive, reduced = alone(INCEPTION), alone(INCEPTION, reduction=64)
    assert naive.multiply_adds == POSITIONS * 256 * (128 + 9 * 192 + 25 * 96) == 854_196_224
    reductions = 3 * 64 * 256
    assert reduced.multiply_adds == POSITIONS * (reductions + 128 * 256 + 64 * (9 * 192 + 25 * 96)) == 271_351_808
    assert (naive.parameters, reduced.parameters) == (1_089_536, 346_112), "no biases"


def test_a_wider_reduction_saves_less() -> None:
    assert alone(INCEPTION, reduction=64).multiply_adds < alone(INCEPTION, reduction=128).multiply_adds


@pytest.mark.parametrize(
    ("target", "hyperparameters", "channels"),
    [
        (BLOCK, {"width": 16}, 16),
        (BLOCK, {"width": 16, "block": "bottleneck"}, 16),
        (INCEPTION, {"width": 16}, 42),  # 672 for 256
        (INCEPTION, {"width": 16, "reduction": 4}, 30),
    ],
)
def test_blocks_run_on_real_maps(target: str, hyperparameters: dict[str, Any], channels: int) -> None:
    model = resolve({"_target_": f"findings.nets.{target}", **hyperparameters})
    block = construct(model, channels=16, size=8, classes=10)
    maps = block(torch.randn(2, 16, 8, 8))
    assert maps.shape == (2, channels, 8, 8)
    assert maps.isfinite().all()


@pytest.mark.parametrize(
    ("target", "given", "line"),
    [
        (BLOCK, {"channels": 3}, "model.width: a block of 256 channels cannot take 3: data.channels=256"),
        (INCEPTION, {"channels": 3}, "model.width: a block of 256 channels cannot take 3: data.channels=256"),
        (BLOCK, {"channels": 6, "width": 6, "block": "bottleneck"}, "model.width: 6 is no multiple of 4"),
        (INCEPTION, {"channels": 12, "width": 12}, "model.width: 12 is no multiple of 8"),
        (INCEPTION, {"channels": 256, "reduction": -1}, "model.reduction: -1 is below 0"),
        (BLOCK, {"channels": 256, "width": 0}, "model.width: 0 is below 1"),
    ],
)
def test_what_does_not_fit_is_refused(target: str, given: dict[str, Any], line: str) -> None:
    with pytest.raises(InputError) as refusal:
        counted(target, size=28, **given)
    assert str(refusal.value) == line


@pytest.mark.parametrize(
    ("target", "model", "name"),
    [
        (BLOCK, {"block": "bottleneck", "width": 64}, "block64-bottleneck"),
        (INCEPTION, {}, "inception-naive"),
        (INCEPTION, {"reduction": 64}, "inception-reduced"),
        (INCEPTION, {"reduction": 32, "width": 128}, "inception-reduced32-w128"),
    ],
)
def test_names(target: str, model: dict[str, Any], name: str) -> None:
    assert name_of(resolve({"_target_": f"findings.nets.{target}", **model})) == name
