"""findings doctor [--json] [runs_dir=DIR]"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from findings.cli.arguments import folders
from findings.system import terminal

CPU_WORK = 1e14  # multiply-adds, forward, that a CPU core gets through in an afternoon
SLURM_SECONDS = 5  # for the controller to answer


def run(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    parser.add_argument("overrides", metavar="override", nargs="*", help="runs_dir=DIR")
    parser.add_argument("--json", action="store_true", help="the same for programs")
    given = parser.parse_intermixed_args(arguments)
    runs_dir = folders(given.overrides, "runs_dir")["runs_dir"]
    from rich.table import Table

    console = terminal.console()
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    machine = {
        "python": sys.version.split()[0],
        "torch": _torch(),
        "processor": _processor(),
        "memory": _memory(),
        "GPUs": _gpus(),
        "bf16": _bf16(),
        "SLURM": _slurm(),
        "W&B": _wandb(),
        "runs_dir": _runs_dir(runs_dir),
        "not in W&B": _behind(runs_dir),
    }
    if given.json:
        heads = "scale", "data", "ready", "missing"
        scales_found = [dict(zip(heads, _readiness(scale), strict=True)) for scale in _scales()]
        terminal.say_json({"machine": machine, "scales": scales_found})
        return 0
    for name, found in machine.items():
        table.add_row(name, found)
    console.print(table)
    console.print()
    scales = Table("scale", "data", "ready", "what is missing")
    for scale in _scales():
        scales.add_row(*_readiness(scale))
    console.print(scales)
    return 0


def _torch() -> str:
    import torch

    return f"{torch.__version__}"


def _processor() -> str:
    from findings.records import provenance
    from findings.system.processes import cores

    return f"{provenance.processor()}, {cores()} cores to use"


def _memory() -> str:
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return f"{pages * size / 2**30:.0f} GiB"


def _gpus() -> str:
    import torch

    names = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    return ", ".join(names) or "none: training runs on the CPU"


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def _bf16() -> str:
    """Whether recipe.precision=bf16 is worth trying; emulated, it is many times slower than fp32."""
    from findings.cost.measure.machine import native_bf16

    return (
        "native: recipe.precision=bf16 is faster than fp32"
        if native_bf16()
        else "not native: fp32 is the fastest precision here"
    )


def _slurm() -> str:
    if shutil.which("sinfo") is None:
        return "not installed"
    try:
        answer = subprocess.run(["sinfo", "-h", "-o", "%P"], capture_output=True, text=True, timeout=SLURM_SECONDS)
    except subprocess.TimeoutExpired:
        return "installed, but the controller does not answer"
    partitions = ", ".join(answer.stdout.split())
    return f"partitions {partitions}" if partitions else "installed, but no controller is reachable"


def _wandb() -> str:
    from importlib.metadata import version

    from findings.wandb_mirror import mirror, server

    key = "a key is found" if server.has_key() else "no key (wandb login)"
    return f"{version('wandb')}, {key}: tracking is {mirror.mode('auto')} by default"


def _runs_dir(folder: Path) -> str:
    from findings.system.locks import has_locks

    place = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.is_dir())
    try:
        locks = has_locks(place)
        free = shutil.disk_usage(place).free / 2**30
    except OSError as error:
        return f"{folder}: nothing can be written there: {error.strerror}"
    how = "its locks hold" if locks else "its file system has no locks, and files stand in for them"
    return f"{folder}: {how}, {free:,.1f} GiB are free"


def _behind(folder: Path) -> str:
    """Runs of which W&B lacks something that nobody is sending: their mirrors were killed, or they were offline."""
    from findings.records.library import readable
    from findings.wandb_mirror.mirror import is_uploading
    from findings.wandb_mirror.uploads import is_due

    due = [record for record in readable(folder) if is_due(record)]
    dead = [record.directory.name for record in due if not is_uploading(record.directory)]
    if not dead:
        return "nothing that should be"
    more = f" and {len(dead) - 1} more" if len(dead) > 1 else ""
    return f"{dead[0]}{more}, of which nobody sends what is missing: `findings sync` does"


def _scales() -> list[str]:
    from findings.config.compose import groups

    return groups()["scale"]


def _readiness(scale: str) -> tuple[str, str, str, str]:
    """(scale, data, ready, what is missing). Nothing is downloaded to find out."""
    from findings.config.compose import Composer
    from findings.config.schema import Precision
    from findings.cost.measure.machine import native_bf16
    from findings.data import load
    from findings.errors import InputError
    from findings.planning.plan import count

    config = Composer().compose([f"scale={scale}", "data.download=false"]).config
    missing = []
    try:
        load(config.data)
    except InputError as error:
        missing.append(str(error))
    if config.recipe.precision is Precision.bf16 and not native_bf16():
        missing.append("hardware for bf16, which this CPU emulates many times slower than fp32")
    if count(config).multiply_adds * config.recipe.batch_size * config.recipe.iterations > CPU_WORK and not _has_gpu():
        missing.append("a GPU: on a CPU one run takes many hours")
    return scale, config.data.full_label, "no" if missing else "yes", "; ".join(missing)
