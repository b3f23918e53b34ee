"""Of a run whose files are damaged, what is left goes on: nothing is lost without a word, no other run is harmed."""

import json
from pathlib import Path

import pytest

from findings.records.library import read
from findings.records.record import Record
from tiny_runs import go, numbers, record_of, tiny, trained_once


@pytest.fixture(scope="module")
def whole() -> list[dict[str, str]]:
    return trained_once()


def damage(record: Record, name: str, text: bytes | None) -> Path:
    path = record.directory / name
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] if text is None else text)
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("record.json", b""),
        ("record.json", b"null"),
        ("record.json", None),
        ("checkpoints/last.ckpt", b""),
        ("checkpoints/last.ckpt", b"garbage"),
        ("checkpoints/last.ckpt", None),
        ("metrics.csv", b"epoch;iteration\n1;12\n"),
        ("metrics.csv", b"epoch,iteration,test_error\n1,12.0,20\n"),
    ],
)
def test_an_interrupted_run_sets_it_aside_and_goes_on(
    name: str, text: bytes | None, whole: list[dict[str, str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tiny(tmp_path)
    go(config, until=20)
    path = damage(record_of(config), name, text)
    kept = path.read_bytes()
    outcome = go(config)
    assert outcome.status == "finished"
    assert numbers(record_of(config)) == whole
    assert path.with_name(f"{path.name}.damaged-1").read_bytes() == kept
    said = capsys.readouterr().err
    assert f"{path} was damaged" in said
    assert "weights_only" not in said


@pytest.mark.parametrize("change", ["last row", "header", "semicolons", "an empty cell", "fractions"])
def test_a_finished_run_that_has_lost_rows_is_not_finished(
    change: str, whole: list[dict[str, str]], tmp_path: Path
) -> None:
    """As a report says of it."""
    config = tiny(tmp_path)
    go(config)
    record = record_of(config)
    header, *rows = record.metrics.read_text().splitlines(keepends=True)
    epoch, iteration, rest = rows[-1].split(",", 2)
    left = {
        "last row": [header, *rows[:-1]],
        "header": rows,
        "semicolons": [line.replace(",", ";") for line in (header, *rows)],
        "an empty cell": [header, *rows[:-1], f"{epoch},,{rest}"],
        "fractions": [header, *rows[:-1], f"{epoch},{iteration}.0,{rest}"],
    }
    record.metrics.write_text("".join(left[change]))
    assert Record(record.directory).is_cut_short
    assert go(config).status == "finished"
    assert numbers(record_of(config)) == whole
    assert go(config).status == "skipped"


@pytest.mark.parametrize("change", ["crlf", "bom"])
def test_what_an_editor_does_to_a_table_is_no_damage(change: str, tmp_path: Path) -> None:
    config = tiny(tmp_path)
    go(config)
    record = record_of(config)
    text = record.metrics.read_bytes()
    record.metrics.write_bytes(text.replace(b"\n", b"\r\n") if change == "crlf" else b"\xef\xbb\xbf" + text)
    assert record_of(config).is_finished
    assert go(config).status == "skipped"


def test_others_are_read_all_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, text in (("one", json.dumps({"name": "n", "arm": "a", "seed": 0, "scale": "quick"})), ("two", "")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "record.json").write_text(text)
    assert [run.id for run in read(tmp_path)] == ["one"]
    assert "two/record.json: is damaged" in capsys.readouterr().err
