"""What a run is, and why two runs are two."""

from pathlib import Path

import pytest

from findings.cli.main import main
from findings.config.frozen import freeze
from findings.config.identity import identify
from findings.records.record import COLUMNS, Record
from tiny_runs import record_of, tiny


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Three runs' ids: one with a record, one of another rate and depth, one of another seed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    configs = {
        "first": tiny(tmp_path / "runs"),
        "other": tiny(tmp_path / "runs", recipe__lr=0.2, model__depth=14, trainer__threads=2),
        "seed": tiny(tmp_path / "runs", seed=7),
    }
    for config in configs.values():
        record = Record(Path("runs") / identify(config).id)
        record.directory.mkdir(parents=True)
        record.write_config(freeze(identify(config)))
    record = record_of(configs["first"])
    record.update(status="failed", reason="[/x] the disk is full", iteration=12, iterations=40)
    record.update(provenance={"git": {"sha": "abc", "dirty": False}, "device": "A processor"})
    record.append(dict.fromkeys(COLUMNS, 1) | {"test_error": 12.345, "validation_error": None})
    return {name: identify(config).id for name, config in configs.items()}


def test_one_run_says_what_it_is_and_how_far(runs: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", runs["first"]]) == 0
    shown = capsys.readouterr().out
    for text in ("[/x] the disk is full", "12 of 40", "12.3", "recipe.lr", "git.sha", "A processor"):
        assert text in shown
    assert "validation_error" not in shown


def test_two_runs_are_compared_by_what_makes_them_two(runs: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", runs["first"], runs["other"]]) == 0
    science, _, rest = capsys.readouterr().out.partition("these are in no run id")
    assert "recipe.lr" in science
    assert "model.depth" in science
    assert "recipe.momentum" not in science
    assert "trainer.threads" in rest
    assert "trainer.threads" not in science


def test_a_part_of_an_id_is_enough_if_it_is_one_runs(runs: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "-s7"]) == 2
    assert main(["show", "s7"]) == 0
    assert "7" in capsys.readouterr().out
    assert main(["show", "digits"]) == 2
    assert "findings: 'digits': is part of 3 run ids in runs" in capsys.readouterr().err
    assert main(["show", runs["other"].replace("resnet14", "resnet41")]) == 2
    assert f"did you mean '{runs['other']}'?" in capsys.readouterr().err


def test_what_is_wrong_is_one_line(runs: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "s7", "s7", "s7"]) == 2
    assert capsys.readouterr().err == "findings: show: compares two runs, not 3\n"
    assert main(["show", "s7", "runs_dir=nowhere"]) == 2
    assert capsys.readouterr().err == "findings: 's7': no such run in nowhere\n"
    assert main(["show", "s7", "s7"]) == 0
    assert "they do not differ" in capsys.readouterr().out
