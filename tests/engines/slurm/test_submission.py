"""What is handed to a cluster: which task has which runs, and a script with nothing in it that a user typed."""

import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

import outside
from findings.engines.slurm import script
from findings.engines.slurm.profile import Profile
from findings.engines.slurm.script import render
from findings.engines.slurm.submission import Submission, read, tasks_for
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


def test_a_whole_node_for_runs_of_one_gpu_each() -> None:
    profile = Profile(gres="gpu", task_devices=4, cpus=8, python="python3")
    text = render(submission(), profile, None)
    for option in ("--gres=gpu:4", "--ntasks-per-node=1", "--cpus-per-task=32"):
        assert f"#SBATCH {option}\n" in text
    assert "--cpus-per-task=32 --kill-on-bad-exit=0  python3 -m findings.engines.slurm.task\n" in text


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
        *(
            "--time=1-00",
            "--signal=USR1@90",
            "--array=0-2%5",
            "--exclusive",
            "--job-name=findings-quick-made-20260101-000000-000",
        ),
    )
    for option in wanted:
        assert f"#SBATCH {option}\n" in text
    assert "\nmodule load cuda\n" in text
    assert "srun --export=ALL --cpus-per-task=3 --kill-on-bad-exit=0 apptainer exec image.sif " in text
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


def test_code_of_ones_own_goes_with_the_submission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network and a data set of the working directory; a later edit there changes no queued run."""
    here = outside.write(tmp_path / "here")
    (here / "my_data").mkdir()
    (here / "my_data" / "__init__.py").write_text("from findings.data.digits import load\n")
    (here / "notes.py").write_text("what nothing imports\n")
    (here / "conf" / "model" / "resnet20.yaml").write_text("_target_: my_networks.MyNet\n")
    submit = """if True:
        import sys
        from pathlib import Path
        from findings.engines.slurm import submission
        from findings.planning.request import request
        asked = request("mine", ["seed=0", "model=mine", "data._target_=my_data.load", "tracking=none"])
        asked.refuse_other_data()
        runs = asked.freeze(asked.runs)
        made = submission.prepare("mine", runs, pack=1, most=10, processes=1)
        submission.lay_down(made, "")
        print(made.directory)
    """
    python = [sys.executable, "-P"]
    told = subprocess.run([*python, "-c", submit], cwd=here, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    made = read(Path(told.stdout.strip()))
    names = {path.name for path in (made.directory / "code").iterdir()}
    assert names == {"findings", "my_networks.py", "my_data"}
    for path in here.rglob("*.py"):
        if not path.is_relative_to(made.directory):
            path.write_text("raise RuntimeError('edited')\n")
    for path in (here / "conf").rglob("*.yaml"):
        path.write_text("edited: true\n")
    environment = os.environ | {"PYTHONPATH": str(made.directory / "code")}
    composed = "from findings.config.compose import Composer; print(Composer().compose(['model=resnet20']).name)"
    for command, working, output in (
        (
            [*python, "-m", "findings.cli", "train", "--frozen", str(made.frozen(made.runs[0]))],
            made.directory,
            "finished",
        ),
        ([sys.executable, "-c", composed], here, "mynet-w8"),  # as W&B's agents do, where the submission was started
    ):
        told = subprocess.run(command, cwd=working, env=environment, capture_output=True, text=True, check=False)
        assert told.returncode == 0, told.stderr
        assert output in told.stdout
