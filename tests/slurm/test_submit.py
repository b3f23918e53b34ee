"""A sweep goes through a real SLURM as one array, and nothing that happens to its source afterwards changes it."""

import json
import os
import signal
from pathlib import Path

import pytest
import torch
from cluster import ASKED_EVERY, Cluster
from submitting import Submitter, own_code

from findings.config.frozen import thaw
from launching import all_numbers, records, write_sweep

# what a user may have set for interactive use, and must not change what we know of the queue
SETTINGS = {"SQUEUE_STATES": "RUNNING", "SQUEUE_USERS": "nobody", "SLURM_CLUSTERS": "nowhere", "SBATCH_TIMELIMIT": "1"}


@pytest.fixture
def here(cluster: Cluster, tmp_path: Path) -> Submitter:
    return Submitter(cluster, tmp_path, **SETTINGS)


def test_a_sweep_of_twelve_runs_is_one_array_and_submitting_again_submits_what_is_missing(here: Submitter) -> None:
    sweep = write_sweep(here.directory, "twelve", seeds=12, recipe__iterations=60, recipe__milestones=[40])
    job = here.submit(sweep, "--max-parallel", "3")
    assert "\nnothing to submit" in here.findings("submit", sweep, "--cluster", "test")  # the first may have finished
    most, seen = 0, set()

    def over() -> bool:
        nonlocal most
        tasks = here.cluster.tasks(job)
        seen.update(task.id for task in tasks)
        most = max(most, sum(task.state == "RUNNING" for task in tasks))
        return len(here.finished()) == 12

    here.cluster.until(over, 180, ASKED_EVERY)
    assert seen == {f"{job}_{index}" for index in range(12)}
    assert most == 3
    here.cluster.wait(job)
    assert "12 finished\nnothing to submit" in here.findings("submit", sweep, "--cluster", "test")
    status = here.findings("status", sweep)
    assert "12 runs: 12 finished, 100 % of the iterations" in status
    assert {record["provenance"]["job"] for record in records(here.directory).values()} == seen

    name = sorted(records(here.directory))[0]
    (here.directory / "runs" / name / "record.json").unlink()
    told = here.findings("submit", sweep, "--cluster", "test", "--json")
    again = json.loads(told.splitlines()[0])["job"]
    here.until_finished(12)
    assert [task.id for task in here.cluster.wait(again)] == [f"{again}_0"]
    assert f"finished: {here.directory}/runs/{name}" in here.findings("logs", name)


def test_an_edit_after_submission_changes_no_queued_run(cluster: Cluster, tmp_path: Path) -> None:
    checkout = own_code(tmp_path)
    here = Submitter(cluster, tmp_path, PYTHONPATH=str(checkout / "src"))
    sweep = write_sweep(tmp_path, "edited", seeds=1, recipe__iterations=60, recipe__milestones=[40])
    cluster.run("scontrol", "update", "partitionname=low", "state=down")  # jobs wait there
    try:
        here.submit(sweep)
        (checkout / "src" / "findings" / "train.py").write_text("raise RuntimeError('edited')\n")
        (tmp_path / "sweeps" / "quick" / "edited.yaml").write_text("method: random\n")
        for path in checkout.glob("conf/**/*.yaml"):
            path.write_text("nonsense: true\n")
    finally:
        cluster.run("scontrol", "update", "partitionname=low", "state=up")
    here.until_finished(1)
    assert {record["iterations"] for record in records(tmp_path).values()} == {60}


def test_where_jobs_are_handed_an_empty_environment_the_submitted_code_runs(here: Submitter) -> None:
    """As by --export=NONE, by which SLURM sets this variable and srun then hands nothing on."""
    sweep = write_sweep(here.directory, "export", seeds=1, recipe__iterations=60, recipe__milestones=[])
    job = here.submit(sweep, "cluster.setup=['export SLURM_EXPORT_ENV=NONE']")
    (task,) = here.cluster.wait(job, seconds=120)
    assert (task.state, task.restarts) == ("COMPLETED", 0), here.logs()
    assert len(here.finished()) == 1


