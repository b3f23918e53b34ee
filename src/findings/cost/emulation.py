"""What training in bf16 costs a CPU that has no instructions for it: said before it starts."""

from collections.abc import Sequence
from dataclasses import replace

import torch

from findings.config.schema import Precision
from findings.cost.measure.machine import native_bf16
from findings.cost.prediction import predict
from findings.cost.throughput import device
from findings.planning.plan import PlannedRun
from findings.records.record import Record

SLOWER = 14  # times, than fp32: ResNet-20 on a CPU with AVX2 alone, 21 images/s against 300


def emulated(runs: Sequence[PlannedRun]) -> list[PlannedRun]:
    """Those left that this machine would train in bf16 on a CPU without instructions for it."""
    if native_bf16():
        return []
    in_bf16 = [run for run in runs if run.config.recipe.precision is Precision.bf16]
    here = ("cpu",) if torch.cuda.is_available() else ("cpu", "auto")  # "cuda" is asked for another machine
    return [
        run for run in in_bf16 if run.config.trainer.accelerator in here and Record(run.directory).status != "finished"
    ]


def warning(runs: Sequence[PlannedRun]) -> str | None:
    """One line with the hours, for a CPU that emulates bf16; None where nothing is emulated.

    From the fp32 hours of the CPU that was measured, which is a faster one: it has the instructions.
    """
    slow = emulated(runs)
    if not slow:
        return None
    in_fp32 = [
        run.with_config(
            recipe=replace(run.config.recipe, precision=Precision.fp32),
            trainer=replace(run.config.trainer, devices=1, nodes=1),
        )
        for run in slow
    ]
    hours = SLOWER * sum(run.seconds for run in predict(in_fp32, device("cpu")).runs) / 3600
    return (
        f"this CPU emulates bf16 (it has neither AMX nor AVX512-BF16), about {SLOWER} times slower than fp32: "
        f"{len(slow)} runs would take it {hours:,.0f} hours at least; they are for a GPU, or a CPU that has them"
    )
