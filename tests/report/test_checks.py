"""A finding's claims by another length or rate: beside its verdicts, never among them."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from findings.judging import locks
from findings.judging.evidence import read_plan
from findings.report import build as report
from findings.studies import findings
from made_up_records import SMALL, arm, curve, row, write_plan, write_record, write_study

HALF, TWICE = 450, 1800


def write_check(root: Path, name: str, iterations: int, models: Any = tuple(SMALL), **config: Any) -> None:
    arms = [arm(model, [0, 1, 2], iterations, **config) for model in models]
    write_plan(root / "results", arms, check=name)
    for model in models:
        for seed in range(3):
            write_record(root / "runs", model, seed, curve(model, seed, iterations=iterations), iterations)


def study(root: Path) -> tuple[Path, Path]:
    """Plain-56 is no worse than plain-20 by half of the schedule, and by none of the others."""
    results, runs = write_study(root)
    write_check(root, "half", HALF)
    for seed in range(3):
        write_record(runs, "plain56", seed, [row(1, HALF, 3.9 + 0.2 * seed, 13.0 + 0.1 * seed)], HALF)
    write_check(root, "twice", TWICE, ("plain20", "plain56"))
    return results, runs


def test_each_verdict_says_what_other_lengths_come_to_and_keeps_its_word(tmp_path: Path) -> None:
    alone = report.build("quick", *write_study(tmp_path / "alone")).verdicts
    results, runs = study(tmp_path)
    built = report.build("quick", results, runs)
    assert [(one.id, one.verdict, one.p_holm) for one in built.verdicts] == [
        (one.id, one.verdict, one.p_holm) for one in alone
    ]
    verdicts = {one["id"]: one for one in json.loads((results / "quick" / "verdicts.json").read_text())}
    training = verdicts["plain-training-error-rises"]["checks"]
    assert [(one["check"], one["title"], one["verdict"]) for one in training] == [
        ("half", "450 iterations", "inconclusive"),
        ("twice", "1,800 iterations", "reproduced"),
    ]
    assert training[0]["ci95"][0] < training[0]["effect"] < training[0]["ci95"][1]
    assert training[0]["changed"] == {"recipe.iterations": HALF}
    assert [one["check"] for one in verdicts["residual-beats-plain"]["checks"]] == ["half"]
    assert "checks" not in verdicts["shortcuts-are-free"]  # counted: no schedule changes that


def test_the_page_names_the_claims_whose_word_changes(tmp_path: Path) -> None:
    results, runs = study(tmp_path)
    page = report.build("quick", results, runs).readme.read_text()
    assert "By other lengths of the schedule and other rates, 4 of 5 claims are judged the same, each by its" in page
    assert (
        "- plain56 ends with a higher training error than plain20: ✔ reproduced, but ≈ inconclusive by 450 iterations"
    ) in page
    (header,) = [line for line in page.splitlines() if line.startswith("| claim | the finding's own |")]
    assert header == "| claim | the finding's own | 450 iterations | 1,800 iterations |"
    assert page.count("## Depth degradation") == 1  # a check is no chapter
    assert "effect-against-length.svg" in page


def test_a_figure_of_effects_against_length_is_drawn_where_lengths_were_tried(tmp_path: Path) -> None:
    results, runs = write_study(tmp_path)
    write_check(tmp_path, "rate", 900, **{"recipe.lr": 0.3})
    names = {path.stem for path in report.build("quick", results, runs).figures}
    assert "effect-against-length" not in names
    results, runs = study(tmp_path)
    assert "effect-against-length" in {path.stem for path in report.build("quick", results, runs).figures}


def test_another_rate_is_called_by_its_rate(tmp_path: Path) -> None:
    results, runs = write_study(tmp_path)
    write_check(tmp_path, "rate", 900, **{"recipe.lr": 0.3})
    verdict = report.build("quick", results, runs).verdicts[0]
    assert [one["title"] for one in verdict.checks] == ["lr 0.3"]


@pytest.mark.parametrize(
    ("arms", "line"),
    [
        (
            [arm("plain110", [0], HALF)],
            "quick/depth-degradation.half: 'plain110' is no arm of quick/depth-degradation: "
            "a check trains the finding's own; allowed: plain20, plain56, resnet20, resnet56",
        ),
        (
            [arm("plain20", [0], HALF, **{"model.depth": 21})],
            "quick/depth-degradation.half: plain20 differs in model.depth: a check changes the recipe alone",
        ),
        (
            [arm("plain20", [0], HALF), arm("plain56", [0], TWICE)],
            "quick/depth-degradation.half: recipe.iterations is not changed alike in all arms",
        ),
    ],
)
def test_a_check_of_anything_else_is_left_out_and_said_why(
    tmp_path: Path, arms: list[dict[str, Any]], line: str
) -> None:
    results, runs = write_study(tmp_path)
    write_plan(results, arms, check="half")
    built = report.build("quick", results, runs)
    assert f"The check half is left out: {line}" in built.readme.read_text()
    assert [one.verdict for one in built.verdicts if one.because != "not planned"] == ["reproduced"] * 6


def test_a_check_of_a_finding_that_has_not_run_waits(tmp_path: Path) -> None:
    results, runs = study(tmp_path)
    for record in runs.glob(f"*-{900:012d}-s*"):
        shutil.rmtree(record)
    page = report.build("quick", results, runs).readme.read_text()
    assert "wait for the finding's own runs" in page
    assert "are judged the same" not in page


def test_a_check_without_its_finding_is_a_sweep_of_its_own(tmp_path: Path) -> None:
    results, runs = study(tmp_path)
    shutil.rmtree(results / "quick" / "depth-degradation")
    folder = results / "quick" / "depth-degradation.half"
    locks.close(folder, {"claims": {}, "protocol": {}}, date="2026-01-01", commit="abc")  # as planning leaves one
    built = report.build("quick", results, runs)
    assert "## depth-degradation.half" in built.readme.read_text()
    assert built.verdicts == ()


def test_checks_of_one_length_are_told_apart(tmp_path: Path) -> None:
    results, runs = study(tmp_path)
    write_check(tmp_path, "early", HALF, **{"recipe.milestones": [1, 2]})
    page = report.build("quick", results, runs).readme.read_text()
    assert "| claim | the finding's own | 450 iterations (early) | 450 iterations (half) | 1,800 iterations |" in page


def test_what_was_changed_of_a_check_after_its_first_run_is_told(tmp_path: Path) -> None:
    results, runs = study(tmp_path)
    folder = results / "quick" / "depth-degradation.half"
    finding, plan = findings()["depth-degradation"], read_plan(folder / "plan.json").labelled({})
    before = locks.content_of(finding.claims_at(plan), plan)
    before["protocol"]["plain20"] |= {"recipe.lr": 0.2}
    locks.close(folder, before, date="2026-01-01", commit="abc")
    page = report.build("quick", results, runs).readme.read_text()
    assert "The check half: **Deviation** not explained: plain20: recipe.lr 0.2 -> 0.1" in page
