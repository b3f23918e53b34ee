"""findings lock, and what a plan says of its claims, as a user meets them."""

import json
from pathlib import Path

import pytest

from findings.cli.main import main
from findings.planning.request import request

NAME = "quick/depth-degradation"
FOLDER = Path("results", NAME)


@pytest.fixture(autouse=True)
def locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep whose first run may begin."""
    monkeypatch.chdir(tmp_path)
    request(NAME, []).freeze([])


def change_the_protocol() -> None:
    """As an edited sweep would."""
    plan = json.loads((FOLDER / "plan.json").read_text())
    plan["arms"][0]["config"]["recipe.lr"] = 0.2
    (FOLDER / "plan.json").write_text(json.dumps(plan))


def test_a_change_is_shown_until_it_is_explained_and_afterwards_with_its_reason(capsys: pytest.CaptureFixture) -> None:
    assert main(["lock", NAME]) == 0
    assert "changed" not in capsys.readouterr().out
    change_the_protocol()
    assert main(["lock", NAME]) == 0
    assert "changed, and not explained: plain20: recipe.lr 0.1 -> 0.2 (touches plain-tr" in capsys.readouterr().out
    assert main(["lock", NAME, "--why", "0.1 was too small"]) == 0
    assert main(["lock", NAME]) == 0
    said = capsys.readouterr().out
    assert "plain20: recipe.lr 0.1 -> 0.2. Why: 0.1 was too small" in said
    assert "not explained" not in said
    assert main(["lock", NAME, "--why", "again"]) == 2
    assert capsys.readouterr().err == f"findings: {NAME}: nothing differs from what was locked\n"


def test_what_is_not_locked_is_one_line_with_the_nearest(capsys: pytest.CaptureFixture) -> None:
    assert main(["lock", "quick/depth-degradatio"]) == 2
    error = capsys.readouterr().err
    assert "is not locked in results" in error
    assert NAME in error
    assert error.count("\n") == 1


def test_a_plan_says_what_its_claims_lack_and_which_arm_feeds_none(capsys: pytest.CaptureFixture) -> None:
    assert main(["plan", NAME, "model=plain20,plain56,plain32"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "residual-training-error-does-not-rise lacks resnet56, resnet20" in said
    assert "no claim is about" not in said, "plain32 is in an ordered claim"
    assert main(["plan", "quick/gap-vs-fc", "model=resnet8,resnet8-fc,resnet32"]) == 0
    assert "quick/gap-vs-fc: no claim is about resnet32" in " ".join(capsys.readouterr().out.split())
