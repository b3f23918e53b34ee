"""findings plan SWEEP [--device NAME] [--gpus N] [--all] [--json] [override ...]"""

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from findings.cli.arguments import add_sweep, count
from findings.errors import InputError
from findings.system import terminal

if TYPE_CHECKING:
    from findings.cost.prediction import Prediction
    from findings.cost.throughput import Device
    from findings.planning.plan import PlannedRun
    from findings.planning.request import Request

SHOWN = 60  # runs; of longer plans the first are shown
EPILOG = """\
A prediction is steps x (layers x seconds per layer + images x (values x seconds per value + multiply-adds x seconds per
multiply-add)), and evaluations; whole runs go to the devices, the longest first. What a device's figures were measured
on, or are assumed from, is said below the table. GPUs are counted in GPU-hours, a CPU in core-hours."""


def run(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    add_sweep(parser)
    parser.add_argument("--all", action="store_true", help=f"show every run, not the first {SHOWN}")
    parser.add_argument(
        "--device",
        metavar="NAME",
        help="predict hours and wall-clock time: h200, a100, v100, or cpu, the one that was measured",
    )
    parser.add_argument(
        "--gpus", type=count, metavar="N", help="of that device, one run at a time on each (default: 1)"
    )
    parser.add_argument("--json", action="store_true", help="every run, for programs; seconds where --device is given")
    parser.epilog = EPILOG
    given = parser.parse_intermixed_args(arguments)
    device = _device(given.device, given.gpus)
    from findings.cost.emulation import warning
    from findings.planning.request import request

    planned = request(given.sweep, given.overrides)
    runs = planned.runs
    if planned.note:
        print(planned.note, file=sys.stderr if given.json else sys.stdout)
    prediction = _predict(runs, device, given.gpus or 1) if device else None
    if given.json:
        terminal.say_json(_for_programs(runs, prediction))
        return 0
    from rich.table import Table

    varying = [key for key in _axes(runs) if len({run.varies.get(key) for run in runs}) > 1]
    console = terminal.console()
    table = Table("run", *varying, title=f"{len(runs)} runs", title_justify="left")
    for column in ("parameters", "multiply-adds", "iterations", *(("time", "basis") if prediction else ())):
        table.add_column(column, justify="left" if column == "basis" else "right")
    for index, run in enumerate(runs if given.all else runs[:SHOWN]):
        predicted = prediction.runs[index] if prediction else None
        table.add_row(
            run.id,
            *(run.varies.get(key, "") for key in varying),
            f"{run.complexity.parameters:,}",
            f"{run.complexity.multiply_adds:,}",
            f"{run.config.recipe.iterations:,}",
            *((duration(predicted.seconds), predicted.basis) if predicted else ()),
        )
    console.print(table)
    if len(runs) > SHOWN and not given.all:
        console.print(f"... and {len(runs) - SHOWN} more (--all shows them)")
    work = sum(run.work for run in runs)
    console.print(f"{len(runs)} runs, {work:.3g} multiply-adds of training")
    slow = None if device else warning(planned.runs)
    for line in (*(totals(prediction) if prediction else ()), *([slow] if slow else []), *_coverage(planned)):
        terminal.say(console, line)
    return 0


def _for_programs(runs: "list[PlannedRun]", prediction: "Prediction | None") -> list[dict[str, Any]]:
    return [
        {
            "id": run.id,
            "arm": run.arm,
            "varies": run.varies,
            "parameters": run.complexity.parameters,
            "multiply_adds": run.complexity.multiply_adds,
            "iterations": run.config.recipe.iterations,
            "seconds": prediction.runs[index].seconds if prediction else None,
        }
        for index, run in enumerate(runs)
    ]


def _coverage(planned: "Request") -> list[str]:
    """Which arm of which claim a sweep lacks, and which of its arms feed no claim."""
    from findings.judging.coverage import coverage
    from findings.judging.evidence import plan_from
    from findings.planning.freezing import planned as content
    from findings.studies import findings

    lines = []
    for sweep, runs in zip(planned.sweeps, planned.plans, strict=True):
        finding = findings().get(sweep.finding)
        if finding is None:
            lines.append(
                f"{sweep.name}: no study is called '{sweep.finding}', so that no claim is about these runs; they have "
                "tables and curves in the report"
            )
        if finding is None or sweep.check:  # a check asks of the arms that it has
            continue
        plan = plan_from(content(sweep, runs, planned.planner), sweep.name).labelled(finding.labels)
        found = coverage(finding.claims_at(plan), plan)
        lines += [f"{sweep.name}: {claim} lacks {', '.join(terms)}" for claim, terms in found.lacking.items()]
        if found.idle:
            lines.append(f"{sweep.name}: no claim is about {', '.join(found.idle)}")
    return lines


def _device(name: str | None, gpus: int | None) -> "Device | None":
    """What to predict for, before anything is planned."""
    from findings.cost.throughput import device, devices

    if name is None:
        if gpus is not None:
            raise InputError(
                "--gpus", "needs --device: how fast they are", [n for n, d in devices().items() if not d.cores]
            )
        return None
    chosen = device(name)
    if chosen.cores and gpus is not None:
        raise InputError("--gpus", f"--device cpu is one machine ({chosen.title}) and has none; leave one of them out")
    return chosen


def _predict(runs: "list[PlannedRun]", device: "Device", count: int) -> "Prediction":
    from findings.cost.prediction import predict

    return predict(runs, device, count)


def totals(prediction: "Prediction") -> list[str]:
    """Of all runs, and what the prediction rests on, a line each."""
    device, count = prediction.device, prediction.devices
    where = f"{count} x {device.title}" if device.cores is None else device.title
    hours = f"{prediction.hours:,.3g} {'GPU' if device.cores is None else 'core'}-hours"
    beside = f", {prediction.side_by_side} runs side by side" if prediction.side_by_side > 1 else ""
    lines = [f"predicted on {where}: {hours}, {duration(prediction.wall_seconds)} on the clock{beside}"]
    lines += [f"{basis}: {because}" for basis, because in dict.fromkeys((r.basis, r.because) for r in prediction.runs)]
    left_out = "starting, decoding and checkpoints are left out"
    if prediction.evaluations_left_out:
        left_out += ", and evaluations: data.train_images and data.test_images are not given"
    return [*lines, left_out]


def duration(seconds: float) -> str:
    """40 s, 9.5 min, 12 h: two or three digits of what fits."""
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= 1.5 * size:
            value = seconds / size
            return f"{value:,.0f} {unit}" if value >= 10 else f"{value:.1f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"


def _axes(runs: "list[PlannedRun]") -> list[str]:
    return list(dict.fromkeys(key for run in runs for key in run.varies))
