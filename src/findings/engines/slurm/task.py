"""What an array task does on its node; one such process for each process of a run.

Every run is a process of its own (``findings train --frozen``) with its own log, so that what one does to itself
happens to no other. Signals are passed on; runs answer them with a checkpoint. Exit codes: 0 all runs are done, 4 some
are given up, 75 some want another start of this task, 76 on another node: this one may be why they got no further.

    python -m findings.engines.slurm.task             in the submission's folder, under srun
    python -m findings.engines.slurm.task --died N    the step ended with exit code N, without a word
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType

from findings.config.folders import PACKAGE
from findings.engines.devices import VARIABLE, visible
from findings.engines.failures import Failure
from findings.engines.mps import shared_gpus
from findings.engines.slurm import agent_task, endings, queue
from findings.engines.slurm.failures import Failures
from findings.engines.slurm.submission import Submission, read
from findings.errors import InputError
from findings.records.lease import leased
from findings.records.record import Record, now
from findings.system.processes import ending
from findings.training.command import ELSEWHERE, FAILED, GIVEN_UP, INTERRUPTED, LEASED, REFUSED, frozen_command
from findings.wandb_mirror.mirror import await_uploads

SIGNALS = (signal.SIGTERM, signal.SIGUSR1)
POLL = 0.2  # seconds
UPLOAD_SECONDS = 60  # for what W&B does not have yet of runs that have ended; `findings sync` sends the rest
TOLD_UPLOAD_SECONDS = 20  # where the scheduler waits
LEAVE_SECONDS = 30  # for runs to write checkpoints where this process ends by an error
LEADER_SECONDS = 60  # for the first process of a run to notice that another one has died


class Runner:
    """Works through the runs of one task, ``pack`` of them at a time."""

    def __init__(self, submission: Submission, index: int, rank: int = 0) -> None:
        self.submission, self.index, self.rank = submission, index, rank
        self.failures = Failures(submission.directory)
        self.waiting = deque(run for run in submission.of_task(index) if not self.settled(run))
        self.going: dict[str, subprocess.Popen[bytes]] = {}
        self.unfinished: list[str] = []
        self.begun: dict[str, Record] = {}  # as they were before
        self.told: int | None = None  # the signal that asked to stop
        self.elsewhere = False  # whether this node may be why a run got no further
        self.gpus = visible() or []  # SLURM names those that it gives; to ask torch would take seconds of every task
        self.on: dict[str, str] = {}  # the GPU of each run that is going, where runs side by side have one each

    def settled(self, run: str) -> bool:
        return self.submission.record(run).status == "finished" or self.failures.given_up(run) is not None

    def run(self) -> int:
        for number in SIGNALS:  # to the end of this process: later signals are in vain, but must not end it
            signal.signal(number, self._stop)
        try:
            while self.going or (self.waiting and not self.told):
                while self.waiting and not self.told and len(self.going) < self.submission.pack:
                    self._start(self.waiting.popleft())
                time.sleep(POLL)
                for run, process in list(self.going.items()):
                    if process.poll() is not None:
                        del self.going[run]
                        self.on.pop(run, None)
                        self._end(run, process.returncode)
        finally:
            self._leave()
        if self.rank == 0:
            mirrored = [self.submission.record(run).directory for run in self.begun]
            await_uploads(mirrored, TOLD_UPLOAD_SECONDS if self.told else UPLOAD_SECONDS)
        return self._again() if self.unfinished or self.waiting else self._over()

    def _leave(self) -> None:
        """Whatever ends this process, what goes on in others is to be written down first."""
        for process in self.going.values():
            process.send_signal(signal.SIGTERM)
        for process in self.going.values():
            try:
                process.wait(LEAVE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()

    def _again(self) -> int:
        return ELSEWHERE if self.elsewhere else INTERRUPTED

    def _over(self) -> int:
        return GIVEN_UP if any(self.failures.given_up(run) for run in self.submission.of_task(self.index)) else 0

    def _start(self, run: str) -> None:
        command = frozen_command(self.submission.frozen(run), retry_failed=True)
        self.begun[run] = self.submission.record(run)
        environment = dict(os.environ)
        if self.submission.processes == 1 and self.gpus:
            self.on[run] = environment[VARIABLE] = min(self.gpus, key=list(self.on.values()).count)
        try:
            with self._log(run).open("ab") as log:
                log.write(f"--- {now()} task {self.index} on {os.uname().nodename}\n".encode())
                log.flush()
                process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
        except OSError as error:  # a full disk stops this run, and none beside it
            self.unfinished.append(run)
            self._say(f"could not start {run}: {error.strerror}")
            return
        self.going[run] = process
        if self.told:  # by a signal that came meanwhile
            process.send_signal(self.told)
        self._say(f"started {run}")

    def _log(self, run: str) -> Path:
        path = self.submission.log(run)
        return path if self.rank == 0 else path.with_suffix(f".{self.rank}.log")

    def _end(self, run: str, code: int) -> None:
        try:
            self._note_end(run, code)
        except OSError as error:  # a disk that is full, or gone: those beside this run go on
            self.unfinished.append(run)
            self._say(f"{run} ended with exit code {code}, which could not be noted: {error.strerror}")

    def _note_end(self, run: str, code: int) -> None:
        record = self.submission.record(run)
        if code == 0:
            self._say(f"finished {run}")
        elif code == LEASED:
            self._say(f"left {run}: it is in training elsewhere")
        elif self.told and (code == INTERRUPTED or code < 0):
            self._note_told(record)
            self._say(f"interrupted {run} at iteration {record.get('iteration', 0)}")
        else:
            if self.rank == 0:
                self._note(record, code)
            elif code not in (FAILED, INTERRUPTED):
                self._await_leader(run)
            self._say(f"failed {run}: {self.failures.given_up(run) or 'it will be tried again'}")
        if code not in (0, LEASED) and self.failures.given_up(run) is None:
            self.unfinished.append(run)

    def _note_told(self, record: Record) -> None:
        """A preemption is nobody's fault; the time's end is, where a run had all of it and got no further."""
        run = record.directory.name
        had_all = list(self.begun).index(run) < self.submission.pack
        if self.rank or self.told != signal.SIGUSR1 or not had_all or self._gained(record):
            return
        if not endings.preempted(queue.described(endings.task())):
            self._fail(record, endings.OUT_OF_TIME)

    def _note(self, record: Record, code: int) -> None:
        """Note how a run's process ended that was not told to."""
        run = record.directory.name
        began = record.get("attempts") != self.begun[run].get("attempts")
        said = _last_line(self._log(run))
        if code == REFUSED:  # data, say, or a GPU that are not there: another node may have them
            earlier = [failure for failure in self.failures.of(run) if failure.node != endings.nodes()]
            reason = said or "it refused its config"
            self._fail(record, reason, final=reason in [failure.reason for failure in earlier])
        elif began and (code, record.status) in ((FAILED, "failed"), (INTERRUPTED, "interrupted")):
            # interrupted: another of its processes was gone
            self._fail(record, str(record.get("reason")), final=bool(record.get("diverged")))
        else:
            self._fail(record, f"its process {ending(code)}{f': {said}' if said and not began else ''}")

    def _gained(self, record: Record) -> bool:
        """Whether this start has written a new checkpoint."""
        before = self.begun.get(record.directory.name)
        if before is not None:
            return bool(record.get("iteration", 0) > before.get("iteration", 0))
        return _began_now(record) and record.get("iteration", 0) > record.get("resumed_at", 0)

    def _asked(self, record: Record) -> bool:
        """Whether the run has ended in this start, and well, since it was asked to."""
        return _began_now(record) and record.status == "interrupted" and bool(record.get("asked"))

    def _fail(self, record: Record, reason: str, *, final: bool = False) -> None:
        run, iteration, gained = record.directory.name, int(record.get("iteration", 0)), self._gained(record)
        self.failures.note(run, Failure(reason, iteration, final, gained, endings.start(), endings.nodes()))
        why = self.failures.given_up(run)
        if why:
            record.update(status="failed", reason=why)
        elif record.status in ("running", "interrupted"):
            record.update(status="interrupted", reason=reason)
        self.elsewhere |= not gained and not final and reason != endings.OUT_OF_TIME

    def _await_leader(self, run: str) -> None:
        """End the step, all of it, if the run's first process does not notice that ours has died: CUDA may hold it."""
        deadline = time.monotonic() + LEADER_SECONDS
        while self.submission.record(run).status == "running":
            if time.monotonic() > deadline:
                step = f"{os.environ['SLURM_JOB_ID']}.{os.environ['SLURM_STEP_ID']}"
                subprocess.run(["scancel", "--signal=KILL", step], env=queue.environment(), check=False)
            time.sleep(POLL)

    def _stop(self, number: int, _: FrameType | None) -> None:
        self.told = self.told or number
        for process in self.going.values():
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number)

    def _say(self, line: str) -> None:
        if self.rank == 0:
            print(f"{now()} {line}", flush=True)

    def died(self, code: int) -> int:
        """Note that the step ended without a word; whether any of its runs is worth another start."""
        runs = self.submission.of_task(self.index)
        unsettled = [self.submission.record(run) for run in runs if not self.settled(run)]
        ours = [record for record in unsettled if not leased(record.directory)]
        reason = endings.why(code, self.submission.task_log(self.index))
        if reason is not None:
            noted = self._noted(runs, reason)
            training = [record for record in ours if record.status == "running"]
            # where nothing is known, it was to begin with these, but has not come so far
            for record in training or ([] if noted else ours[: self.submission.pack]):
                well = self._gained(record) if reason == endings.OUT_OF_TIME else self._asked(record)
                if not well:
                    self._fail(record, reason)
        return self._again() if any(not self.settled(record.directory.name) for record in ours) else self._over()

    def _noted(self, runs: Sequence[str], reason: str) -> bool:
        """Whether the step itself has noted how runs ended; of those killed, SLURM may know now that it was memory."""
        found = False
        for run in runs:
            for failure in self.failures.of(run)[-1:]:
                if failure.start != endings.start():
                    continue
                found = True
                self.elsewhere |= not failure.gained and not failure.final
                if endings.KILLED in failure.reason and reason.startswith(endings.NO_MEMORY):
                    self.failures.note(run, replace(failure, reason=reason))
                    self.submission.record(run).update(reason=self.failures.given_up(run) or reason)
        return found


