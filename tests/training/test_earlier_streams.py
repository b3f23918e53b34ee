"""Runs that were begun before the random streams changed: they are read as what they are, and never gone on with."""

import json
from pathlib import Path

import pytest

import findings
from findings.cli.main import main
from findings.config.frozen import thaw
from findings.config.identity import STREAMS, identify
from findings.records.record import Record
from findings.records.transfer import bring, export
from tiny_runs import go, record_of, tiny


@pytest.fixture
def before(tmp_path: Path) -> Record:
    """An interrupted run as the first version left it: under its own id, with a record that says nothing of streams."""
    config = tiny(tmp_path / "runs", trainer__chunk_seconds=0)
    go(config, until=13)
    run, record = identify(config, streams=1), record_of(config)
    record.directory.rename(run.directory)
    fields = {key: value for key, value in record.fields.items() if key != "streams"} | {"id": run.id, "arm": run.arm}
    (run.directory / "record.json").write_text(json.dumps(fields))
    return Record(run.directory)


def test_a_record_says_which_streams_its_run_has(tmp_path: Path) -> None:
    config = tiny(tmp_path, recipe__iterations=2, recipe__milestones=[])
    go(config)
    assert record_of(config)["streams"] == STREAMS


def test_it_is_read_under_its_own_id(before: Record, capsys: pytest.CaptureFixture[str]) -> None:
    name, runs_dir = before.directory.name, before.directory.parent
    assert thaw(before.config).id == name
    assert main(["show", name, f"runs_dir={runs_dir}"]) == 0
    assert name in capsys.readouterr().out
    go(tiny(runs_dir, recipe__iterations=40))  # the same config today
    runs = findings.runs(str(runs_dir))
    assert len(runs) == 2
    assert runs[name].config["streams"] == 1
    assert len(runs[name].curves) == 1
    assert sorted(runs.table["streams"]) == [1, STREAMS]
    (new,) = {run.id for run in runs} - {name}
    assert main(["show", name, new, f"runs_dir={runs_dir}"]) == 0
    assert "streams" in capsys.readouterr().out


def test_it_is_carried_elsewhere(before: Record, tmp_path: Path) -> None:
    export(before.directory.parent, tmp_path / "export")
    (carried,) = bring(tmp_path / "export", tmp_path / "elsewhere")
    assert (carried.id, carried.taken) == (before.directory.name, True)


def test_it_is_not_gone_on_with(before: Record, capsys: pytest.CaptureFixture[str]) -> None:
    rows, checkpoint = before.rows(), before.checkpoint.read_bytes()
    assert main(["train", "--frozen", str(before.config)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"findings: {before.config}: was begun by an earlier version of findings")
    assert before.rows() == rows
    assert before.checkpoint.read_bytes() == checkpoint
    assert Record(before.directory).fields == before.fields
    assert len(list(before.directory.parent.glob("*/record.json"))) == 1


def test_one_that_is_finished_is_skipped(before: Record) -> None:
    before.update(status="finished", iterations=int(before.rows()[-1]["iteration"]))
    assert main(["train", "--frozen", str(before.config)]) == 0
