"""One command for all of a study: it trains, measures and reports, and says at its end whether all went well."""

from pathlib import Path

from launching import here, records, write_sweep


def test_a_study_leaves_records_costs_and_a_report(tmp_path: Path) -> None:
    sweep = write_sweep(tmp_path, "depth-degradation", seeds=2, recipe__iterations=24, recipe__milestones=[12])
    limits = ("--time-limit", "10m", "--export", "packed")
    output = here(tmp_path, "study", sweep, "--jobs", "1", "--seconds", "0.02", *limits)
    assert [record["status"] for record in records(tmp_path).values()] == ["finished"] * 2
    assert list((tmp_path / "packed").iterdir())
    results = tmp_path / "results" / "quick"
    assert (results / "depth-degradation" / "cost.csv").read_text().count("\n") == 6
    assert "depth-degradation/figures" in (results / "README.md").read_text()
    assert "2 of 2 runs finished" in output
    assert "images/s" in output
    assert "✔ reproduced  ✘ contradicted" in output  # the table of verdicts


def test_a_study_that_runs_out_of_time_reports_what_there_is_and_measures_nothing(tmp_path: Path) -> None:
    sweep = write_sweep(tmp_path, "depth-degradation", seeds=2, recipe__iterations=100_000, recipe__milestones=[])
    output = here(tmp_path, "study", sweep, "--jobs", "1", "--time-limit", "3s", "--export", "packed", code=75)
    assert "0 of 2 runs finished; the same command goes on with the others" in output
    assert "no time is left to measure costs; `findings measure` does" in output
    assert "2 planned" in (tmp_path / "results" / "quick" / "README.md").read_text()
    assert list((tmp_path / "packed").iterdir())


def test_a_folder_that_holds_something_is_refused_before_anything_trains(tmp_path: Path) -> None:
    (tmp_path / "packed").mkdir()
    (tmp_path / "packed" / "a").touch()
    output = here(tmp_path, "study", "quick/depth-degradation", "--export", "packed", code=2)
    assert output == "findings: packed: is no empty folder; name a new one\n"
    assert [path.name for path in tmp_path.iterdir()] == ["packed"]


def test_another_protocol_is_no_study(tmp_path: Path) -> None:
    output = here(tmp_path, "study", "quick/depth-degradation", "recipe.lr=0.2", code=2)
    assert output.startswith("findings: recipe.lr: a study is of its sweeps' own protocol")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_run_is_reported_and_the_study_says_so(tmp_path: Path) -> None:
    sweep = write_sweep(
        tmp_path, "depth-degradation", seeds=1, recipe__lr=1e12, recipe__iterations=24, recipe__milestones=[12]
    )
    output = here(tmp_path, "study", sweep, "--jobs", "1", "--seconds", "0.02", code=1)
    assert "diverged" in output
    assert (tmp_path / "results" / "quick" / "README.md").exists()
