"""How the sbatch script ends: run by bash, with commands in SLURM's place that note how they were called."""

import os
import subprocess
from pathlib import Path

import pytest

from findings.engines.slurm.profile import Profile
from findings.engines.slurm.script import render
from findings.engines.slurm.submission import Submission

RUNNING = "JobId=8 JobState=RUNNING Reason=None PreemptTime=None"
OUT_OF_TIME = "JobId=8 JobState=COMPLETING Reason=TimeLimit PreemptTime=None"  # as a real SLURM has it
PREEMPTED = "JobId=8 JobState=RUNNING Reason=None PreemptTime=2026-01-01T00:00:00"
QUEUED = "JobId=8 JobState=COMPLETING Reason=None"
CANCELLED = "JobId=8 JobState=CANCELLED Reason=None PreemptTime=None"


class Script:
    """The script in its submission's folder; ``srun`` ends with one exit code, the task that says why with another."""

    def __init__(self, folder: Path, **profile: object) -> None:
        self.folder, self.bin = folder, folder / "bin"
        for name in ("logs", "failures", "bin"):
            (folder / name).mkdir()
        self.made = Submission(folder, "quick/made", ("one",), 1, 1, 1, "")
        (folder / "script").write_text(
            render(self.made, Profile(**profile), None).replace("/usr/bin/env bash", "/bin/bash")
        )
        self.command("sleep", "")
        self.command("srun", "exit 75")
        self.command("sbatch", "")
        self.says(RUNNING)

    def command(self, name: str, line: str) -> None:
        path = self.bin / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >> {self.folder}/called\n{line}\n')
        path.chmod(0o755)

    def says(self, state: str, *, deaf: int = 0) -> None:
        """SLURM, of the task; the first ``deaf`` times that it is asked for something it does not answer."""
        tries = f"echo >> {self.folder}/asked; [ $(wc -l < {self.folder}/asked) -gt {deaf} ] || exit 1"
        self.command("scontrol", f"{tries}; [ $1 != show ] || echo {state}")

    def run(self, **environment: str) -> int:
        task = {"SLURM_ARRAY_JOB_ID": "7", "SLURM_ARRAY_TASK_ID": "0", "SLURM_JOB_NODELIST": "n1"}
        path = f"{self.bin}{os.pathsep}{os.environ['PATH']}"
        variables = os.environ | task | {"SLURM_SUBMIT_DIR": str(self.folder), "PATH": path} | environment
        return subprocess.run(
            ["bash", self.folder / "script"], env=variables, cwd=self.folder.parent, check=False, timeout=60
        ).returncode

    @property
    def queued_again(self) -> list[str]:
        """Where the task was told not to start, each time that it was queued again."""
        calls = (self.folder / "called").read_text().splitlines() if (self.folder / "called").exists() else []
        found: list[str] = []
        for call in calls:
            if call == "scontrol requeue 7_0":
                found.append("")
            elif call.startswith("scontrol update jobid=7_0 excnodelist="):
                found[-1] = call.partition("excnodelist=")[2]
        return found

    @property
    def log(self) -> str:
        return self.made.task_log(0).read_text()


@pytest.fixture
def script(tmp_path: Path) -> Script:
    return Script(tmp_path)


@pytest.mark.parametrize(
    ("state", "code", "again"),
    [
        (RUNNING, 75, [""]),
        (OUT_OF_TIME, 75, [""]),
        (PREEMPTED, 75, [""]),
        (QUEUED, 75, []),
        (CANCELLED, 75, []),
        (RUNNING, 76, ["n1"]),
        (OUT_OF_TIME, 76, ["n1"]),
        (CANCELLED, 76, []),
        (RUNNING, 4, []),
    ],
)
def test_what_wants_another_start_is_queued_again_unless_it_is_queued_or_cancelled(
    state: str, code: int, again: list[str], script: Script
) -> None:
    script.command("srun", f"exit {code}")
    script.says(state)
    assert script.run() == code
    assert script.queued_again == again


def test_a_controller_that_is_down_for_a_minute_is_asked_again(script: Script) -> None:
    script.says(OUT_OF_TIME, deaf=15)
    assert script.run() == 75
    assert script.queued_again == [""]
    waits = [line for line in (script.folder / "called").read_text().splitlines() if line.startswith("sleep")]
    assert len(waits) == 15
    assert {int(wait.split()[1]) for wait in waits} <= set(range(1, 11))
    assert len(set(waits)) > 1  # a thousand tasks do not ask in step


