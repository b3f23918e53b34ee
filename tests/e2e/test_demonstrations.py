"""Four kinds of claims, each in one study file and one sweep of a folder of one's own, from plan to verdict."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from findings.cli.main import main
from launching import here

FOLDER = Path(__file__).parents[1] / "demonstrations"
CLAIMS = {
    "norm-and-rate": {"needed-at-a-large-rate", "more-than-at-a-small-one"},
    "nonlinearities": {"relu-before-tanh", "relu-before-sigmoid"},
    "gradients": {"plain-gradients-differ-more"},
    "ensembles": {"three-err-less-than-one", "five-err-less-than-three", "five-err-less-than-one"},
}
# an epoch gives all that an interval needs; the slowest nonlinearity has come to 25 % after three
ITERATIONS = {"nonlinearities": 88}


def shorten(sweep: Path, iterations: int) -> None:
    content = yaml.safe_load(sweep.read_text())
    content["parameters"] |= {"recipe.iterations": {"value": iterations}, "recipe.milestones": {"value": []}}
    sweep.write_text(yaml.safe_dump(content))


@pytest.mark.parametrize("finding", CLAIMS)
def test_a_demonstration_is_planned_trained_and_judged(
    finding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True)
    shorten(tmp_path / "sweeps" / "quick" / f"{finding}.yaml", ITERATIONS.get(finding, 22))
    monkeypatch.chdir(tmp_path)
    assert main(["plan", f"quick/{finding}"]) == 0
    planned = capsys.readouterr().out
    assert "multiply-adds of training" in planned
    assert "lacks" not in planned
    assert "no claim is about" not in planned
    here(tmp_path, "run", f"quick/{finding}", "--jobs", "2")
    assert main(["report", "quick"]) == 0
    verdicts = {one["id"]: one for one in json.loads((tmp_path / "results/quick/verdicts.json").read_text())}
    assert verdicts.keys() == CLAIMS[finding]
    for one in verdicts.values():
        assert one["verdict"] in ("reproduced", "contradicted", "inconclusive"), one["reason"]
        assert one["n"] >= 3
        assert one["ci95"] is not None, one["reason"]
        assert one["ci95"][0] < one["effect"] < one["ci95"][1]
