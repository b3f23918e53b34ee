"""All four findings of a scale on one page, from real plans and made-up records."""

import csv
import json
import random
import re
from pathlib import Path

import pytest

from findings.judging.merge import CONDITIONS
from findings.judging.recorded import METRIC_COLUMNS
from findings.planning.plan import PlannedRun
from findings.planning.request import request
from findings.records.probes import EARLIER_COLUMNS
from findings.report import build as report
from made_up_records import FINGERPRINT, row

COSTS = ("milliseconds_per_step", "images_per_second", "peak_memory_mib", "others")
FIGURES = {
    "bottleneck-savings": ("counted-savings", "error-and-cost"),
    "depth-degradation": ("error-curves", "error-against-depth"),
    "gap-vs-fc": ("heads", "moved-images"),
    "wide-vs-deep": ("error-and-speed", "error-curves"),
}


def write_record(runs: Path, run: PlannedRun) -> None:
    """A finished run whose errors follow from its name."""
    folder, made_up = runs / run.id, random.Random(run.id)
    folder.mkdir(parents=True)
    iterations = run.config.recipe.iterations
    record = {
        "id": run.id,
        "arm": run.arm,
        "seed": run.config.seed,
        "status": "finished",
        "iterations": iterations,
        "wall_seconds": 3.0,
        "provenance": {
            "data": {"name": "digits", "fingerprint": FINGERPRINT},
            "device": "A processor",
            "precision": "fp32",
        },
    }
    (folder / "record.json").write_text(json.dumps(record))
    worse = 50.0 if "plain56" in run.id else 8.0 if "-none" in run.id else 0.0
    rows = [row(at, iterations * at // 3, worse + 9 / at, worse + 12 / at + made_up.random() / 9) for at in (1, 2, 3)]
    rows[-1]["remeasured_train_error"] = rows[-1]["train_error"]
    with (folder / "metrics.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, METRIC_COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    probes = [
        {"probe": "shift", "value": at, "test_error": 4.0 + at * (2 if "-fc" in run.id else 1), "images": 360}
        for at in run.config.evaluation.shifts
    ]
    probes += [
        {"probe": "size", "value": at, "remark": "model.head: takes 8"}
        if "-fc" in run.id and at != 8
        else {"probe": "size", "value": at, "test_error": 9.0, "images": 360}
        for at in run.config.evaluation.sizes
    ]
    if probes:
        with (folder / "probes.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, EARLIER_COLUMNS)
            writer.writeheader()
            writer.writerows({"agreement": 100 - probe.get("test_error", 100), **probe} for probe in probes)


def write_costs(results: Path, finding: str) -> None:
    """Deep networks take twice the time of others, in all of five rounds."""
    arms = json.loads((results / "quick" / finding / "plan.json").read_text())["arms"]
    with (results / "quick" / finding / "cost.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            [
                "model",
                "arm",
                "round",
                *CONDITIONS,
                "milliseconds_per_step",
                "images_per_second",
                "peak_memory_mib",
                "others",
            ]
        )
        for at in range(1, 6):
            for arm in arms:
                # the clock is no clockwork
                time = (
                    (20 if "22x1" in arm["arm"] else 10)
                    + at / 10
                    + (at % 2) / (50 if "bottleneck" in arm["arm"] else 1e3)
                )
                conditions = ["A processor", "fp32", 2, "fast", 64, "2.15.0"]
                writer.writerow(
                    [arm["axes"]["model"], arm["arm"], at, *conditions, time, f"{64_000 / time:.6g}", 30 + at, 0]
                )


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """results_dir and runs_dir of a study of all findings that has ended."""
    root = tmp_path_factory.mktemp("study")
    results, runs = root / "results", root / "runs"
    asked = request("quick", [f"results_dir={results}"])
    asked.freeze([])
    for run in asked.runs:
        write_record(runs, run)
    for finding in ("bottleneck-savings", "wide-vs-deep"):
        write_costs(results, finding)
    return results, runs


def test_every_claim_has_a_verdict_and_every_finding_its_figures(folders: tuple[Path, Path]) -> None:
    built = report.build("quick", *folders)
    verdicts = {verdict.id: verdict for verdict in built.verdicts}
    assert {verdict.because for verdict in built.verdicts if verdict.verdict == "not run"} == {"not planned"}
    for name, effect in (("wide-trains-faster", 1.96), ("bottleneck-training-speed", 1.0)):
        assert verdicts[name].effect == pytest.approx(effect, abs=0.02)
        assert (verdicts[name].verdict, verdicts[name].n) == ("reproduced", 5)
    assert (verdicts["gap-shift-error"].verdict, verdicts["gap-takes-any-size"].verdict) == ("reproduced",) * 2
    assert verdicts["wide-needs-shortcuts"].verdict == "reproduced"
    assert verdicts["bottleneck-matched-parameters"].verdict == "reproduced"
    for finding, names in FIGURES.items():
        drawn = {path.name for path in (folders[0] / "quick" / finding / "figures").iterdir()}
        assert drawn == {f"{name}.{kind}" for name in names for kind in ("svg", "png")}


def test_the_page_shows_what_the_tables_hold(folders: tuple[Path, Path]) -> None:
    page = report.build("quick", *folders).readme.read_text()
    for heading in (
        "Test images moved, or at another size",
        "What training costs",
        "Counted without training",
        "Notes",
    ):
        assert f"### {heading}" in page
    assert re.search(r"\| moved by 2 px \| 6\.00 ± 0\.00 \(94\.0\) \| 8\.00 ± 0\.00 \(92\.0\) \|", page)
    assert re.search(r"\| resized to 16 x 16 \| 9\.00 ± 0\.00 \(91\.0\) \| refused \| refused \|", page)
    assert re.search(r"\| wide22x1 \| 20\.3 \(20\.1 to 20\.5\) \| 3,153 \(3,122 to 3,184\) \| 33 \| 5 \|", page)
    assert "1.97x" in page
    assert "| resnet50 | 224 x 224 | 25,557,032 | 3,857,973,248 | 2,049,000 |" in page
    assert "10.41 %" in page
    assert page.count("device A processor, precision fp32, threads 2") == 2  # once for each finding that has costs


def test_the_tables_alone_give_the_same_bytes(folders: tuple[Path, Path], tmp_path: Path) -> None:
    results, runs = folders
    report.build("quick", results, runs)
    copy = tmp_path / "results"
    for path in results.rglob("*"):
        if path.suffix in (".csv",) or path.name in ("plan.json", "lock.json"):
            target = copy / path.relative_to(results)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    report.build("quick", copy, tmp_path / "runs")
    for path in results.rglob("*"):
        if path.is_file():
            assert (copy / path.relative_to(results)).read_bytes() == path.read_bytes(), path
