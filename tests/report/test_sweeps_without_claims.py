"""A sweep that no study is about: tables and curves, and nothing judged."""

import json
from pathlib import Path

from findings.report import build as report
from made_up_records import arm, curve, row, write_plan, write_record


def of_ones_own(root: Path, models: list[str]) -> tuple[Path, Path]:
    folder = write_plan(root / "results", [arm(model, [0, 1]) for model in models])
    plan = json.loads((folder / "plan.json").read_text()) | {"finding": "mine"}
    (folder / "plan.json").unlink()
    folder.rename(folder.with_name("mine"))
    (folder.with_name("mine") / "plan.json").write_text(json.dumps(plan))
    for model in models:
        for seed in (0, 1):
            write_record(root / "runs", model, seed, curve(model, seed))
    return root / "results", root / "runs"


def test_a_sweep_without_a_study_has_tables_and_curves_and_no_verdict(tmp_path: Path) -> None:
    results, runs = of_ones_own(tmp_path, ["plain20", "resnet20"])
    built = report.build("quick", results, runs)
    assert built.verdicts == ()
    assert {path.name for path in built.figures} == {"error-curves.svg", "error-curves.png"}
    page = built.readme.read_text()
    for text in ("## mine", "(sweeps/quick/mine.yaml)", "| plain20 | 269,722 |", "mine/figures/error-curves.svg"):
        assert text in page
    assert "| verdict | claim |" not in page
    before = page
    assert report.build("quick", results, tmp_path / "nothing").readme.read_text() == before


def test_validation_errors_are_told_where_they_were_measured(tmp_path: Path) -> None:
    results, runs = of_ones_own(tmp_path, ["plain20"])
    assert "validation error (%)" not in report.build("quick", results, runs).readme.read_text()
    write_record(runs, "plain20", 0, [row(1, 900, 4.0, 9.0) | {"validation_error": 12.34}])
    page = report.build("quick", results, runs).readme.read_text()
    (line,) = [line for line in page.splitlines() if line.startswith("| plain20 |")]
    assert "| validation error (%) |" in page
    assert "12.34" in line
