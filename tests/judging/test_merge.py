"""Records into tables: no row is lost, nothing goes back."""

import csv
from pathlib import Path

import pytest

from findings.errors import InputError
from findings.judging.evidence import Evidence, read_plan
from findings.judging.merge import merge
from made_up_records import arm, arm_id, curve, row, write_plan, write_record, write_study


def merged(results: Path, runs: Path) -> Evidence:
    folder = results / "quick" / "depth-degradation"
    return merge(read_plan(folder / "plan.json"), folder, runs)


def tables(results: Path) -> dict[str, list[dict[str, str]]]:
    folder = results / "quick" / "depth-degradation"
    return {name: list(csv.DictReader((folder / f"{name}.csv").open())) for name in ("runs", "curves")}


def content(results: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(results.rglob("*.csv"))]


def test_a_fresh_clone_reads_back_what_was_merged(tmp_path: Path) -> None:
    results, runs = write_study(tmp_path)
    first = merged(results, runs)
    before = content(results)
    assert merged(results, tmp_path / "nothing") == first
    assert content(results) == before
    assert len(first.runs) == 12
    assert [len(tables(results)[name]) for name in ("runs", "curves")] == [12, 240]


def test_numbers_keep_six_digits_and_blanks_stay_blank(tmp_path: Path) -> None:
    results, runs = tmp_path / "results", tmp_path / "runs"
    write_plan(results, [arm("plain20", [0], 64000)])
    write_record(runs, "plain20", 0, [row(1, 64000, 1 / 3, 12.5) | {"train_loss": "nan"}], iterations=64000)
    merged(results, runs)
    only = tables(results)["curves"][0]
    assert (only["train_error"], only["test_error"], only["iteration"]) == ("0.333333", "12.5", "64000")
    assert (only["validation_error"], only["train_loss"]) == ("", "nan")
    assert tables(results)["runs"][0]["wall_seconds"] == "12.3457"


def test_how_many_images_were_trained_on_is_told_where_a_run_says_so(tmp_path: Path) -> None:
    """Tables of runs of earlier versions stay as they are, byte for byte."""
    results, runs = tmp_path / "results", tmp_path / "runs"
    write_plan(results, [arm("plain20", [0, 1])])
    write_record(runs, "plain20", 0, [row(1, 900, 30, 12.5)])
    merged(results, runs)
    assert "train_images" not in tables(results)["curves"][0]
    write_record(runs, "plain20", 1, [row(1, 900, 30, 12.5) | {"train_images": 49_920}])
    found = merged(results, runs)
    assert [line["train_images"] for line in tables(results)["curves"]] == ["", "49920"]
    assert [run.rows[0]["train_images"] for run in found.runs] == [None, 49_920]


def test_rows_of_lost_runs_and_of_other_arms_stay(tmp_path: Path) -> None:
    results, runs = write_study(tmp_path, ("plain20", "plain56"))
    merged(results, runs)
    write_plan(results, [arm("plain20", [0, 1, 2])])
    for path in runs.glob("*-s0/*"):
        path.unlink()
    found = merged(results, runs)
    assert len(tables(results)["runs"]) == 6
    assert {run.model for run in found.runs} == {"plain20"}
    assert [run.seed for run in found.runs] == [0, 1, 2]


def test_the_run_further_on_wins_and_finished_never_goes_back(tmp_path: Path) -> None:
    results, runs = tmp_path / "results", tmp_path / "runs"
    write_plan(results, [arm("plain20", [0])])
    rows = curve("plain20", 0, 20)

    def state() -> tuple[str, int, int]:
        run = merged(results, runs).runs[0]
        return run.status, run.iteration, len(run.rows)

    write_record(runs, "plain20", 0, rows[:10], status="interrupted")
    assert state() == ("interrupted", 450, 10)
    write_record(runs, "plain20", 0, rows[:4], status="running")
    assert state() == ("interrupted", 450, 10)
    write_record(runs, "plain20", 0, rows)
    assert state() == ("finished", 900, 20)
    write_record(runs, "plain20", 0, rows, status="running")
    assert state() == ("finished", 900, 20)


