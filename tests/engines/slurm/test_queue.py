"""What is made of SLURM's answers, the odd ones too; here its commands are scripts that print them."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from findings.engines.slurm import queue
from findings.engines.slurm.queue import Array, Task


@pytest.fixture
def answering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Make a command print a text, and end well."""
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    def answer(command: str, text: str) -> None:
        (tmp_path / command).write_text(f"#!/bin/sh\ncat <<'.'\n{text}\n.\n")
        (tmp_path / command).chmod(0o755)

    return answer


def test_lines_of_the_queue_that_are_no_task_are_passed_over(answering: Callable[[str, str], None]) -> None:
    answering(
        "squeue", "CLUSTER: east\n7|0|RUNNING|None|n1\n\n9|N/A|RUNNING|None|n2\nCLUSTER: west\n7|1|PENDING|Priority|"
    )
    assert queue.tasks([Array("7")]) == [Task("7", 0, "RUNNING", "None", "n1"), Task("7", 1, "PENDING", "Priority", "")]


def test_tasks_that_ended_before_their_array_was_split_are_told_too(answering: Callable[[str, str], None]) -> None:
    answering("sacct", "7_0|COMPLETED\n7_1|CANCELLED by 1000\n7_[2-3,5%2]|CANCELLED by 0\n7_6|\n\n7|FAILED")
    assert queue.ended(Array("7")) == {
        0: "COMPLETED",
        1: "CANCELLED",
        2: "CANCELLED",
        3: "CANCELLED",
        5: "CANCELLED",
        6: "",
    }
