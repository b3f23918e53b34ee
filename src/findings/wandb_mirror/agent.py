"""One task of a cluster's array as a W&B agent: ``python -m findings.wandb_mirror.agent SWEEP_ID [--count N]``.

W&B's own agent asks the server which run is next and starts `findings train` with its parameters. Three things are
done around it. Runs of this sweep that were interrupted go on first, from their records: a server does not always hand
them out again. It is asked to pass signals on (``--forward-signals``; left alone, it dies of SIGTERM and leaves the
training behind), and it is only ever sent SIGTERM: any other signal it passes on too, but then it starts the next run
in the minutes that are left. And `findings` is found, whatever PATH the job has.
"""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from findings.errors import InputError
from findings.records.lease import leased
from findings.records.library import readable
from findings.records.record import Record
from findings.training.command import INTERRUPTED, LEASED, REFUSED, frozen_command
from findings.training.signals import SIGNALS
from findings.wandb_mirror.mirror import await_uploads
from findings.wandb_mirror.server import has_key, host, unreachable

RUNS = Path("runs")  # where `findings train` puts what the agent has it train
UPLOAD_SECONDS = 60  # `findings sync` sends what is not uploaded by then


class Unreachable(InputError):
    """W&B does not answer; later it may."""


def run_agent(sweep_id: str, *, count: int | None = None) -> int:
    """Train ``count`` runs of the W&B sweep (null: until it has no more) in runs/; returns the exit code of the task.

    ``sweep_id`` is ENTITY/PROJECT/ID or ID. 75: interrupted, to be queued again; otherwise 0, or the first code that
    was none. Raises InputError without a key, and Unreachable where W&B does not answer.
    """
    if not has_key():
        raise InputError("W&B", f"no key for {host()} is found: `wandb login`, or set WANDB_API_KEY")
    problem = unreachable()
    if problem:
        raise Unreachable(
            "W&B",
            f"{host()} cannot be reached from here ({problem}), and an agent asks it for every run; "
            "without a network use `findings run`, and `findings sync` afterwards",
        )
    RUNS.mkdir(exist_ok=True)
    task = _Task()
    codes: list[int] = []
    for record in _interrupted(sweep_id):
        if len(codes) == count:
            break
        if leased(record.directory):  # by now, by another task that was interrupted with this one
            continue
        code = task.run(frozen_command(record.config))
        codes += [code] if code != LEASED else []
    left = None if count is None else count - len(codes)
    if left != 0:
        limit = [] if left is None else ["--count", str(left)]
        codes.append(task.run([sys.executable, "-m", "wandb", "agent", "--forward-signals", *limit, sweep_id]))
    await_uploads([record.directory for record in _records(sweep_id)], UPLOAD_SECONDS)
    return INTERRUPTED if task.asked else next((code for code in codes if code), 0)


def environment() -> dict[str, str]:
    """Ours, where `findings` is this one, and W&B's agent keeps its files in runs/, not in the working directory."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return {"WANDB_DIR": str(RUNS.resolve()), **os.environ, "PATH": path}


def _records(sweep_id: str) -> list[Record]:
    name = sweep_id.rpartition("/")[2]
    found = readable(RUNS)
    return [record for record in found if (record.get("wandb") or {}).get("sweep") == name]


def _interrupted(sweep_id: str) -> list[Record]:
    """Runs of this sweep that have not ended and are not in training."""
    return [
        record
        for record in _records(sweep_id)
        if record.status in ("interrupted", "running") and not leased(record.directory)
    ]


class _Task:
    """Runs one command after the other; once a signal asks to stop, the current one is told and no other begins."""

    def __init__(self) -> None:
        self.asked = False
        self.process: subprocess.Popen[bytes] | None = None
        for number in SIGNALS:
            signal.signal(number, self._pass_on)

    def run(self, command: Sequence[str]) -> int:
        if self.asked:
            return INTERRUPTED
        # a session of its own: what a terminal or a scheduler sends to this one arrives there once, and as SIGTERM
        self.process = subprocess.Popen(command, env=environment(), start_new_session=True)
        if self.asked:  # a signal that came meanwhile
            self.process.terminate()
        return self.process.wait()

    def _pass_on(self, _: int, __: FrameType | None) -> None:
        if not self.asked and self.process is not None:
            self.process.terminate()
        self.asked = True


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser("findings.wandb_mirror.agent")
    parser.add_argument("sweep_id", metavar="SWEEP_ID")
    parser.add_argument("--count", type=int, metavar="N")
    given = parser.parse_args(arguments)
    try:
        return run_agent(given.sweep_id, count=given.count)
    except InputError as error:
        print(f"findings: {error}", file=sys.stderr)
        return REFUSED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
