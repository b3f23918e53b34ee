"""What is handed to a cluster: which task has which runs, and a script with nothing in it that a user typed."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from findings.engines.slurm import script
from findings.engines.slurm.profile import Profile
from findings.engines.slurm.script import render
from findings.engines.slurm.submission import Submission, tasks_for
from findings.errors import InputError


def submission(runs: int = 7, tasks: int = 3) -> Submission:
    ids = tuple(f"run-{number}" for number in range(runs))
    folder = Path("/runs/submissions/20260101-000000-000-quick-made")
    return Submission(folder, "quick/made", ids, tasks, pack=1, processes=1, submitted="")


def test_every_run_is_of_one_task() -> None:
    made = submission()
    dealt = [run for index in range(made.tasks) for run in made.of_task(index)]
    assert Counter(dealt) == Counter(made.runs)
    assert made.of_task(1) == ("run-1", "run-4")
    assert all(run in made.of_task(made.task_of(run)) for run in made.runs)


@pytest.mark.parametrize(
    ("runs", "pack", "most", "tasks"), [(12, 1, 1001, 12), (12, 4, 1001, 3), (13, 4, 1001, 4), (10_000, 1, 1001, 1000)]
)
def test_as_many_tasks_as_runs_and_no_more_than_an_array_may_have(runs: int, pack: int, most: int, tasks: int) -> None:
    assert tasks_for(runs, pack, most) == tasks


def test_the_script_asks_for_what_the_profile_says() -> None:
    profile = Profile(
        partition="gpu",
        gres="gpu:a100",
        nodes=2,
        devices=4,
        cpus=3,
        time="1-00",
        signal=90,
        options=["--exclusive"],
        setup=["module load cuda"],
        launcher="apptainer exec image.sif",
        max_parallel=5,
    )
    text = render(submission(), profile, None)
    wanted = (
        *("--partition=gpu", "--gres=gpu:a100:4", "--nodes=2", "--ntasks-per-node=4", "--cpus-per-task=3"),
        *("--time=1-00", "--signal=USR1@90", "--array=0-2%5", "--exclusive", "--job-name=findings-quick-made"),
    )
    for option in wanted:
        assert f"#SBATCH {option}\n" in text
    assert "\nmodule load cuda\n" in text
    assert "srun --cpus-per-task=3 --kill-on-bad-exit=0 apptainer exec image.sif " in text
    assert "{{" not in text
    assert "#SBATCH --array=0-2%2\n" in render(submission(), profile, 2)
    alone = render(submission(), replace(profile, max_parallel=None, gres=None, partition=None, options=[]), None)
    assert "#SBATCH --array=0-2\n" in alone
    assert "gres" not in alone


def test_a_template_of_ones_own_comes_first_and_its_mistakes_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("slurm").mkdir()
    Path("slurm", script.TEMPLATE).write_text("#!/bin/sh\n{{python}} {{tiem}}\n")
    with pytest.raises(InputError, match=r"slurm/array\.sbatch: \{\{tiem\}\}: no such value; allowed: .*\{\{time\}\}"):
        render(submission(), Profile(), None)
