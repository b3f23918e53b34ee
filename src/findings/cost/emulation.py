"""What training in bf16 costs a CPU that has no instructions for it: said before it starts."""

from collections.abc import Sequence
from dataclasses import replace

import torch

from findings.config.schema import Precision
from findings.cost.measure.machine import native_bf16
from findings.cost.prediction import predict
from findings.cost.throughput import device
from findings.planning.plan import PlannedRun

SLOWER = 14  # times, than fp32: ResNet-20 on a CPU with AVX2 alone, 21 images/s against 300


def emulated(runs: Sequence[PlannedRun]) -> list[PlannedRun]:
    """Those that this machine would train in bf16 without having instructions for it."""
    if native_bf16():
        return []
    on_cpu = [run for run in runs if run.config.trainer.accelerator == "cpu" or not torch.cuda.is_available()]
    return [run for run in on_cpu if run.config.recipe.precision is Precision.bf16]


def warning(runs: Sequence[PlannedRun]) -> str | None:
    """One line with the hours, for a CPU that emulates bf16; None where nothing is emulated."""
    slow = emulated(runs)
    if not slow:
        return None
    in_fp32 = [run.with_config(recipe=replace(run.config.recipe, precision=Precision.fp32)) for run in slow]
    hours = SLOWER * sum(run.seconds for run in predict(in_fp32, device("cpu")).runs) / 3600
    return (
        f"this CPU emulates bf16 (it has neither AMX nor AVX512-BF16), about {SLOWER} times slower than fp32: "
        f"{len(slow)} runs would take it some {hours:,.0f} hours; a GPU, or a CPU that has them, is what they are for"
    )
