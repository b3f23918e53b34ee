"""The whole report: the same bytes twice, nothing heavy imported, and figures for any state of a study."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from findings.errors import InputError
from findings.report import build as report
from made_up_records import NINE, SMALL, arm, curve, write_plan, write_record, write_study


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_whole_report(tmp_path: Path) -> None:
    results, runs = write_study(tmp_path)
    built = report.build("quick", results, runs)
    assert [verdict.verdict for verdict in built.verdicts if verdict.because != "not planned"] == ["reproduced"] * 6
    assert (
        "Not asked at this scale, which trains no such arms: plain networks' training error" in built.readme.read_text()
    )
    written = everything(results / "quick")
    figures = [
        f"depth-degradation/figures/{n}.{k}" for n in ("error-against-depth", "error-curves") for k in ("png", "svg")
    ]
    tables = ["depth-degradation/curves.csv", *figures, "depth-degradation/plan.json", "depth-degradation/runs.csv"]
    assert sorted(written) == sorted(["README.md", "index.html", "verdicts.json", *tables])
    readme = built.readme.read_text()
    for link in re.findall(r"\]\((.*?)\)", readme):
        assert (results / "quick" / link).exists()
    for text in ("findings report quick", "findings run quick/depth-degradation", "900 iterations, fp32", "853,018"):
        assert text in readme
    assert "only plotted (Fig. 6)" in readme
    assert report.last_verdicts(results) == {"quick": [verdict.as_dict() for verdict in built.verdicts]}
    assert "✔ reproduced" in built.table(120)


def test_the_same_bytes_again_and_from_the_tables_alone(tmp_path: Path) -> None:
    results, runs = write_study(tmp_path)
    report.build("quick", results, runs)
    before = everything(results)
    report.build("quick", results, runs)
    assert everything(results) == before
    for path in results.rglob("*"):
        if path.is_file() and path.name not in ("plan.json", "runs.csv", "curves.csv"):
            path.unlink()
    report.build("quick", results, tmp_path / "no-runs-here")
    assert everything(results) == before


def test_a_figure_of_an_earlier_plan_goes(tmp_path: Path) -> None:
    results, runs = write_study(tmp_path)
    report.build("quick", results, runs)
    write_plan(results, [arm(model, [0, 1, 2], iterations=64_000) for model in SMALL])
    report.build("quick", results, runs)
    assert not list((results / "quick").glob("*/figures/*"))


def test_no_machine_and_no_time_in_what_is_written(tmp_path: Path) -> None:
    results, runs = write_study(tmp_path)
    report.build("quick", results, runs)
    for name, content in everything(results).items():
        assert str(tmp_path).encode() not in content, name
        marks = () if name.endswith(".html") else (b"<dc:date>", b"Matplotlib v", b"Software", b"tIME")
        for mark in marks:
            assert mark not in content, (name, mark)


@pytest.mark.parametrize(
    ("models", "seeds", "points"), [(list(SMALL), 1, 3), (["resnet20"], 2, 1), ([*NINE, "plain110"], 1, 30)]
)
def test_any_study_can_be_drawn(tmp_path: Path, models: list[str], seeds: int, points: int) -> None:
    results, runs = write_study(tmp_path, models, seeds, points)
    assert len(report.build("quick", results, runs).figures) == 4


def test_a_study_under_way(tmp_path: Path) -> None:
    """One arm has ended, one is under way, two have not begun."""
    results, runs = write_study(tmp_path, ("plain20",), seeds=3)
    write_plan(results, [arm(model, [0, 1, 2]) for model in SMALL])
    write_record(runs, "plain56", 0, curve("plain56", 0)[:6], status="running")
    built = report.build("quick", results, runs)
    asked = [verdict.verdict for verdict in built.verdicts if verdict.because != "not planned"]
    assert asked == ["not run"] * 5 + ["reproduced"]
    assert "12 planned; 3 finished, 1 running" in built.readme.read_text()


def test_before_any_run(tmp_path: Path) -> None:
    write_plan(tmp_path / "results", [arm(model, [0, 1, 2]) for model in SMALL])
    built = report.build("quick", tmp_path / "results", tmp_path / "runs")
    assert built.figures == ()
    assert "none started" in built.readme.read_text()


def test_scales_are_not_mixed(tmp_path: Path) -> None:
    results, runs = write_study(tmp_path)
    write_plan(results, [arm(model, [0, 1, 2], iterations=64_000) for model in SMALL], scale="cifar10")
    report.build("quick", results, runs)
    built = report.build("cifar10", results, runs)
    assert {verdict.verdict for verdict in built.verdicts if verdict.kind != "computed"} == {"not run"}
    assert set(report.last_verdicts(results)) == {"quick", "cifar10"}


def test_what_was_never_planned_is_said_with_what_was(tmp_path: Path) -> None:
    results, runs = write_study(tmp_path, ("plain20",), 1, 1)
    with pytest.raises(InputError, match=r"quik: no finding was planned.*did you mean 'quick'"):
        report.build("quik", results, runs)


def test_a_locked_finding_never_loses_its_verdicts_with_its_study(tmp_path: Path) -> None:
    results, runs = write_study(tmp_path, ("plain20",), 1, 1)
    plan = next(results.rglob("plan.json"))
    plan.write_text(json.dumps({**json.loads(plan.read_text()), "finding": "depth-degradatoin"}))
    (plan.parent / "lock.json").write_text("{}")
    with pytest.raises(InputError, match="did you mean 'depth-degradation'"):
        report.build("quick", results, runs)


def test_a_report_needs_neither_hydra_nor_torch(tmp_path: Path) -> None:
    results, runs = write_study(tmp_path, seeds=1, points=2)
    code = (
        "import sys; from pathlib import Path; from findings import studies; from findings.report import build;"
        "studies.findings();"
        "light = {'matplotlib', 'numpy', 'pandas', 'scipy', 'yaml'} & sys.modules.keys();"
        f"build.build('quick', Path({str(results)!r}), Path({str(runs)!r}));"
        "heavy = {'torch', 'lightning', 'pytorch_lightning', 'hydra', 'omegaconf', 'wandb'} & sys.modules.keys();"
        "sys.exit(f'{light} {heavy}' if light | heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
