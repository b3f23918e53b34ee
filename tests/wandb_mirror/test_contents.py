"""How W&B's pages group runs: by arm, with the label that a finding gives it."""

import shutil
from pathlib import Path

import pytest

from findings.planning.request import request
from findings.records.record import Record
from findings.wandb_mirror.contents import arguments_of

STUDIES = Path(__file__).parents[1] / "demonstrations"


def test_groups_are_called_as_a_finding_labels_its_arms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(STUDIES, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    asked = request("quick/norm-and-rate", ["seed=0,1"])
    groups = {}
    for run in asked.freeze(asked.runs):
        record = Record(run.directory)
        record.update(findings=["norm-and-rate"])
        groups.setdefault(arguments_of(run, record)["group"], set()).add(run.config.seed)
    arms = {run.arm: run.config for run in asked.runs}
    assert len(arms) == len(groups) == 4
    for arm, config in arms.items():
        label = f"{'with' if config.model['batch_norm'] else 'without'} norm, lr {config.recipe.lr}"
        assert groups[f"{label} ({arm})"] == {0, 1}


def test_what_people_look_for_is_in_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name is read by eye, its notes say what it is for, and its config by what code, where and how it was made."""
    monkeypatch.chdir(tmp_path)
    asked = request("quick/depth-degradation", [])
    runs = [run for run in asked.freeze(asked.runs) if run.config.model["depth"] == 56 and run.config.seed == 1]
    assert len(runs) == 2
    for run in runs:
        record = Record(run.directory)
        git = {"sha": "a" * 40, "dirty": True, "page": "https://host/team/code"}
        record.update(findings=["depth-degradation"], attempts=2, provenance={"git": git, "device": "A GPU"})
        told = arguments_of(run, record)
        assert told["name"] == f"{run.name} s1"
        assert told["notes"].startswith("depth-degradation: ")
        assert ("plain-test-error-rises" in told["notes"]) == run.name.startswith("plain")
        expected = {"commit": "a" * 40, "dirty": True, "device": "A GPU", "attempts": 2, "trainer.fast": True}
        assert told["config"].items() >= expected.items()
        assert told["config"]["commit_page"] == f"https://host/team/code/commit/{'a' * 40}"
        assert "job" not in told["config"]
        assert told["config"]["arm"] == run.arm  # by which the views in W&B choose a finding's runs


def test_a_run_that_no_finding_labels_is_grouped_by_its_arm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    asked = request("quick/depth-degradation", ["model=plain20", "seed=0"])
    (run,) = asked.freeze(asked.runs)
    record = Record(run.directory)
    record.update(findings=["depth-degradation"])
    assert arguments_of(run, record)["group"] == run.arm
    Path("studies").mkdir()
    Path("studies/broken.py").write_text("FINDING = unknown")
    record.update(findings=["depth-degradation", "broken"])
    assert arguments_of(run, record)["group"] == run.arm
