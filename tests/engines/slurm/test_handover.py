"""An array is submitted once and known afterwards, whatever sbatch says and whoever interrupts it."""

import fcntl
import threading
from pathlib import Path

import pytest

from findings.engines.slurm import handover, queue
from findings.engines.slurm.handover import Unanswered, hand_over, one_at_a_time, settle
from findings.engines.slurm.queue import Array
from findings.engines.slurm.submission import Submission, read, submissions, unsettled
from findings.errors import InputError
from stand_ins import StandIns

TIMED_OUT = "echo 'sbatch: error: Batch job submission failed: Socket timed out on send/recv operation' >&2; exit 1"
SILENT = "echo 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 1"


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIns:
    monkeypatch.setattr(queue, "_answers", {})
    monkeypatch.setattr(handover, "LOOK_EVERY", 0)
    found = StandIns(tmp_path / "bin", monkeypatch)
    found.place("sacct", "")
    return found


@pytest.fixture
def made(tmp_path: Path) -> Submission:
    directory = tmp_path / "runs" / "submissions" / "20260101-000000-000000-quick-made"
    directory.mkdir(parents=True)
    made = Submission(directory, "quick/made", ("one",), 1, 1, 1, "")
    made.write()
    return made


@pytest.mark.parametrize(
    ("said", "array"),
    [
        ("echo 7", Array("7")),
        ("echo '7;east'", Array("7", "east")),
        ("echo 'Welcome to job 12!'; echo 7; echo", Array("7")),
        ("echo 7; echo '3 hours left of your quota'", Array("7")),
    ],
)
def test_a_jobs_number_is_a_line_of_its_own(said: str, array: Array, made: Submission, slurm: StandIns) -> None:
    slurm.place("sbatch", said)
    assert hand_over(made, internet=False).array == array
    assert read(made.directory).array == array


@pytest.mark.parametrize("said", [TIMED_OUT, "echo 'Your job is on its way'"])
def test_what_sbatch_does_not_say_is_looked_for_by_the_jobs_name(said: str, made: Submission, slurm: StandIns) -> None:
    slurm.place("sbatch", said)
    slurm.place("squeue", "echo 7")
    assert hand_over(made, internet=False).job == "7"
    assert "--name=findings-quick-made-20260101-000000-000000 " in slurm.calls("squeue")[0]


@pytest.mark.parametrize("answer", ["", SILENT])
def test_what_may_be_submitted_is_kept_until_slurm_tells(answer: str, made: Submission, slurm: StandIns) -> None:
    runs = made.directory.parents[1]
    slurm.place("sbatch", TIMED_OUT)
    slurm.place("squeue", answer)
    with pytest.raises(Unanswered, match=r"sbatch: .*Socket timed out.*whether SLURM has the job is not known"):
        hand_over(made, internet=False)
    assert unsettled(runs) == [made]
    if answer:
        with pytest.raises(InputError, match="Unable to contact"):
            settle(runs, certain=True)
    slurm.place("squeue", "echo 7")
    settle(runs)
    assert [found.job for found in submissions(runs)] == ["7"]


def test_what_never_reached_slurm_is_removed_by_the_next_submission_only(made: Submission, slurm: StandIns) -> None:
    runs = made.directory.parents[1]
    slurm.place("squeue", "")
    settle(runs)
    assert unsettled(runs) == [made]
    settle(runs, certain=True)
    assert not made.directory.exists()


def test_what_sbatch_refuses_leaves_nothing(made: Submission, slurm: StandIns) -> None:
    slurm.place("sbatch", "echo 'sbatch: error: invalid partition specified: x' >&2; exit 1")
    with pytest.raises(InputError, match="sbatch: sbatch: error: invalid partition specified: x"):
        hand_over(made, internet=False)
    assert not made.directory.exists()


def test_an_array_is_known_though_sbatch_was_interrupted(
    made: Submission, slurm: StandIns, capsys: pytest.CaptureFixture[str]
) -> None:
    slurm.place("sbatch", "kill -INT $PPID; sleep 30")
    slurm.place("squeue", "echo 7")
    with pytest.raises(KeyboardInterrupt):
        hand_over(made, internet=False)
    assert read(made.directory).job == "7"
    assert "job 7 was submitted before; `findings cancel 7` ends it" in capsys.readouterr().err


def test_a_key_goes_with_the_job_only_where_it_is_needed(
    made: Submission, slurm: StandIns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "secret")
    slurm.place("sbatch", "[ -z $WANDB_API_KEY ] && echo 7 || echo 8")
    assert hand_over(made, internet=False).job == "7"
    assert hand_over(made, internet=True).job == "8"


def test_two_submissions_into_one_folder_take_turns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entered = threading.Event()

    def second() -> None:
        with one_at_a_time(tmp_path):
            entered.set()

    with (tmp_path / handover.LOCK).open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        thread = threading.Thread(target=second)
        thread.start()
        assert not entered.wait(0.2)
    assert entered.wait(10)
    thread.join()
    assert "waiting for another `findings submit`" in capsys.readouterr().err
