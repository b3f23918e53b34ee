"""What is seen of a study without leaving the terminal: curves, verdicts and states, at 80 columns and as JSON."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from findings.cli.main import main
from findings.report import build
from findings.report.braille import Canvas
from findings.report.terminal import table
from findings.report.terminal_curves import Chart, Line
from made_up_records import arm, curve, write_plan, write_record, write_study


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_study(tmp_path, ["plain20", "resnet20"], points=20)
    return tmp_path


def printed(content: object, width: int, encoding: str = "utf-8") -> list[str]:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True)
    Console(file=file, width=width, color_system=None).print(content)
    file.seek(0)
    return file.read().splitlines()


def test_each_claim_is_one_line_of_80_columns(study: Path) -> None:
    verdicts = build.build("quick", study / "results", study / "runs").verdicts
    lines = printed(table(verdicts), 80)
    assert max(map(len, lines)) <= 80
    asked = [verdict for verdict in verdicts if verdict.because != "not planned"]
    for verdict in asked:
        (line,) = [line for line in lines if f" {verdict.id} " in line]
        if verdict.effect is not None and verdict.kind != "computed":
            assert f"{verdict.effect:+.2f}" in line


def test_reports_for_programs_are_what_verdicts_json_holds(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "quick", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "quick": json.loads((study / "results" / "quick" / "verdicts.json").read_text())
    }


def test_what_there_is_fits_a_screen(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 40
    assert main(["list", "--json"]) == 0
    found = {one["finding"]: one for one in json.loads(capsys.readouterr().out)}
    claims = {claim["id"]: claim for claim in found["depth-degradation"]["claims"]}
    assert set(claims["plain-test-error-rises"]["verdicts"]) == set(found["depth-degradation"]["runs"])
    assert found["depth-degradation"]["runs"]["cifar10"]["needed"] == 45


def test_runs_are_counted_that_the_plan_asks_for(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build.build("quick", study / "results", study / "runs")
    write_plan(study / "results", [arm("plain20", [0, 1, 7])])  # of two of which the tables have rows, and of others
    write_record(study / "runs", "plain20", 7, curve("plain20", 7))
    assert main(["list", "--json"]) == 0
    found = {one["finding"]: one for one in json.loads(capsys.readouterr().out)}
    assert found["depth-degradation"]["runs"]["quick"]["done"] == 3


def test_curves_average_whole_rows_and_name_what_is_not_finished(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_record(study / "runs", "plain20", 1, curve("plain20", 1)[:5], status="running")
    assert main(["curves", "quick/depth-degradation"]) == 0
    shown = capsys.readouterr().out
    means = [curve("plain20", seed)[4]["test_error"] for seed in range(3)]
    assert f"plain20: {sum(means) / 3:.2f}, mean of 3 seeds, 1 not finished" in shown
    last = [curve("resnet20", seed)[-1]["test_error"] for seed in range(3)]
    assert f"resnet20: {sum(last) / 3:.2f}, mean of 3 seeds\n" in shown
    assert not list(study.glob("results/*/*/curves.csv")), "looking writes nothing"
    assert main(["curves", "quick/depth-degradation", "--arms", "resnet20", "--x", "seconds", "--log"]) == 0
    assert "plain20" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["quick/depth"], "'quick/depth': has not been planned in results; did you mean 'quick/depth-degradation'?"),
        (["quick/depth-degradation", "--metric", "test_eror"], "did you mean 'test_error'?"),
        (["quick/depth-degradation", "--x", "epochs"], "did you mean 'epoch'?"),
        (["quick/depth-degradation", "--arms", "plain2"], "did you mean 'plain20'?"),
    ],
)
def test_what_has_no_curves(arguments: list[str], said: str, study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["curves", *arguments]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_a_chart_keeps_to_its_width_and_alphabet(width: int, encoding: str) -> None:
    falling = tuple((float(at), 50.0 - at) for at in range(50))
    lines = printed(Chart([Line("one", "#ff0000", falling, 3, 0)], "test_error", "iteration"), width, encoding)
    assert max(map(len, lines)) <= width
    drawn = [line.partition("│" if encoding == "utf-8" else "|")[2] for line in lines]
    filled = [index for index, row in enumerate(drawn) if row.strip()]
    columns = [len(row) - len(row.lstrip()) for row in drawn if row.strip()]
    assert len(filled) > 12
    assert columns == sorted(columns), "it falls from the left above to the right below"


def test_zeros_lie_on_the_bottom_of_a_logarithmic_axis() -> None:
    chart = Chart([Line("one", "", ((0.0, 90.0), (1.0, 9.0), (2.0, 0.0)), 1, 0)], "train_error", "epoch", log=True)
    rows = [line.partition("│")[2] for line in printed(chart, 60) if "│" in line]
    assert rows[-1].rstrip()
    assert rows[0].strip()


def test_dots_are_where_they_belong() -> None:
    canvas = Canvas(1, 1)
    canvas.line([(0, 1)], "", "a")
    assert canvas.rows()[0].plain == "⠁"
    canvas.line([(1, 0)], "", "a")
    assert canvas.rows()[0].plain == "⢁"


def test_a_sweep_that_was_begun_here_has_a_status(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = study / "mine"
    for seed, status in enumerate(("finished", "failed", "interrupted")):
        more = {"findings": ["depth-degradation"], "iteration": 450, "reason": "the disk is on fire"}
        write_record(runs, "plain20", seed, curve("plain20", seed)[:10], status=status, **more)
    assert main(["status", "quick/depth-degradation", "runs_dir=mine"]) == 0
    shown = capsys.readouterr().out
    assert "3 runs: 1 finished, 1 failed, 1 interrupted" in shown
    assert "the disk is on fire" in shown
    assert main(["status", "runs_dir=mine", "--json"]) == 0
    states = json.loads(capsys.readouterr().out)
    assert [(one["state"], one["iteration"]) for one in states] == [
        ("finished", 450),
        ("failed", 450),
        ("interrupted", 450),
    ]
    assert main(["status", "quick/other", "runs_dir=mine"]) == 2
    assert "was neither begun in mine nor submitted from it" in capsys.readouterr().err


def test_a_plan_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "quick/depth-degradation", "seed=0", "--json", "--device", "h200"]) == 0
    runs = json.loads(capsys.readouterr().out)
    assert {run["varies"]["model"] for run in runs} == {"plain20", "plain56", "resnet20", "resnet56"}
    assert all(run["seconds"] > 0 and run["iterations"] == 396 for run in runs)


def test_nothing_planned_is_said_and_is_no_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_plan(tmp_path / "results", [arm("plain20", [0])])
    assert main(["report", "other", "--json", f"results_dir={tmp_path / 'results'}"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "no finding was planned" in told.err
