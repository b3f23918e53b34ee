"""What an array task does with its runs, whatever they do: here each is a line of shell in the place of a training."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from findings.engines.slurm import task
from findings.engines.slurm.failures import Failures
from findings.engines.slurm.task import Runner
from findings.records.lease import lease
from findings.records.record import Record
from findings.wandb_mirror.mirror import uploading
from made_up_tasks import ATTEMPTS, DIE, DIVERGE, FAIL, FINISH, KILLED, REFUSE, WAIT, Made


def test_a_task_works_through_its_runs_and_begins_none_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Made(tmp_path, monkeypatch, {"one": FINISH, "two": FINISH})
    assert made.start() == 0
    assert made.start() == 0
    assert [made.starts(run) for run in ("one", "two")] == [1, 1]


def test_what_another_start_would_not_change_is_given_up_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Made(tmp_path, monkeypatch, {"one": DIVERGE, "two": FINISH})
    assert [made.start() for _ in range(2)] == [4, 4]
    assert Failures(made.submission.directory).given_up("one") == "diverged"
    assert Record(made.runs / "one").status == "failed"
    assert Record(made.runs / "two").status == "finished"
    assert made.starts("one") == 1


@pytest.mark.parametrize(("nodes", "codes"), [(["n1", "n2"], [76, 4]), (["n1", "n1", "n1"], [76, 76, 4])])
def test_what_is_refused_is_tried_on_another_node_and_only_then_given_up(
    nodes: list[str], codes: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The node may not see the data, or have no GPU; where there is no other, three starts are enough."""
    made = Made(tmp_path, monkeypatch, {"one": REFUSE})
    assert [made.start(node) for node in nodes] == codes
    record = Record(made.runs / "one")
    assert record.status == "failed"
    assert "data.root: no such folder" in record["reason"]


def test_a_node_that_refuses_what_another_trains_costs_one_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = f"[ $SLURM_JOB_NODELIST = n2 ] || {{ {REFUSE}; }}; {FINISH}"
    made = Made(tmp_path, monkeypatch, {"one": elsewhere, "two": elsewhere})
    assert made.start("n1") == 76
    assert Failures(made.submission.directory).latest("one", 0) == "data.root: no such folder on n1"
    assert made.start("n2") == 0


BROKEN = "echo \"ModuleNotFoundError: No module named 'torch'\" >&2; exit 1"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (FAIL, "no disk"),
        (DIE, KILLED),
        (BROKEN, "its process ended with exit code 1: ModuleNotFoundError: No module named 'torch'"),
        ("exit 255", "its process ended with exit code 255"),
    ],
)
def test_other_failures_are_given_three_starts(
    line: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Made(tmp_path, monkeypatch, {"one": line, "two": FINISH})
    assert [made.start() for _ in range(4)] == [76, 76, 4, 4]
    assert made.starts("one") == 3
    record = Record(made.runs / "one")
    assert (record.status, record["reason"]) == ("failed", f"3 starts without a new checkpoint: {reason} (3)")


def test_failures_of_every_kind_count_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Made(tmp_path, monkeypatch, {"one": "exit 9"})
    assert made.start() == 76
    (made.runs / "one" / "config.yaml").write_text(DIE)
    assert made.died(-11) == 76
    assert made.start() == 4
    assert Record(made.runs / "one")["reason"] == (
        "3 starts without a new checkpoint: its process ended with exit code 9, its process was ended by SIGSEGV, "
        + KILLED
    )


def test_a_start_that_wrote_a_checkpoint_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    further = (
        """n=$(wc -l < starts); echo "{\\"status\\": \\"running\\", \\"iteration\\": $n}" > record.json; kill -9 $$"""
    )
    made = Made(tmp_path, monkeypatch, {"one": further})
    assert [made.start() for _ in range(5)] == [75] * 5
    (made.runs / "one" / "config.yaml").write_text("exit 9")
    assert [made.start() for _ in range(3)] == [76, 76, 4]


def test_runs_side_by_side_are_told_to_stop_and_no_other_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Made(tmp_path, monkeypatch, {"one": WAIT, "two": WAIT, "three": FINISH}, pack=2)

    def tell() -> None:
        while not all((made.runs / run / "begun").exists() for run in ("one", "two")):
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=tell, daemon=True).start()
    assert made.start() == 75
    assert [(made.runs / run / "told").exists() for run in ("one", "two")] == [True, True]
    assert made.starts("three") == 0


