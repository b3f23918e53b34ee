"""What is handed to the cluster: the ids of frozen runs, the code, one script. Nothing of it changes afterwards."""

import json
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from findings.config.folders import PACKAGE, SNAPSHOT, folders
from findings.engines.slurm.failures import Failures
from findings.engines.slurm.queue import Array
from findings.errors import InputError
from findings.records import provenance
from findings.records.record import Record, now
from findings.system.files import read_steadily, write_atomically
from findings.system.terminal import warn

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
    cluster: str | None = None  # that has it, where the profile names clusters (--clusters)
    elsewhere: tuple[str, ...] = ()  # runs of the sweep that were in the queue already, under another sweep's array

    @property
    def name(self) -> str:
        """Of its job, and of no other: by it SLURM is asked whether it has the job."""
        *stamp, sweep = self.directory.name.split("-", 3)
        return f"findings-{sweep}-{'-'.join(stamp)}"

    @property
    def array(self) -> Array | None:
        return Array(self.job, self.cluster) if self.job is not None else None

    def of_task(self, index: int) -> tuple[str, ...]:
        return self.runs if self.agent else self.runs[index :: self.tasks]

    def task_of(self, run: str) -> int | None:
        """None where an agent is yet to ask for it."""
        if not self.agent:
            return self._places[run] % self.tasks
        where = self.record(run).get("provenance", {}).get("job") or ""
        job, _, index = where.partition("_")
        return int(index) if job == self.job and index.isdigit() else None

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

    def failure(self, run: str, iteration: int) -> str:
        """How its starts have ended since the checkpoint of ``iteration``; empty if all was well."""
        return Failures(self.directory).latest(run, iteration)

    def frozen(self, run: str) -> Path:
        """Its config, as it was frozen when it was planned."""
        return self.record(run).config

    def log(self, run: str) -> Path:
        """What the run prints; under an agent, its task's log."""
        task = self.task_of(run) if self.agent else None
        return self.directory / "logs" / f"{run}.log" if task is None else self.task_log(task)

    def explanation(self, run: str) -> Path:
        """The log that says what became of a run: its own, or its task's where that could not start it."""
        own, task = self.log(run), self.task_of(run)
        return own if own.exists() or task is None or not self.unlaunched(task) else self.task_log(task)

    def task_log(self, task: int) -> Path:
        return self.directory / "logs" / f"task-{task}.log"

    def unlaunched(self, task: int) -> bool:
        """Whether a task's runs could not be started when it was last tried: its script says so, and its log why."""
        return (self.directory / "failures" / f"unlaunched-{task}").exists()

    def last_words(self, task: int) -> str:
        """Of a task's log."""
        path = self.task_log(task)
        lines = path.read_text(errors="replace").strip().splitlines() if path.exists() else []
        return lines[-1] if lines else ""

    def write(self) -> None:
        fields = asdict(self) | {"directory": None}
        write_atomically(self.directory / "submission.json", json.dumps(fields, indent=1) + "\n")


def read(directory: Path) -> Submission:
    """Raises InputError where ``directory`` is no submission."""
    path = directory / "submission.json"
    try:
        fields = json.loads(read_steadily(path))
        lists = {name: tuple(fields.get(name, ())) for name in ("runs", "elsewhere")}
        return Submission(**fields | {"directory": directory.resolve()} | lists)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(str(path), f"is no submission ({error})") from None


def submissions(runs_dir: Path) -> list[Submission]:
    """Those that reached the cluster, oldest first."""
    return [found for found in _all(runs_dir) if found.job is not None]


def unsettled(runs_dir: Path) -> list[Submission]:
    """Those of which it is not known whether they did."""
    return [found for found in _all(runs_dir) if found.job is None]


def _all(runs_dir: Path) -> list[Submission]:
    found = []
    for path in sorted((runs_dir / FOLDER).glob("*/submission.json")):
        try:
            found.append(read(path.parent))
        except InputError as error:  # one that is damaged harms no other
            warn(str(error))
    return found


def tasks_for(runs: int, pack: int, most: int) -> int:
    """Tasks of an array: as many as runs, packed, but no more than MaxArraySize - 1."""
    return min(-(-runs // pack), most - 1)


def prepare(
    sweep: str,
    runs: "Sequence[PlannedRun]",
    *,
    pack: int,
    most: int,
    processes: int,
    agent: str | None = None,
    cluster: str | None = None,
    elsewhere: "Sequence[PlannedRun]" = (),
) -> Submission:
    """A submission of ``runs`` that is nowhere on disk yet; with an ``agent``, its tasks ask W&B for them."""
    runs_dir = Path(runs[0].config.runs_dir)
    name = re.sub(r"[^\w.-]+", "-", Path(sweep).stem if sweep.endswith((".yaml", ".yml")) else sweep)
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
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
        cluster=cluster,
        elsewhere=tuple(run.id for run in elsewhere),
    )


def lay_down(submission: Submission, script: str) -> None:
    """Write a copy of the code and the script; the runs' configs are in their own directories. Raises OSError."""
    for folder in ("logs", "failures"):
        (submission.directory / folder).mkdir(parents=True)
    copy_code(submission.directory / "code")
    for conf in reversed(folders("conf")):  # all of them in the one where that code looks, should it compose a run
        shutil.copytree(conf, submission.directory / "conf", dirs_exist_ok=True)
    (submission.directory / SCRIPT).write_text(script)
    submission.write()


def copy_code(folder: Path) -> None:
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
