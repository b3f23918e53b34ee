"""Which plans a report judges: those of the sweep's own protocol."""

import json
from pathlib import Path

import pytest

from findings.cli import main

PLAN = Path("results/quick/depth-degradation/plan.json")
SWEEP = "quick/depth-degradation"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def models() -> list[str]:
    return [arm["axes"]["model"] for arm in json.loads(PLAN.read_text())["arms"]]


def test_another_protocol_leaves_the_plan_alone(capsys: pytest.CaptureFixture) -> None:
    assert main(["plan", SWEEP]) == 0
    before = PLAN.read_bytes()
    for override in ("recipe.lr=0.05", "model.shortcut=identity", "model.width=16,8", "data.validation=100"):
        assert main(["plan", SWEEP, override]) == 0
        assert "none of the finding's own" in capsys.readouterr().out
        assert PLAN.read_bytes() == before
    assert main(["report", "quick"]) == 0


def test_more_networks_are_added_and_the_sweep_itself_resets() -> None:
    main(["plan", SWEEP, "model=plain32,resnet32", "trainer.threads=1"])
    main(["plan", SWEEP, "model=plain20"])
    assert models() == ["plain32", "resnet32", "plain20"]
    main(["plan", SWEEP, "runs_dir=scratch"])
    assert models() == ["plain20", "plain56", "resnet20", "resnet56"]


def test_two_arms_of_one_network_are_refused(capsys: pytest.CaptureFixture) -> None:
    main(["plan", SWEEP])
    plan = json.loads(PLAN.read_text())
    twin = json.loads(json.dumps(plan["arms"][0]))
    twin["config"]["recipe.lr"] = 0.05
    plan["arms"].append(twin | {"arm": "twin"})
    PLAN.write_text(json.dumps(plan))
    assert main(["report", "quick"]) == 2
    assert "two arms of plain20 differ in recipe.lr; `findings plan quick/depth-degradation`" in capsys.readouterr().err
