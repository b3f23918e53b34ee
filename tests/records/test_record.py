"""record.json and metrics.csv on disk."""

import json
import subprocess
from pathlib import Path

import pytest

from findings.records import provenance
from findings.records.record import COLUMNS, Record
from findings.system.files import write_atomically


def row(epoch: int) -> dict[str, object]:
    return dict.fromkeys(COLUMNS, 0.5) | {"epoch": epoch, "iteration": 10 * epoch, "validation_error": None}


@pytest.fixture
def record(tmp_path: Path) -> Record:
    return Record(tmp_path / "run")


def test_a_run_without_a_record_is_planned(record: Record) -> None:
    assert record.status == "planned"
    assert record.rows() == []


def test_changes_are_on_disk_at_once(record: Record) -> None:
    record.update(status="running", iteration=3)
    record.update(iteration=4)
    assert Record(record.directory).fields == {"status": "running", "iteration": 4}


def test_a_crash_while_writing_leaves_the_old_text(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    record.update(status="running")
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("no space left")))
        with pytest.raises(OSError, match="no space left"):
            record.update(status="finished")
    assert json.loads(record.path.read_text())["status"] == "running"


def test_rows_come_back_with_empty_cells_for_what_was_not_measured(record: Record) -> None:
    record.update(status="running")
    record.append(row(1))
    record.append(row(2))
    assert [r["epoch"] for r in record.rows()] == ["1", "2"]
    assert record.rows()[0]["validation_error"] == ""
    assert record.metrics.read_text().count("epoch") == 1


def test_cutting_back_drops_what_no_checkpoint_covers(record: Record) -> None:
    record.update(status="running")
    for epoch in (1, 2, 3):
        record.append(row(epoch))
    before = record.metrics.read_text()
    record.cut_back(30)
    assert record.metrics.read_text() == before
    record.cut_back(20)
    assert [r["iteration"] for r in record.rows()] == ["10", "20"]
    record.append(row(3))
    assert record.metrics.read_text() == before


@pytest.mark.parametrize("length", [0, 1, 8, 60, 200])
def test_a_header_or_row_cut_short_by_a_power_failure_is_mended(length: int, record: Record) -> None:
    record.update(status="running")
    record.append(row(1))
    whole = record.metrics.read_text()
    record.metrics.write_text(whole[:length])
    assert record.rows() == []
    record.cut_back(0)
    record.append(row(1))
    assert record.metrics.read_text() == whole


def test_a_last_row_without_its_end_of_line_is_not_continued(record: Record) -> None:
    record.update(status="running")
    record.append(row(1))
    record.append(row(2))
    record.metrics.write_text(record.metrics.read_text()[:-2])  # 0.5 has become 0.
    record.cut_back(10)
    record.append(row(2))
    assert [r["peak_memory_mib"] for r in record.rows()] == ["0.5", "0.5"]


def probed(iteration: int) -> dict[str, str]:
    return {"probe": "a", "iteration": str(iteration), "key": "", "number": "b", "value": "0.1", "remark": ""}


def test_probes_are_cut_back_and_the_earlier_form_is_of_the_end(record: Record) -> None:
    record.update(status="running", iterations=40)
    for iteration in (0, 10, 40):
        record.add_probes([probed(iteration), probed(iteration) | {"number": "c"}])
    record.predictions.write_bytes(b"of an end that is still to come")
    record.cut_back_probes(10, ended=False)
    assert [row["iteration"] for row in record.probe_rows()] == ["0", "0", "10", "10"]
    assert not record.predictions.exists()
    record.cut_back_probes(-1, ended=False)
    assert not record.probes.exists()
    record.probes.write_text("probe,value,test_error,agreement,images,remark\nshift,1,12.5,90.0,360,\n")
    assert [tuple(row.values()) for row in record.probe_rows()] == [
        ("shift", "40", "1", "test_error", "12.5", ""),
        ("shift", "40", "1", "agreement", "90.0", ""),
    ]
    record.cut_back_probes(40, ended=True)
    assert record.probes.read_text().startswith("probe,value,"), "nothing is to be dropped"


def test_forgetting_removes_rows_and_checkpoint(record: Record) -> None:
    record.update(status="failed", iteration=20)
    record.append(row(1))
    record.checkpoint.parent.mkdir()
    record.checkpoint.write_bytes(b"nan")
    record.forget_training()
    assert (record.rows(), record.checkpoint.exists(), record["iteration"]) == ([], False, 0)


def test_no_half_written_file_is_left_behind(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", "one")
    write_atomically(tmp_path / "a", "two")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_provenance_names_no_commit_of_a_checkout_that_the_code_only_lies_in(tmp_path, monkeypatch) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    copy = tmp_path / "provenance.py"
    copy.write_text(Path(provenance.__file__).read_text())
    monkeypatch.setattr(provenance, "__file__", str(copy))
    provenance.code.cache_clear()
    try:
        assert provenance.code() == {"sha": None, "dirty": None}
    finally:
        provenance.code.cache_clear()