def test_seeds_beyond_the_plan_come_in_and_planned_ones_wait(tmp_path: Path) -> None:
    results, runs = tmp_path / "results", tmp_path / "runs"
    write_plan(results, [arm("plain20", [0])])
    write_record(runs, "plain20", 7, curve("plain20", 7))
    write_record(runs, "plain20", 8, [], status="planned")
    write_record(runs, "plain20", 9, [], status="running")
    assert [run.seed for run in merged(results, runs).runs] == [7]


def test_a_run_that_went_on_elsewhere_names_both_machines(tmp_path: Path) -> None:
    made = [{"device": device, "packages": {"torch": "2.9.0"}} for device in ("A GPU", "A GPU", "A processor")]
    write_record(tmp_path / "runs", "plain20", 0, curve("plain20", 0), earlier=made)
    (run,) = merge(
        read_plan(write_plan(tmp_path, [arm("plain20", [0])]) / "plan.json"), tmp_path, tmp_path / "runs"
    ).runs
    assert (run.device, run.torch) == ("A GPU then A processor", "2.9.0")


def test_a_run_that_diverged_before_any_row_is_not_lost(tmp_path: Path) -> None:
    results, runs = tmp_path / "results", tmp_path / "runs"
    write_plan(results, [arm("plain20", [0])])
    reason = "loss is nan; see /home/someone/runs/a/last.ckpt\nand more"
    write_record(runs, "plain20", 0, [], status="failed", diverged=True, reason=reason)
    assert merged(results, runs).runs[0].is_evidence
    assert tables(results)["runs"][0]["reason"] == "loss is nan; see last.ckpt and more"


def test_a_row_that_is_being_written_is_left_out(tmp_path: Path) -> None:
    results, runs = tmp_path / "results", tmp_path / "runs"
    write_plan(results, [arm("plain20", [0])])
    metrics = write_record(runs, "plain20", 0, curve("plain20", 0)[:3], status="running") / "metrics.csv"
    metrics.write_text(metrics.read_text() + "4,180,0.2")
    assert [row["epoch"] for row in merged(results, runs).runs[0].rows] == [1, 2, 3]


def test_other_data_under_the_same_id_is_refused(tmp_path: Path) -> None:
    results, runs = write_study(tmp_path, ("plain20",), seeds=1)
    merged(results, runs)
    before = content(results)
    write_record(runs, "plain20", 0, curve("plain20", 0), fingerprint="sha256:bbbb")
    with pytest.raises(InputError, match=f"{arm_id('plain20')}-s0: .*sha256:bbbb.*sha256:aaaa"):
        merged(results, runs)
    assert content(results) == before


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("record.json", "{", "is not JSON"),
        ("record.json", "", "is not JSON"),
        ("record.json", "null", "is damaged"),
        ("record.json", "[]", "is damaged"),
        ("record.json", '{"status": "finished", "id": 7}', "is cut short"),
        ("record.json", '{"status": "failed", "provenance": {}}', "is not a record"),
        ("metrics.csv", "epoch;iteration\n1;900\n", "is cut short"),
        ("metrics.csv", "epoch,iteration,test_error\n1,450,20\n", "is cut short"),
        ("metrics.csv", "epoch,iteration,test_error\n1,900,x\n", "could not convert"),
        ("probes.csv", "probe,what\nshift,1\n", "is no table of probes"),
    ],
)
def test_a_damaged_file_harms_one_run_and_is_named(
    name: str, text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results, runs = write_study(tmp_path, ("plain20", "plain56"), seeds=1)
    broken = next(runs.glob("plain20-*/record.json")).with_name(name)
    broken.write_text(text)
    assert [run.model for run in merged(results, runs).runs] == ["plain56"]
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert f"{broken.parent.name}/" in line
    assert line.endswith("; this run is left out")


def test_a_plan_that_is_broken_is_named(tmp_path: Path) -> None:
    results, runs = write_study(tmp_path, ("plain20",), seeds=1)
    plan = next(results.rglob("plan.json"))
    plan.write_text("{}")
    with pytest.raises(InputError, match=r"plan\.json: is not a plan"):
        merged(results, runs)
