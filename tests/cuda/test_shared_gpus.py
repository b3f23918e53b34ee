"""One run on a GPU, on several, and beside others: what it takes of memory, and that sharing changes only rounding."""

import gc
from pathlib import Path
from typing import Any

import pytest
import torch

from findings.training.steps import Captured, Fast, Stepper
from several import run, together
from stepping import losses
from tiny_runs import go, numbers, record_of, tiny, trained

GPU: dict[str, Any] = {"trainer__accelerator": "cuda"}
MIB = 2**20


def test_two_processes_share_a_run_over_nccl(tmp_path: Path) -> None:
    if torch.cuda.device_count() < 2:
        pytest.skip("needs two GPUs: NCCL gives each process one of its own")
    config = run(tmp_path / "two", **GPU)
    assert [one.status for one in together(config, tmp_path)] == ["finished", "finished"]
    alone = trained(tmp_path / "one", **GPU)
    for both, one in zip(numbers(record_of(config)), alone, strict=True):
        assert float(both["test_error"]) == pytest.approx(float(one["test_error"]), abs=2.0)
        assert float(both["train_loss"]) == pytest.approx(float(one["train_loss"]), rel=0.02)


def test_two_processes_on_one_gpu_are_refused_in_a_line(tmp_path: Path) -> None:
    """NCCL takes no two processes of one GPU: it would hang, or end in words of its own."""
    if torch.cuda.device_count() != 1:
        pytest.skip("needs a machine with one GPU")
    ended = together(run(tmp_path / "two", **GPU), tmp_path)
    assert {one.status for one in ended} == {"refused"}
    assert any("has no GPU of its own" in one.reason for one in ended)


def test_a_captured_step_takes_little_more_memory_than_a_launched_one(tmp_path: Path) -> None:
    def peak(way: type[Stepper]) -> float:
        gc.collect()
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        losses(way, tiny(tmp_path, **GPU), 8)
        return (torch.cuda.max_memory_allocated() - before) / MIB

    launched, captured = peak(Fast), peak(Captured)
    print(f"launched {launched:.0f} MiB, captured {captured:.0f} MiB")
    assert captured < 2 * launched + 64  # MiB: the graph keeps what a step needs, and cuBLAS a workspace for its stream


def test_the_record_says_what_a_gpu_had_at_most_in_use(tmp_path: Path) -> None:
    config = tiny(tmp_path, **GPU)
    go(config)
    rows = record_of(config).rows()
    assert all(0 < float(row["peak_memory_mib"]) < 2_000 for row in rows)
    assert record_of(config)["provenance"]["device"] == torch.cuda.get_device_name()
