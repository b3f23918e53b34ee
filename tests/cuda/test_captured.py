"""A captured graph makes the steps that its kernels make one by one, waits for nothing, and resumes exactly."""

from pathlib import Path
from typing import Any

import pytest
import torch

from findings.training.metrics import ErrorAndLoss
from findings.training.steps import Captured, Fast, Plain
from stepping import EPOCH, losses, prepared
from tiny_runs import go, numbers, record_of, tiny, trained

GPU: dict[str, Any] = {"trainer__accelerator": "cuda"}
WAYS = [{}, {"recipe__precision": "bf16"}, {"trainer__compiled": True}]


@pytest.mark.parametrize("changes", [{}, {"trainer__compiled": True}], ids=["as it stands", "compiled"])
def test_a_replayed_step_is_the_launched_one_bit_for_bit(changes: dict, tmp_path: Path) -> None:
    launched, weights = losses(Fast, tiny(tmp_path, **GPU, **changes), 3 * EPOCH)
    replayed, replayed_weights = losses(Captured, tiny(tmp_path, **GPU, **changes), 3 * EPOCH)
    assert replayed == launched
    assert all(torch.equal(weights[name], replayed_weights[name]) for name in weights)


def test_losses_agree_with_the_plain_way_over_the_first_epoch(tmp_path: Path) -> None:
    plain, _ = losses(Plain, tiny(tmp_path, trainer__fast=False, **GPU), EPOCH)
    captured, _ = losses(Captured, tiny(tmp_path, **GPU), EPOCH)
    assert captured[:4] == pytest.approx(plain[:4], rel=1e-4)
    assert captured == pytest.approx(plain, rel=5e-3)


def test_replays_do_not_wait_for_the_host(tmp_path: Path) -> None:
    captured, _ = prepared(Captured, tiny(tmp_path, **GPU))
    seen = ErrorAndLoss().cuda()
    captured.run(0, 0, 6, seen)
    assert captured.graph is not None
    torch.cuda.set_sync_debug_mode("error")
    try:
        captured.full_step()
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("changes", WAYS, ids=["fp32", "bf16", "compiled"])
def test_a_stopped_run_equals_the_undisturbed(changes: dict, tmp_path: Path) -> None:
    config = tiny(tmp_path / "stopped", trainer__chunk_seconds=0, **GPU, **changes)
    go(config, until=EPOCH + 5)
    go(config)
    assert numbers(record_of(config)) == trained(tmp_path / "whole", **GPU, **changes)
