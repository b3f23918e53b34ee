"""How SLURM is asked: of our own jobs only, whatever the settings and the number of those who ask."""

from pathlib import Path

import pytest

from findings.engines.slurm import queue
from findings.engines.slurm.queue import Array, Task
from stand_ins import StandIns

SETTINGS = {
    "SQUEUE_STATES": "RUNNING",
    "SQUEUE_USERS": "nobody",
    "SACCT_FORMAT": "User",
    "SLURM_CLUSTERS": "elsewhere",
    "SCANCEL_INTERACTIVE": "1",
    "SBATCH_TIMELIMIT": "1",
}
UNSET = """[ -z "${!SQUEUE*}${!SACCT*}${!SCANCEL*}${!SBATCH*}${!SLURM_CLUSTERS*}" ] || exit 1"""


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIns:
    monkeypatch.setattr(queue, "_answers", {})
    return StandIns(tmp_path / "bin", monkeypatch)


def test_the_queue_is_known_by_job_numbers_and_the_users_settings_change_nothing(
    slurm: StandIns, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SLURM_CONF", "/etc/here")
    slurm.place("squeue", f"""{UNSET}; [ $SLURM_CONF = /etc/here ] || exit 1; echo '7|0|RUNNING|None|n1'""")
    slurm.place("sacct", f"{UNSET}; echo '7_0|COMPLETED'")
    slurm.place("scancel", UNSET)
    assert queue.tasks([Array("7"), Array("12")]) == [Task("7", 0, "RUNNING", "None", "n1")]
    (call,) = slurm.calls("squeue")
    assert "--jobs=12,7 " in call
    assert "--me" not in call  # a runs_dir is shared by several people
    assert queue.ended(Array("7")) == {0: "COMPLETED"}
    queue.cancel(Array("7"), 3)
    assert slurm.calls("scancel") == ["7_3"]


def test_each_cluster_is_asked_for_its_own_jobs(slurm: StandIns) -> None:
    east = "--clusters=east"
    slurm.place(
        "squeue",
        f"""[ $1 = {east} ] && printf 'CLUSTER: east\\n\\n7|1|PENDING|Priority|\\n' || echo '7|0|RUNNING|None|n1'""",
    )
    slurm.place("scancel", "")
    found = queue.tasks([Array("7"), Array("7", "east")])
    assert found == [Task("7", 0, "RUNNING", "None", "n1"), Task("7", 1, "PENDING", "Priority", "", "east")]
    queue.cancel(found[1].array)
    assert slurm.calls("scancel") == [f"{east} 7"]


def test_a_job_that_slurm_has_forgotten_is_not_in_the_queue(slurm: StandIns) -> None:
    slurm.place("squeue", "echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1")
    assert queue.tasks([Array("7")]) == []
    slurm.place("squeue", "echo 'slurm_load_jobs error: Socket timed out on send/recv operation' >&2; exit 1")
    with pytest.raises(queue.Silent, match="squeue: slurm_load_jobs error: Socket timed out"):
        queue.tasks([Array("7")])


def test_a_job_is_found_by_its_name_in_the_queue_or_in_the_accounts(slurm: StandIns) -> None:
    slurm.place("squeue", "printf 'CLUSTER: east\\n7\\n7\\n'")
    assert queue.named("findings-made", "east,west") == Array("7", "east")
    slurm.place("squeue", "")
    slurm.place("sacct", "echo 7_3; echo 7_4")
    assert queue.named("findings-made", None) == Array("7")
    slurm.place("sacct", "")
    assert queue.named("findings-made", None) is None


def test_an_answer_serves_as_long_as_it_may_be_old(slurm: StandIns) -> None:
    slurm.place("squeue", "echo '7|0|RUNNING|None|n1'")
    for age in (30, 30, 0, 30):
        queue.tasks([Array("7")], age=age)
    assert len(slurm.calls("squeue")) == 2
