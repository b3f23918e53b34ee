"""What was probed, in tables of both forms: nothing is lost, and what is committed changes only with something new."""

import csv
import shutil
from pathlib import Path

import pytest

from findings.errors import InputError
from findings.judging.evidence import Evidence, Run, read_plan
from findings.judging.merge import merge
from findings.judging.metrics import METRICS
from findings.judging.recorded import RUN_PROBE_COLUMNS
from findings.records.probes import EARLIER_COLUMNS, PROBE_COLUMNS
from made_up_records import arm, arm_id, curve, write_plan, write_record

RESULTS = Path(__file__).parents[2] / "results"
EARLIER = [
    ("shift", 0, 7.25, 100, 10000, ""),
    ("shift", 1, 100 / 3, 90, 10000, ""),
    ("size", 4, "", "", 0, "too small"),
]
NORMS = [("gradient_norms", at, layer, "gradient_norm", at + place, "") for at in (0, 900) for place, layer in
         enumerate(("stem.0", "stages.2.1", "stages.10.0", "head"))]  # fmt: skip


def write(path: Path, columns: tuple[str, ...], rows: list[tuple]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([columns, *rows])


@pytest.fixture
def study(tmp_path: Path) -> tuple[Path, Path]:
    """results_dir's folder and runs_dir of two runs, the first of them probed as runs were before."""
    results, runs = tmp_path / "results", tmp_path / "runs"
    folder = write_plan(results, [arm("plain20", [0, 1])])
    for seed in (0, 1):
        write_record(runs, "plain20", seed, curve("plain20", seed))
    write(runs / f"{arm_id('plain20')}-s0" / "probes.csv", EARLIER_COLUMNS, EARLIER)
    return folder, runs


def merged(folder: Path, runs: Path) -> Evidence:
    return merge(read_plan(folder / "plan.json"), folder, runs)


def check_earlier(run: Run) -> None:
    assert run.probed("shift", "test_error") == {"0": 7.25, "1": 33.3333}
    assert run.probed("shift", "agreement") == {"0": 100, "1": 90}
    assert run.probed("size", "test_error") == {"4": None}
    assert {probe.remark for probe in run.probes if probe.probe == "size"} == {"too small"}
    assert {probe.iteration for probe in run.probes} == {900}
    test_error = run.rows[-1]["test_error"]
    assert test_error is not None
    assert METRICS["shift_error_rise"].of(run) == pytest.approx(33.3333 - test_error)
    assert METRICS["shift_disagreement"].of(run) == 10


def test_records_of_the_earlier_form_are_read(study: tuple[Path, Path]) -> None:
    check_earlier(merged(*study).runs[0])


def test_probes_of_both_forms_lie_in_one_table_and_layers_keep_their_order(study: tuple[Path, Path]) -> None:
    folder, runs = study
    write(runs / f"{arm_id('plain20')}-s1" / "probes.csv", PROBE_COLUMNS, NORMS)
    found = merged(folder, runs)
    assert merged(folder, runs / "nothing") == found
    check_earlier(found.runs[0])
    norms = found.runs[1].probed("gradient_norms", "gradient_norm")
    assert list(norms.items()) == [("stem.0", 900), ("stages.2.1", 901), ("stages.10.0", 902), ("head", 903)]
    assert found.runs[1].probed("gradient_norms", "gradient_norm", 0)["head"] == 3
    assert found.runs[1].probed("gradient_norms", "gradient_norm", 5) == {}
    assert METRICS["shift_disagreement"].of(found.runs[1]) is None
    with (folder / "probes.csv").open(newline="") as file:
        assert tuple(next(csv.reader(file))) == RUN_PROBE_COLUMNS


@pytest.mark.parametrize("table", sorted(RESULTS.glob("*/*/probes.csv")), ids=lambda path: path.parent.name)
def test_a_committed_table_stays_as_it_is_until_something_is_new(table: Path, tmp_path: Path) -> None:
    folder = tmp_path / table.parents[1].name / table.parent.name
    shutil.copytree(table.parent, folder)
    before = {path.name: path.read_bytes() for path in folder.glob("*.csv")}
    found = merged(folder, tmp_path / "runs")
    assert {path.name: path.read_bytes() for path in folder.glob("*.csv")} == before
    assert any(run.probes for run in found.runs)


def test_a_broken_table_is_named(study: tuple[Path, Path]) -> None:
    folder, runs = study
    merged(folder, runs)
    table = folder / "probes.csv"
    table.write_text(table.read_text().replace(",7.25,", ",x,"))
    with pytest.raises(InputError, match=r"probes\.csv: .*'x' in a row of plain20-.*: restore the file"):
        merged(folder, runs / "nothing")
