"""What is handed to the cluster: the ids of frozen runs, the code, one script. Nothing of it changes afterwards."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from findings.config.folders import PACKAGE, SNAPSHOT, folders
from findings.engines.slurm.failures import Failures
from findings.errors import InputError
from findings.records import provenance
from findings.records.record import Record, now
from findings.system.files import write_atomically

if TYPE_CHECKING:  # a task and `findings status` need no torch
    from findings.planning.plan import PlannedRun

FOLDER = "submissions"  # in runs_dir
SCRIPT = "array.sbatch"


@dataclass(frozen=True)
class Submission:
    """One array. Task i works through runs i, i + tasks, i + 2 x tasks, ...; an agent through those W&B gives it."""

    directory: Path
    sweep: str
    runs: tuple[str, ...]  # ids
    tasks: int
    pack: int  # runs of a task at a time
    processes: int  # of a run
    submitted: str
    started_in: str = "."  # the working directory of `findings submit`
    agent: str | None = None  # the W&B sweep whose server hands the runs out, to whichever task asks
    job: str | None = None  # SLURM's number of the array; None until it is submitted

    def of_task(self, index: int) -> tuple[str, ...]:
        return self.runs if self.agent else self.runs[index :: self.tasks]

    def task_of(self, run: str) -> int | None:
        """None where an agent is yet to ask for it."""
        if not self.agent:
            return self._places[run] % self.tasks
        where = self.record(run).get("provenance", {}).get("job") or ""
        job, _, index = where.partition("_")
        return int(index) if job == self.job else None

    @cached_property
    def _places(self) -> dict[str, int]:
        return {run: place for place, run in enumerate(self.runs)}

    def record(self, run: str) -> Record:
        return Record(self.directory.parents[1] / run)

    def given_up(self, run: str) -> str | None:
        """Why no task starts the run again, if that is so."""
        if not self.agent:
            return Failures(self.directory).given_up(run)
        record = self.record(run)
        return str(record.get("reason")) if record.status == "failed" else None

    def frozen(self, run: str) -> Path:
        """Its config, as it was frozen when it was planned."""
        return self.record(run).config

    def log(self, run: str) -> Path:
        """What the run prints; under an agent, its task's log."""
        task = self.task_of(run) if self.agent else None
        return self.directory / "logs" / (f"{run}.log" if task is None else f"task-{task}.log")

    def write(self) -> None:
        fields = asdict(self) | {"directory": None}
        write_atomically(self.directory / "submission.json", json.dumps(fields, indent=1) + "\n")


def read(directory: Path) -> Submission:
    """Raises InputError where ``directory`` is no submission."""
    path = directory / "submission.json"
    try:
        fields = json.loads(path.read_text())
        return Submission(**fields | {"directory": directory.resolve(), "runs": tuple(fields["runs"])})
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(str(path), f"is no submission ({error})") from None


def submissions(runs_dir: Path) -> list[Submission]:
    """Those that reached the cluster, oldest first."""
    folders = sorted(path.parent for path in (runs_dir / FOLDER).glob("*/submission.json"))
    return [found for found in map(read, folders) if found.job is not None]


def tasks_for(runs: int, pack: int, most: int) -> int:
    """Tasks of an array: as many as runs, packed, but no more than MaxArraySize - 1."""
    return min(-(-runs // pack), most - 1)


def prepare(
    sweep: str, runs: "Sequence[PlannedRun]", *, pack: int, most: int, processes: int, agent: str | None = None
) -> Submission:
    """A submission of ``runs`` that is nowhere on disk yet; with an ``agent``, its tasks ask W&B for them."""
    runs_dir = Path(runs[0].config.runs_dir)
    name = re.sub(r"[^\w.-]+", "-", Path(sweep).stem if sweep.endswith((".yaml", ".yml")) else sweep)
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")[:-3]
    return Submission(
        directory=runs_dir.resolve() / FOLDER / f"{stamp}-{name}",
        sweep=sweep,
        runs=tuple(run.id for run in runs),
        tasks=tasks_for(len(runs), pack, most),
        pack=pack,
        processes=processes,
        submitted=now(),
        started_in=str(Path.cwd()),
        agent=agent,
    )


def lay_down(submission: Submission, script: str) -> None:
    """Write a copy of the code and the script; the runs' configs are in their own directories."""
    for folder in ("logs", "failures"):
        (submission.directory / folder).mkdir(parents=True)
    _copy_code(submission.directory / "code")
    for conf in reversed(folders("conf")):  # all of them in the one where that code looks, should it compose a run
        shutil.copytree(conf, submission.directory / "conf", dirs_exist_ok=True)
    (submission.directory / SCRIPT).write_text(script)
    submission.write()


def _copy_code(folder: Path) -> None:
    """The package as it is now, with the commit that it is of, which a copy without git could not tell."""
    copy = folder / PACKAGE.name
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__", "*.pyc", "installed"))
    (copy / SNAPSHOT).write_text(json.dumps(provenance.code()) + "\n")
    for own in sorted(_own_code()):
        if own.is_dir():
            shutil.copytree(own, folder / own.name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        else:
            shutil.copy(own, folder)


def _own_code() -> set[Path]:
    """Modules and packages of the working directory that planning has imported: of networks, of data sets."""
    here, found = Path.cwd(), set()
    for name, module in list(sys.modules.items()):
        place = here.joinpath(*name.split("."))
        file, top = getattr(module, "__file__", None), name.partition(".")[0]
        if top != PACKAGE.name and file in (f"{place}.py", str(place / "__init__.py")):
            found.add(here / top if (here / top).is_dir() else here / f"{top}.py")
    return found


def sbatch(submission: Submission, *, internet: bool) -> str:
    """Submit the script; returns the array's job number. Raises InputError with what sbatch said.

    A job inherits this environment, but not the place in another job that may be in it, nor W&B's key without need;
    and sbatch would let SBATCH_* variables win over what the script says.
    """
    foreign = ("SLURM_", "SBATCH_") if internet else ("SLURM_", "SBATCH_", "WANDB_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign) or name == "SLURM_CONF"}
    command = ["sbatch", "--parsable", SCRIPT]
    try:
        done = subprocess.run(command, cwd=submission.directory, capture_output=True, text=True, env=kept, check=False)
    except FileNotFoundError:
        raise InputError("sbatch", "is not here: submit from a login node of the cluster") from None
    if done.returncode:
        raise InputError("sbatch", " ".join(done.stderr.split()) or f"ended with exit code {done.returncode}")
    return done.stdout.strip().partition(";")[0]  # with several clusters the name comes after it
