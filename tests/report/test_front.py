"""The front page says what the committed tables say, and nothing else."""

from pathlib import Path

import pytest

from findings.report import build as report
from findings.report.front import front
from made_up_records import write_study

ROOT = Path(__file__).parents[2]
EMPTY = "<!-- verdicts: x -->\n<!-- /verdicts -->"


def test_the_readme_holds_the_committed_verdicts(monkeypatch):
    monkeypatch.chdir(ROOT)
    page = Path("README.md").read_text()
    assert front(page, Path("results"), report.last_verdicts(Path("results"))) == page, "run `make readme`"


def test_a_changed_verdict_changes_the_page_and_checks_are_told_of(tmp_path, monkeypatch):
    results, runs = write_study(tmp_path, seeds=3)
    (results / "quick").rename(results / "mine")
    for path in results.glob("*/*/plan.json"):
        path.write_text(path.read_text().replace('"scale": "quick"', '"scale": "mine"'))
    report.build("mine", results, runs)
    monkeypatch.chdir(tmp_path)
    verdicts = report.last_verdicts(Path("results"))
    before = front(EMPTY, Path("results"), verdicts)
    assert "by other lengths and rates" not in before
    verdict = next(one for one in verdicts["mine"] if one["verdict"] == "reproduced" and one["kind"] == "greater")
    verdict["checks"] = [
        {"title": "48 iterations", "verdict": "reproduced", "because": ""},
        {"title": "lr 0.3", "verdict": "contradicted", "because": ""},
    ]
    after = front(EMPTY, Path("results"), verdicts)
    assert "| ✘ contradicted by lr 0.3 |" in after
    verdict["checks"].pop()
    assert "| the same by 48 iterations |" in front(EMPTY, Path("results"), verdicts)
    corrected = verdict | {"verdict": "inconclusive", "because": "several claims"}
    page = front(EMPTY, Path("results"), {"mine": [corrected if one is verdict else one for one in verdicts["mine"]]})
    assert "| ✔ reproduced by its interval alone; the same by 48 iterations |" in page
    verdict["verdict"] = "contradicted"
    assert front(EMPTY, Path("results"), verdicts).count("✘ contradicted") == before.count("✘ contradicted") + 1


def test_what_an_earlier_rule_judged_is_one_line(monkeypatch):
    monkeypatch.chdir(ROOT)
    of_scale = {"cifar10-jpeg": report.last_verdicts(Path("results"))["cifar10-jpeg"]}
    (line,) = [line for line in front(EMPTY, Path("results"), of_scale).splitlines() if line][1:-1]
    assert line.startswith("**Scale `cifar10-jpeg`**, judged by an earlier rule: CIFAR-10 (JPEG edition), bf16.")


@pytest.mark.parametrize("scale", sorted(path.parent.name for path in ROOT.glob("results/cifar10*/verdicts.json")))
def test_the_committed_report_is_reproduced_byte_for_byte(scale, tmp_path):
    """On a fresh clone, from the committed tables alone: no record lies in runs/."""
    committed = {path: path.read_bytes() for path in _files(ROOT / "results" / scale)}
    for path, content in committed.items():
        copy = tmp_path / "results" / path.relative_to(ROOT / "results")
        copy.parent.mkdir(parents=True, exist_ok=True)
        if path.name in ("plan.json", "lock.json", "verdicts.json") or path.suffix == ".csv":
            copy.write_bytes(content)
    report.build(scale, tmp_path / "results", tmp_path / "runs")
    made = {path.relative_to(tmp_path / "results"): path.read_bytes() for path in _files(tmp_path / "results")}
    expected = {path.relative_to(ROOT / "results"): content for path, content in committed.items()}
    assert sorted(made) == sorted(expected)
    assert [str(path) for path in made if made[path] != expected[path]] == []


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_a_scale_that_nothing_can_be_said_of_yet_is_a_line(tmp_path, monkeypatch):
    results, runs = write_study(tmp_path, seeds=1)
    (results / "quick").rename(results / "mine")
    for path in results.glob("*/*/plan.json"):
        path.write_text(path.read_text().replace('"scale": "quick"', '"scale": "mine"'))
    report.build("mine", results, runs)
    monkeypatch.chdir(tmp_path)
    verdicts = report.last_verdicts(Path("results"))
    page = front(EMPTY, Path("results"), verdicts)
    assert "**Scale `mine`** is under way: Digits (8x8), fp32." in page
    assert "| claim | verdict |" not in page


def test_a_scale_of_sweeps_that_claim_nothing_is_not_on_it():
    assert "Scale" not in front(EMPTY, ROOT / "results", {"mine": []})
