"""What a sweep's tasks need of a node, tried there by one short job: `findings submit --check`.

python -m findings.engines.slurm.check     in the check's folder, under srun: writes check.json
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from findings.config.folders import PACKAGE
from findings.engines.slurm.queue import environment
from findings.errors import InputError
from findings.system.files import write_atomically

WANTED, ANSWER, LOG, SCRIPT = "wanted.json", "check.json", "check.log", "check.sbatch"
FOLDER = ".check-"  # in runs_dir, which all nodes are to see
MINUTES = 30  # for SLURM to begin the job, and to end it


@dataclass(frozen=True)
class Tried:
    """One thing, whether it is there, and what was seen."""

    what: str
    well: bool
    seen: str


def send(folder: Path, say: Callable[[str], None]) -> list[Tried]:
    """Submit the check that lies in ``folder``, and wait for it. Raises InputError where sbatch refuses it.

    A ^C takes the job out of the queue.
    """
    command = ["sbatch", "--wait", "--parsable", SCRIPT]
    say("a job of a minute tries a node; ^C takes it out of the queue")
    process = subprocess.Popen(
        command, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    job = ""
    try:
        assert process.stdout is not None
        job = process.stdout.readline().strip().partition(";")[0]
        _, errors = process.communicate(timeout=60 * MINUTES)
    except (KeyboardInterrupt, subprocess.TimeoutExpired) as error:
        process.kill()
        if job.isdigit():
            subprocess.run(["scancel", job], check=False, env=environment(), timeout=60)
        if isinstance(error, KeyboardInterrupt):
            raise
        raise InputError("sbatch", f"the check's job {job} has not ended after {MINUTES} minutes") from None
    if not job.isdigit():
        raise InputError("sbatch", " ".join(errors.split()) or "said nothing")
    answer = folder / ANSWER
    if answer.exists():
        return [Tried(**one) for one in json.loads(answer.read_text())]
    log = folder / LOG
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    if not lines:
        return [Tried("start", False, f"job {job} ended without a word: this folder is not there")]
    # srun's own line comes in any order, and what the step said may be lost: the command says what could not start
    telling = [line for line in lines if "Exited with exit code" not in line] or lines
    started = (folder / SCRIPT).read_text().strip().splitlines()[-1]
    return [Tried("start", False, f"{telling[-1]}; by: {started}")]


def _tried(wanted: dict[str, object]) -> Iterator[Tried]:
    yield Tried("python", True, f"{sys.version.split()[0]}, {sys.executable} on {os.uname().nodename}")
    submitted = Path("code", PACKAGE.name).resolve()
    yield Tried("code", PACKAGE.samefile(submitted), f"{PACKAGE}" + ("" if submitted == PACKAGE else ", another"))
    yield _gpus(int(str(wanted["gpus"])))
    yield _data()
    yield _place("runs_dir", Path(str(wanted["runs_dir"])), locks=True)
    scratch = os.environ.get("FINDINGS_SCRATCH")
    if scratch:
        yield _place("scratch", Path(scratch), locks=False)
    if wanted["internet"]:
        from findings.wandb_mirror.server import host, unreachable

        problem = unreachable()
        yield Tried("W&B", problem is None, f"{host()} " + (f"cannot be reached: {problem}" if problem else "answers"))


def _gpus(wanted: int) -> Tried:
    import torch

    names = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    seen = f"torch {torch.__version__} sees {', '.join(names) or 'none'}"
    return Tried("GPUs", len(names) >= wanted, seen if wanted else f"none is asked for; {seen}")


def _data() -> Tried:
    from findings.config.frozen import thaw
    from findings.data import load

    try:
        data = load(thaw(Path("config.yaml")).config.data)
    except (InputError, OSError) as error:
        return Tried("data", False, str(error))
    return Tried("data", True, f"{data.name}: {len(data.train_images):,} and {len(data.test_images):,} images")


def _place(what: str, folder: Path, *, locks: bool) -> Tried:
    from findings.system.locks import has_locks

    try:
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            file.write(b"findings")
            file.flush()
        held = not locks or has_locks(folder)
        free = shutil.disk_usage(folder).free / 2**30
    except OSError as error:
        return Tried(what, False, f"{folder}: {error.strerror}")
    more = "" if held else "; its file system has no locks, and files stand in for them"
    return Tried(what, True, f"{folder}: can be written, {free:,.1f} GiB are free{more}")


def main() -> int:
    found = list(_tried(json.loads(Path(WANTED).read_text())))
    write_atomically(Path(ANSWER), json.dumps([asdict(one) for one in found]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