def test_a_run_that_is_in_training_elsewhere_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Made(tmp_path, monkeypatch, {"one": "exit 3", "two": FINISH})
    Record(made.runs / "one").update(status="running", iteration=4)
    assert made.start() == 0
    with lease(made.runs / "one"):
        assert made.died(0) == 0
    record = Record(made.runs / "one")
    assert (record.status, record["iteration"]) == ("running", 4)


def test_a_step_that_never_comes_so_far_as_to_train_is_given_up_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Made(tmp_path, monkeypatch, {"one": FINISH, "two": FINISH})
    assert [made.died(-9) for _ in range(3)] == [76, 76, 76]
    assert Record(made.runs / "one").status == "failed"  # what it would have begun with, and no other
    assert made.start() == 4
    assert made.starts("two") == 1


def test_what_stops_untold_three_times_without_a_checkpoint_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = f"""echo '{{"status": "interrupted", "reason": "rank 1 is gone", '{ATTEMPTS}'}}' > record.json; exit 75"""
    made = Made(tmp_path, monkeypatch, {"one": gone})
    assert [made.start() for _ in range(3)] == [76, 76, 4]
    assert Record(made.runs / "one")["reason"] == "3 starts without a new checkpoint: rank 1 is gone (3)"


def test_another_process_that_dies_ends_the_step_where_the_first_one_does_not_notice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Made(tmp_path, monkeypatch, {"one": DIE})
    monkeypatch.setattr(task, "LEADER_SECONDS", 0.3)
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    monkeypatch.setenv("SLURM_STEP_ID", "0")
    scancel = tmp_path / "bin" / "scancel"
    finished = """'{"status": "finished"}'"""  # here the step's end is that the record says so
    scancel.write_text(f"#!/bin/sh\necho $@ > {tmp_path}/asked; echo {finished} > {made.runs}/one/record.json\n")
    scancel.chmod(0o755)
    monkeypatch.setenv("PATH", str(scancel.parent), prepend=os.pathsep)
    Runner(made.submission, 0, rank=1).run()
    assert (tmp_path / "asked").read_text().split() == ["--signal=KILL", "7.0"]


def test_a_task_waits_for_what_is_still_uploaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Made(tmp_path, monkeypatch, {"one": FINISH})
    ended: list[float] = []

    def upload() -> None:
        with uploading(made.runs / "one", wait=True):
            begun.set()
            time.sleep(0.6)
            ended.append(time.monotonic())

    begun = threading.Event()
    threading.Thread(target=upload, daemon=True).start()
    begun.wait()
    assert made.start() == 0
    assert ended
    monkeypatch.setattr(task, "UPLOAD_SECONDS", 0.1)
    begun.clear()
    threading.Thread(target=upload, daemon=True).start()
    begun.wait()
    Record(made.runs / "one").update(status="planned")
    assert made.start() == 0
    assert len(ended) == 1


def test_runs_side_by_side_have_the_gpus_of_their_task_in_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,GPU-5")
    note = (
        f"""echo $CUDA_VISIBLE_DEVICES > gpu; until [ $(ls ../*/gpu | wc -l) -ge 4 ]; do sleep 0.02; done; {FINISH}"""
    )
    made = Made(tmp_path, monkeypatch, dict.fromkeys(("one", "two", "three", "four"), note), pack=4)
    assert made.start() == 0
    seen = [(made.runs / run / "gpu").read_text().strip() for run in ("one", "two", "three", "four")]
    assert sorted(seen) == ["2", "2", "GPU-5", "GPU-5"]
    assert seen[0] != seen[1]


def test_a_disk_that_takes_no_note_ends_no_run_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Made(tmp_path, monkeypatch, {"one": FAIL, "two": f"sleep 0.5; {FINISH}"}, pack=2)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Failures, "note", full)
    assert made.start() == 75
    assert Record(made.runs / "two").status == "finished"


def test_runs_write_their_checkpoints_where_the_task_itself_breaks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Made(tmp_path, monkeypatch, {"one": FAIL, "two": WAIT}, pack=2)

    def broken(*_: object) -> None:
        while not (made.runs / "two" / "begun").exists():
            time.sleep(0.02)
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(Runner, "_note", broken)
    with pytest.raises(RuntimeError):
        made.start()
    assert (made.runs / "two" / "told").exists()


def test_other_code_than_was_submitted_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = Made(tmp_path, monkeypatch, {"one": FINISH})
    made.submission.write()
    (made.submission.directory / "code" / "findings").mkdir(parents=True)
    monkeypatch.chdir(made.submission.directory)
    assert task.main([]) == 1
    assert "the code that was submitted: a launcher, or a line of setup, sets or clears it" in capsys.readouterr().out
    assert made.starts("one") == 0