def _began_now(record: Record) -> bool:
    """Whether its last attempt was in this start of this task."""
    made = record.get("provenance", {})
    return (made.get("job"), str(made.get("restart"))) == (endings.task(), endings.start())


def _return_code(status: int) -> int:
    """subprocess's, of what a shell says of a process: 137 is -9; but 255 is a container runtime's own."""
    return 128 - status if 128 < status < 128 + signal.NSIG else status


def _last_line(log: Path) -> str:
    """What a process has said last; nothing if that is the line with which its log begins."""
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return "" if not lines or lines[-1].startswith(endings.START) else lines[-1].removeprefix("findings: ")


def _refuse_other_code(submission: Submission) -> None:
    """Whatever node or container this is in, what was submitted is what runs."""
    submitted = submission.directory / "code" / PACKAGE.name
    if not PACKAGE.samefile(submitted):
        raise InputError(
            "PYTHONPATH",
            f"findings comes from {PACKAGE} here, not from {submitted}, the code that was submitted: a launcher, or a "
            "line of setup, sets or clears it",
        )


def main(arguments: Sequence[str]) -> int:
    submission = read(Path.cwd())
    try:
        _refuse_other_code(submission)
    except (InputError, OSError) as error:
        print(f"findings: {error}", flush=True)
        return FAILED
    if submission.job is None:  # sbatch was cut off before it said so
        cluster = submission.cluster and os.environ.get("SLURM_CLUSTER_NAME", submission.cluster)
        submission = replace(submission, job=os.environ["SLURM_ARRAY_JOB_ID"], cluster=cluster)
        submission.write()
    index, rank = int(os.environ["SLURM_ARRAY_TASK_ID"]), int(os.environ.get("SLURM_PROCID", "0"))
    died = _return_code(int(arguments[1])) if arguments[:1] == ["--died"] else None
    if submission.agent:
        return agent_task.work(submission, index) if died is None else agent_task.died(submission, index, died)
    runner = Runner(submission, index, rank)
    if died is not None:
        return runner.died(died)
    with shared_gpus(submission.pack, len(runner.gpus)) if os.environ.get("FINDINGS_MPS") else contextlib.nullcontext():
        return runner.run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
