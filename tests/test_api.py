"""findings from Python: what a notebook is given."""

import contextlib
import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import findings
from findings.config.frozen import freeze, science
from findings.config.identity import Run, identify
from findings.errors import InputError
from findings.planning.freezing import freeze_run
from findings.planning.plan import PlannedRun, count
from findings.records.lease import lease
from findings.records.library import RecordedRun
from findings.records.probes import PROBE_COLUMNS
from findings.records.record import COLUMNS, Record
from findings.training.observer import Told, unobserved
from tiny_runs import overrides, record_of, tiny

ROOT = Path(__file__).parents[1]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT / "src")}
SHORT = {"recipe__iterations": 24, "recipe__milestones": [20]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seeds trained and probed; and a run of another rate that is only planned."""
    runs_dir = tmp_path_factory.mktemp("api") / "runs"
    for seed in (0, 1):
        findings.train(*overrides(**SHORT, seed=seed, evaluation__shifts=[1], runs_dir=runs_dir))
    planned = identify(tiny(runs_dir, **SHORT, recipe__lr=0.2, evaluation__shifts=[1], recipe__batch_norm_group=64))
    freeze_run(PlannedRun.of(planned, {}, count(planned.config)))
    return runs_dir


def one(runs_dir: Path, seed: int = 0) -> RecordedRun:
    return findings.runs(runs_dir).where(status="finished", seed=seed)[0]


def test_importing_findings_imports_nothing_else() -> None:
    heavy = ("torch", "hydra", "pandas", "omegaconf", "numpy", "yaml", "rich")
    code = f"import sys, findings; print([name for name in {heavy} if name in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=ENVIRONMENT)
    assert shown.stdout == "[]\n"


def test_records_are_read_without_torch(folder: Path) -> None:
    code = f"""if True:
        import sys, findings
        runs = findings.runs({str(folder)!r})
        assert len(runs.curves) and len(runs.table)
        findings.verdicts("cifar10-jpeg", {str(ROOT / "results")!r})
        print([name for name in ("torch", "hydra", "omegaconf") if name in sys.modules])"""
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=ENVIRONMENT)
    assert shown.stdout == "[]\n"


def test_curves_are_metrics_csv_in_numbers(folder: Path) -> None:
    run = one(folder)
    with (folder / run.id / "metrics.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 2
    assert tuple(run.curves.columns) == COLUMNS
    assert all(pd.api.types.is_numeric_dtype(kind) for kind in run.curves.dtypes)
    for name in COLUMNS:
        expected = [float(row[name]) if row[name] else None for row in rows]
        assert [None if pd.isna(cell) else cell for cell in run.curves[name]] == expected
    assert pd.api.types.is_integer_dtype(run.curves["iteration"])


def test_probes_are_probes_csv(folder: Path) -> None:
    run = one(folder)
    assert tuple(run.probes.columns) == PROBE_COLUMNS
    moved = run.probes[run.probes["probe"] == "shift"]
    assert list(moved["key"]) == ["1", "1"]
    assert list(moved["number"]) == ["test_error", "agreement"]
    assert set(moved["iteration"]) == {24}
    assert moved["value"].between(0, 100).all()
    assert findings.runs(folder).where(status="planned")[0].probes.empty


def test_predictions_are_those_of_the_last_evaluation(folder: Path) -> None:
    predicted = one(folder).predictions
    assert predicted is not None
    assert predicted.logits.shape == (360, 10)
    wrong = predicted.confusion.sum() - predicted.confusion.trace()
    assert 100 * wrong / 360 == pytest.approx(one(folder).curves["test_error"].iloc[-1])
    assert findings.runs(folder).where(status="planned")[0].predictions is None


def test_a_run_says_what_it_is(folder: Path) -> None:
    run = one(folder, seed=1)
    assert (run.name, run.seed, run.status, run.scale) == ("resnet8-w4", 1, "finished", "quick")
    assert run.id == f"{run.arm}-s1"
    assert run.config["recipe.lr"] == 0.1
    assert run.config["recipe.milestones"] == [20]
    assert run.config["seed"] == 1


def test_science_is_what_thawing_finds(tmp_path: Path) -> None:
    """But without the network's class."""
    run = identify(tiny(tmp_path, recipe__precision="bf16", recipe__weight_decay=1e-5))
    path = tmp_path / "config.yaml"
    path.write_text(freeze(run))
    assert science(path) == run.scientific
    path.write_text("scale: quick\n")
    with pytest.raises(InputError, match="is no frozen config"):
        science(path)


def test_all_curves_have_the_config_keys_that_differ_and_no_others(folder: Path) -> None:
    runs = findings.runs(folder)
    finished = runs.where(status="finished")
    assert [*finished.curves.columns] == ["id", "name", "arm", "seed", *COLUMNS]
    assert list(finished.curves["id"]) == [run.id for run in finished for _ in range(2)]
    assert finished.curves.index.is_unique
    pd.testing.assert_frame_equal(
        finished.curves[finished.curves["seed"] == 1][[*COLUMNS]].reset_index(drop=True), one(folder, 1).curves
    )
    differing = ["recipe.batch_norm_group", "recipe.lr"]
    assert [*runs.curves.columns] == ["id", "name", "arm", "seed", *differing, *COLUMNS]
    assert set(runs.curves["recipe.lr"]) == {0.1}  # the planned run has no rows
    assert runs.curves.drop(columns=["id", "name", "arm"]).dtypes.map(pd.api.types.is_numeric_dtype).all()


def test_the_table_has_a_row_for_every_run(folder: Path) -> None:
    runs = findings.runs(folder)
    table = runs.table.set_index("id")
    assert list(table.index) == [run.id for run in runs]
    assert sorted(table["status"]) == ["finished", "finished", "planned"]
    assert table.loc[one(folder).id, "test_error"] == one(folder).curves["test_error"].iloc[-1]
    assert table.loc[table["status"] == "planned", "test_error"].isna().all()
    assert [*table.columns[-2:]] == ["recipe.batch_norm_group", "recipe.lr"]
    assert "<table" in runs._repr_html_()


def test_runs_are_a_sequence(folder: Path) -> None:
    runs = findings.runs(folder)
    assert len(runs) == len(list(runs)) == 3
    assert runs[0].id < runs[-1].id
    assert [run.id for run in runs[1:]] == [runs[1].id, runs[2].id]


def test_any_part_of_an_id_will_do(folder: Path) -> None:
    runs = findings.runs(folder)
    assert runs["-s1"].seed == 1
    with pytest.raises(InputError, match="part of 3 run ids") as refusal:
        runs["resnet8"]
    assert runs[0].id in str(refusal.value)
    with pytest.raises(InputError, match="no such run"):
        runs["vgg"]


def test_runs_are_chosen_by_what_they_are(folder: Path) -> None:
    runs = findings.runs(folder)
    assert len(runs.where(model="resnet8", status="finished")) == 2
    assert len(runs.where(model="resnet8-w4")) == 3
    assert len(runs.where(model="resnet")) == len(runs.where(name="resnet8")) == 0
    assert [run.status for run in runs.where(**{"recipe.lr": 0.2})] == ["planned"]
    assert len(runs.where(**{"recipe.milestones": [20]}, seed=1)) == 1
    with pytest.raises(InputError, match=r"did you mean 'recipe\.lr'"):
        runs.where(**{"recipe.lrr": 0.1})


def test_no_runs_make_empty_tables_and_no_folder_is_an_error(tmp_path: Path) -> None:
    runs = findings.runs(tmp_path)
    assert len(runs) == len(runs.curves) == len(runs.table) == len(runs.where(status="finished")) == 0
    assert [*runs.curves.columns] == ["id", "name", "arm", "seed", *COLUMNS]
    with pytest.raises(InputError, match="no such folder"):
        findings.runs(tmp_path / "nowhere")


def test_a_second_call_skips(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = one(folder)
    again = findings.train(*overrides(**SHORT, seed=0, evaluation__shifts=[1], runs_dir=folder))
    assert "skipped" in capsys.readouterr().out
    assert again.record["attempts"] == 1
    pd.testing.assert_frame_equal(again.curves, before.curves)


def test_training_refuses_bad_overrides_and_leaves_nothing(tmp_path: Path) -> None:
    for wrong, said in (("seed=0,1", "several runs"), ("recipe.lr=abc", "must be a number"), ("model.depth=9", "made")):
        with pytest.raises(InputError, match=said):
            findings.train(*overrides(runs_dir=tmp_path), wrong)
    assert not any(tmp_path.iterdir())


def test_what_ends_otherwise_is_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = overrides(**SHORT, runs_dir=tmp_path)
    record = record_of(tiny(tmp_path, **SHORT))
    with lease(record.directory), pytest.raises(InputError, match="in training by process"):
        findings.train(*given)

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    def broken(*_: object) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr("findings.training.train._fit", stopped)
    with pytest.raises(KeyboardInterrupt):
        findings.train(*given)
    monkeypatch.setattr("findings.training.train._fit", broken)
    with pytest.raises(RuntimeError, match="OSError: the disk is gone; retry_failed=True"):
        findings.train(*given)
    monkeypatch.undo()
    with pytest.raises(RuntimeError, match="OSError: the disk is gone; retry_failed=True"):
        findings.train(*given)
    assert findings.train(*given, retry_failed=True).status == "finished"


def test_training_is_watched_by_the_mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = []

    def mirror(run: Run, record: Record) -> contextlib.AbstractContextManager[Told]:
        watched.append(run.id)
        return unobserved(run, record)

    monkeypatch.setattr("findings.engines.foreground.mirror", mirror)
    run = findings.train(*overrides(**SHORT, runs_dir=tmp_path))
    assert watched == [run.id]


def test_planning_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plan = findings.plan("quick/depth-degradation", "seed=0,1", "model=plain20,resnet20")
    expected = [("plain20-w8", 0), ("plain20-w8", 1), ("resnet20-w8", 0), ("resnet20-w8", 1)]
    assert sorted((run.name, run.config.seed) for run in plan) == expected
    assert list(plan.table["id"]) == [run.id for run in plan]
    assert list(plan.table["parameters"]) == [run.complexity.parameters for run in plan]
    assert list(plan.table["model"]) == [run.name.removesuffix("-w8") for run in plan]
    assert not any(tmp_path.iterdir())
    with pytest.raises(InputError, match="did you mean 'quick/depth-degradation'"):
        findings.plan("quick/depth-degradatio")


def test_verdicts_are_those_of_the_report() -> None:
    table = findings.verdicts("cifar10-jpeg", ROOT / "results")
    content = json.loads((ROOT / "results" / "cifar10-jpeg" / "verdicts.json").read_text())
    assert [*zip(table["id"], table["verdict"], table["effect"], strict=True)] == [
        (verdict["id"], verdict["verdict"], verdict["effect"]) for verdict in content
    ]
    tested = [verdict for verdict in content if verdict["ci95"]]
    assert [*table["ci95_low"].dropna()] == [verdict["ci95"][0] for verdict in tested]
    assert set(table["n"].dropna()) == {verdict["n"] for verdict in content} - {None}
    with pytest.raises(InputError, match="did you mean 'cifar10-jpeg'"):
        findings.verdicts("cifar10", ROOT / "results")