def test_a_check_tries_a_node_and_leaves_nothing(here: Submitter) -> None:
    sweep = write_sweep(here.directory, "checked", seeds=2)
    told = here.findings("submit", sweep, "--cluster", "test", "--check")
    rows = {line.split("│")[1].strip(): line.split("│")[2].strip() for line in told.splitlines() if "│" in line}
    assert rows == dict.fromkeys(("python", "code", "GPUs", "data", "runs_dir"), "yes"), told
    assert "digits: 1,437 and 360 images" in told
    told = here.findings("submit", sweep, "--cluster", "test", "--check", "cluster.python=no-such-python", code=1)
    assert "no-such-python" in " ".join(told.split()), told
    assert list(here.directory.glob("runs/*")) == []
    assert here.cluster.run("squeue", "-h").strip() == ""


def test_one_of_four_packed_runs_may_diverge(here: Submitter) -> None:
    sweep = write_sweep(here.directory, "packed", seeds=1, recipe__iterations=60, recipe__milestones=[])
    path = here.directory / "sweeps" / "quick" / "packed.yaml"
    rates = "{values: [0.1, 0.05, 1.0e+30, 0.02]}"
    path.write_text(path.read_text().replace("  recipe.lr:\n    value: 0.1\n", f"  recipe.lr: {rates}\n"))
    job = here.submit(sweep, "--pack", "4")
    (task,) = here.cluster.wait(job, seconds=120)
    assert (task.state, task.restarts) == ("FAILED", 0), here.logs()
    assert len(here.finished()) == 3
    (failed,) = [run for run, record in records(here.directory).items() if record["status"] == "failed"]
    status = here.findings("status", sweep)
    line = next(line for line in status.splitlines() if failed in line)
    assert "failed" in line
    assert "diverged: the training loss is no number" in " ".join(status.split())
    assert "4 runs: 3 finished, 1 failed" in status
    assert "diverged" in here.findings("logs", failed)


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("recipe.lrr=0.1", "recipe.lrr"),
        ("model.depth=8,9", "model.depth=9"),
        ("data.root=nowhere data=image_folder data.name=mine data.size=8 data.classes=10 data.channels=1", "nowhere"),
        ("cluster.grace=3", "cluster.grace: 3 s is too short"),
    ],
)
def test_one_bad_run_stops_all_before_anything_is_submitted(override: str, line: str, here: Submitter) -> None:
    sweep = write_sweep(here.directory, "bad", seeds=2)
    before = here.cluster.tasks()
    output = here.findings("submit", sweep, "--cluster", "test", *override.split(), code=2)
    assert line in output
    assert "Traceback" not in output
    assert len(output.strip().splitlines()) <= 2, output  # a note on an overridden protocol may come before
    assert here.cluster.tasks() == before
    assert not list(here.directory.glob("runs/submissions/*"))


def test_a_value_reaches_the_job_as_it_is_and_runs_nothing(here: Submitter) -> None:
    nasty = 'a b"c"d$(touch hacked)e\nf`touch hacked`; touch hacked #\'g'
    sweep = write_sweep(here.directory, "nasty", seeds=1, recipe__iterations=12, recipe__milestones=[])
    quoted = nasty.replace("'", "\\'")
    here.submit(sweep, f"tracking.project='{quoted}'", "tracking.mode=none")
    here.until_finished(1)
    (path,) = here.directory.glob("runs/*/config.yaml")
    assert thaw(path).config.tracking.project == nasty
    assert not list(here.directory.rglob("hacked"))
    (script,) = here.directory.glob("runs/submissions/*/array.sbatch")
    assert "hacked" not in script.read_text()


def test_no_key_is_in_anything_that_is_left(cluster: Cluster, tmp_path: Path) -> None:
    key = "0123456789abcdef0123456789abcdef01234567"
    here = Submitter(cluster, tmp_path, WANDB_API_KEY=key, SOME_TOKEN=key)
    sweep = write_sweep(tmp_path, "secret", seeds=1, recipe__iterations=12, recipe__milestones=[], tracking="wandb")
    here.submit(sweep)
    here.until_finished(1)
    read = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.suffix == ".wandb" for path in read)  # the mirror did run
    assert not [path for path in read if key.encode() in path.read_bytes()]


def test_ten_thousand_runs_are_one_short_script(here: Submitter) -> None:
    sweep = write_sweep(here.directory, "many", seeds=1)
    output = here.findings("submit", sweep, "--cluster", "test", "--dry-run", "seed=range(10000)")
    assert output.startswith("#!/usr/bin/env bash\n")
    assert len(output.encode()) < 64 * 1024
    assert "#SBATCH --array=0-999\n" in output
    assert not (here.directory / "runs").exists()


