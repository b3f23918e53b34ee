"""Plans that are older than some keys of a config."""

import json
from pathlib import Path

from findings.judging.evidence import read_plan

COMMITTED = Path(__file__).parents[2] / "results" / "cifar10-jpeg" / "depth-degradation" / "plan.json"


def test_an_arm_that_was_planned_before_there_was_a_key_has_its_default(tmp_path: Path) -> None:
    """Otherwise it would differ from the arms that are planned beside it today."""
    content = json.loads(COMMITTED.read_text())
    old, today = content["arms"][:2]
    old["config"].pop("recipe.label_smoothing", None)
    today["config"] |= {"recipe.label_smoothing": 0.0, "init_from.run": None}
    (tmp_path / "plan.json").write_text(json.dumps(content | {"arms": [old, today]}))
    first, second = read_plan(tmp_path / "plan.json").arms
    assert first.config.keys() == second.config.keys()
    assert first.config["recipe.label_smoothing"] == 0.0
    assert first.config["recipe.iterations"] == 4000, "what it says is its own"