def test_a_controller_that_stays_down_is_not_asked_for_ever(script: Script) -> None:
    script.says(RUNNING, deaf=10_000)
    assert script.run() == 75
    assert script.queued_again == []


def test_no_node_is_left_out_where_there_would_be_none(script: Script) -> None:
    script.command("srun", "exit 76")
    script.command("sbatch", "exit 1")  # allocation failure: Requested node configuration is not available
    assert script.run() == 76
    assert script.queued_again == [""]
    assert f"sbatch --test-only --exclude=n1 {script.folder}/script" in (script.folder / "called").read_text()


def test_nodes_that_the_profile_leaves_out_stay_out(tmp_path: Path) -> None:
    script = Script(tmp_path, options=["--exclude=bad[1-3]", "-x worse"])
    script.command("srun", "exit 76")
    script.run()
    assert script.queued_again == ["n1,bad[1-3],worse"]


def test_a_setup_that_fails_stops_the_task_with_its_words_and_is_tried_on_three_nodes(tmp_path: Path) -> None:
    (tmp_path / "lenient").write_text("false\ntrue\n")
    setup = [f"source {tmp_path}/lenient", "if false; then", "true", "fi", "module lood cuda", "touch begun"]
    script = Script(tmp_path, setup=setup)
    assert [script.run(SLURM_JOB_NODELIST=node) for node in ("n1", "n2", "n3")] == [127] * 3
    assert script.queued_again == ["n1", "n2"]
    lines = script.log.splitlines()
    assert "module: command not found" in lines[1]
    assert lines[-1].startswith("findings: setup: 'module lood cuda' ended with exit code 127 on n3")
    assert script.made.unlaunched(0)
    assert script.made.last_words(0) == script.made.explanation("one").read_text().splitlines()[-1] == lines[-1]
    assert not (tmp_path / "begun").exists()
    assert "srun" not in (tmp_path / "called").read_text()


def test_a_launcher_that_is_missing_is_tried_on_three_nodes_and_explained(tmp_path: Path) -> None:
    script = Script(tmp_path, launcher="apptainer-of-elsewhere exec x.sif")
    script.command("srun", "exit 2")
    assert [script.run(SLURM_JOB_NODELIST=node) for node in ("n1", "n2", "n3")] == [127] * 3
    assert script.queued_again == ["n1", "n2"]
    assert script.made.last_words(0).endswith("apptainer-of-elsewhere: command not found")


def test_a_start_that_went_well_lets_the_next_be_tried_three_times(script: Script) -> None:
    (script.folder / "failures" / "unlaunched-0").write_text("n1\nn2\n")
    script.run()
    assert not script.made.unlaunched(0)


def test_no_node_is_blamed_for_a_preemption(tmp_path: Path) -> None:
    script = Script(tmp_path, setup=["kill -TERM $BASHPID; sh -c 'kill $$'"])
    script.says(PREEMPTED)
    assert [script.run() for _ in range(4)] == [143] * 4
    assert script.queued_again == [""] * 4


def test_a_warning_that_the_time_is_nearly_over_does_not_break_the_setup(tmp_path: Path) -> None:
    script = Script(tmp_path, setup=["sh -c 'kill -USR1 $$; touch whole'"])
    assert script.run() == 75
    assert (tmp_path / "whole").exists()
    assert script.queued_again == [""]


def test_a_node_that_does_not_see_the_folder_is_left(script: Script) -> None:
    """SLURM itself would end the task there; with no place to count in, the number of starts is what there is."""
    gone = str(script.folder / "unmounted")
    assert [script.run(SLURM_SUBMIT_DIR=gone, SLURM_RESTART_COUNT=count) for count in ("0", "1", "2")] == [1] * 3
    assert script.queued_again == ["n1", "n1"]


def test_what_the_setup_sets_does_not_end_the_script(tmp_path: Path) -> None:
    script = Script(tmp_path, setup=["set -euo pipefail"])
    assert script.run() == 75
    assert script.queued_again == [""]