def test_what_is_cancelled_keeps_its_checkpoint_and_can_be_submitted_again_at_once(here: Submitter) -> None:
    sweep = write_sweep(here.directory, "long", seeds=1, recipe__iterations=200_000)
    job = here.submit(sweep)
    here.cluster.until(lambda: all_numbers(here.directory) and next(iter(all_numbers(here.directory).values())), 60)
    assert f"cancelled job {job}" in here.findings("cancel", sweep)
    again = here.submit(sweep)
    (task,) = here.cluster.wait(job)
    assert (task.state, task.restarts) == ("CANCELLED", 0)
    (name,) = records(here.directory)
    here.cluster.until(lambda: records(here.directory)[name].get("attempts") == 2, 60)
    assert f"cancelled job {again}" in here.findings("cancel", name)
    here.cluster.wait(again)
    (record,) = records(here.directory).values()
    assert (record["status"], record["reason"]) == ("interrupted", "received SIGTERM")
    assert "has no tasks in the queue" in here.findings("cancel", sweep, code=2)
    assert "1 interrupted" in here.findings("status", sweep)


def test_an_array_is_found_again_whose_number_sbatch_could_not_say(here: Submitter) -> None:
    """The controller hangs while it is asked, and takes the job all the same."""
    sweep = write_sweep(here.directory, "hung", seeds=1, recipe__iterations=60, recipe__milestones=[])
    controller = int((here.cluster.directory / "slurmctld.pid").read_text())
    here.cluster.run("scontrol", "update", "partitionname=low", "state=down")  # jobs wait there
    try:
        os.kill(controller, signal.SIGSTOP)
        try:
            output = here.findings("submit", sweep, "--cluster", "test", code=2)
        finally:
            os.kill(controller, signal.SIGCONT)
        assert "whether SLURM has the job is not known" in output
        here.cluster.until(here.cluster.tasks, 30, ASKED_EVERY)
        assert "1 in the queue\nnothing to submit" in here.findings("submit", sweep, "--cluster", "test")
    finally:
        here.cluster.run("scontrol", "update", "partitionname=low", "state=up")
    here.until_finished(1)
    assert len(list(here.directory.glob("runs/submissions/*"))) == 1


def test_two_nodes_train_one_run_as_one_process_does(here: Submitter) -> None:
    """The stopping rank, the counters and batch norm of two nodes are tested without SLURM; here srun launches them."""
    changes = {"recipe__precision": "fp64", "recipe__batch_norm_group": 64, "recipe__iterations": 36}
    sweep = write_sweep(here.directory, "together", seeds=1, recipe__milestones=[24], **changes)
    two = Submitter(here.cluster, here.directory / "two")
    two.directory.mkdir()
    write_sweep(two.directory, "together", seeds=1, recipe__milestones=[24], **changes)
    here.submit(sweep)
    # the names of the tests' nodes resolve nowhere
    job = two.submit(sweep, "cluster.nodes=2", "cluster.setup=[export MASTER_ADDR=127.0.0.1]")
    here.until_finished(1)
    two.until_finished(1)
    (task,) = here.cluster.wait(job)
    assert (task.state, task.nodes) == ("COMPLETED", "n[1-2]")
    (alone,), (together,) = all_numbers(here.directory).values(), all_numbers(two.directory).values()
    assert len(together) == 3
    for one, other in zip(alone, together, strict=True):
        assert one["test_images"] == other["test_images"]
        for column in ("train_loss", "train_error", "test_loss", "test_error"):
            assert float(one[column]) == pytest.approx(float(other[column]), abs=1e-8)
    states = []
    for directory in (here.directory, two.directory):
        (path,) = directory.glob("runs/*/checkpoints/last.ckpt")
        states.append(torch.load(path, weights_only=True)["state_dict"])
    assert states[0].keys() == states[1].keys()
    for name, tensor in states[0].items():
        torch.testing.assert_close(tensor, states[1][name], rtol=0, atol=1e-8, msg=name)
    (record,) = records(two.directory).values()
    assert record["provenance"]["devices"] == 2
