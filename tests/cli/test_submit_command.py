"""What `findings submit` hands over and what it leaves out, with nothing of SLURM but its answers."""

from dataclasses import replace
from pathlib import Path

import pytest

from findings.cli import submit
from findings.config.identity import identify
from findings.engines.failures import Failure
from findings.engines.slurm import queue, submission
from findings.engines.slurm.failures import Failures
from findings.engines.slurm.profile import read
from findings.engines.slurm.queue import Task
from findings.engines.slurm.standing import standing
from findings.errors import InputError
from findings.nets.complexity import Complexity
from findings.planning.freezing import freeze_run
from findings.planning.plan import PlannedRun
from findings.records.record import Record
from tiny_runs import tiny


@pytest.fixture
def planned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[PlannedRun]:
    monkeypatch.chdir(tmp_path)
    configs = [tiny(tmp_path / "runs", seed=seed) for seed in range(2)]
    return [PlannedRun.of(identify(config), {}, Complexity(0, 0, 0, 0, 0)) for config in configs]


def test_jobs_find_their_data_from_whatever_folder_they_start_in(
    planned: list[PlannedRun], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (run, _) = submit._for_cluster(planned, read("test"), pack=1)
    assert run.config.data.root == str(tmp_path / "data")
    assert Path(run.config.data.cache or "").is_absolute()
    assert not run.config.data.download
    monkeypatch.setenv("FINDINGS_DATA", "elsewhere")
    (run, _) = submit._for_cluster(planned, read("test"), pack=1)
    assert run.config.data.root == str(tmp_path / "elsewhere")


def test_what_a_task_has_given_up_is_submitted_again_while_others_of_the_task_wait(
    planned: list[PlannedRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = submission.prepare("quick/made", planned, pack=2, most=1001, processes=1)
    (earlier.directory / "failures").mkdir(parents=True)
    replace(earlier, job="7").write()
    monkeypatch.setattr(queue, "tasks", lambda _: [Task("7", 0, "RUNNING", "None", "n1")])
    assert str(standing(planned, ask=True)) == "2 in the queue"
    Failures(earlier.directory).note(planned[0].id, Failure("no disk", 0, final=True))
    stands = standing(planned, ask=True)
    assert (stands.missing, stands.queued) == ([planned[0]], [planned[1]])


def test_a_run_may_change_its_devices_until_it_has_begun(planned: list[PlannedRun]) -> None:
    profile = read("test", ["cluster.devices=2"])
    record = Record(Path(planned[0].config.runs_dir) / planned[0].id)
    for run in planned:
        freeze_run(run)
    submit._refuse_other_devices(planned, profile)
    record.update(attempts=1)
    with pytest.raises(InputError, match="has begun on 1 x 1 devices and goes on with as many; the profile has 1 x 2"):
        submit._refuse_other_devices(planned, profile)


def test_agents_take_no_overrides_of_the_runs() -> None:
    profile = read("test", ["cluster.internet=true"])
    with pytest.raises(InputError, match=r"--agent: .* knows nothing of recipe\.lr=0\.05; allowed: cluster\.\*"):
        submit._check_agent("test", profile, ["recipe.lr=0.05"], 1)
