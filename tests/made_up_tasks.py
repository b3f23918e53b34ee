"""A submission whose runs are lines of shell in the place of trainings, for tests of what its tasks make of them."""

import os
from pathlib import Path

import pytest

from findings.engines.slurm import task
from findings.engines.slurm.submission import Submission
from findings.engines.slurm.task import Runner

FINISH = """echo '{"status": "finished"}' > record.json"""
ATTEMPTS = """'"attempts": '$(wc -l < starts)"""
FAIL = f"""echo '{{"status": "failed", "reason": "no disk", "iteration": 0, '{ATTEMPTS}'}}' > record.json; exit 1"""
DIVERGE = (
    f"""echo '{{"status": "failed", "reason": "diverged", "diverged": true, '{ATTEMPTS}'}}' > record.json; exit 1"""
)
REFUSE = "echo 'findings: data.root: no such folder' >&2; exit 2"
DIE = """echo '{"status": "running"}' > record.json; kill -9 $$"""
KILLED = "its process was ended by SIGKILL, as happens when memory runs out"
WAIT = """trap 'echo told >> told; exit 75' USR1 TERM; echo > begun; while :; do sleep 0.02; done"""


class Made:
    """A submission in which each run does what its line of shell says, in its run's directory."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, lines: dict[str, str], pack: int = 1) -> None:
        directory = folder / "runs" / "submissions" / "made"
        for name in ("logs", "failures"):
            (directory / name).mkdir(parents=True)
        for run, line in lines.items():
            (folder / "runs" / run).mkdir()
            (folder / "runs" / run / "config.yaml").write_text(line)
        python = folder / "python"
        python.write_text(
            """#!/bin/sh
            [ "$1 $2 $3 $4 $5" = "-m findings.cli train --retry-failed --frozen" ] || exit 9
            cd "$(dirname "$6")" && echo start >> starts && . "$6"
            """
        )
        python.chmod(0o755)
        monkeypatch.setattr(task.sys, "executable", str(python))
        monkeypatch.setattr(task, "POLL", 0.01)
        monkeypatch.setenv("PATH", str(folder / "bin"), prepend=os.pathsep)
        monkeypatch.setenv("SLURM_ARRAY_JOB_ID", "7")
        monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "0")
        self.monkeypatch, self.starts_of_task = monkeypatch, 0
        self.runs = folder / "runs"
        self.submission = Submission(directory, "quick/made", tuple(lines), 1, pack, 1, "", job="7")
        self.answer("scontrol", "JobId=8 JobState=RUNNING Reason=None PreemptTime=None")
        self.answer("sacct", "")

    def start(self, node: str = "n1") -> int:
        return self._next(node).run()

    def died(self, code: int, node: str = "n1") -> int:
        """As the next start of the task."""
        return self._next(node).died(code)

    def _next(self, node: str) -> Runner:
        self.monkeypatch.setenv("SLURM_RESTART_COUNT", str(self.starts_of_task))
        self.monkeypatch.setenv("SLURM_JOB_NODELIST", node)
        self.starts_of_task += 1
        return Runner(self.submission, 0)

    def answer(self, command: str, text: str) -> None:
        """Let a command of SLURM print this."""
        path = self.submission.directory.parents[2] / "bin" / command
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\ncat <<'.'\n{text}\n.\n")
        path.chmod(0o755)

    def starts(self, run: str) -> int:
        path = self.runs / run / "starts"
        return len(path.read_text().splitlines()) if path.exists() else 0
