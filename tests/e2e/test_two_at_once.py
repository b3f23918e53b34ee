"""Two `findings run` of one sweep at once share its runs."""

from pathlib import Path

from launching import Findings, all_numbers, records, write_sweep


def test_every_run_is_trained_once(tmp_path: Path) -> None:
    command = (
        "run",
        write_sweep(tmp_path, "shared", seeds=3, recipe__iterations=120, recipe__milestones=[]),
        "--jobs",
        "1",
    )
    both = [Findings(tmp_path, *command) for _ in range(2)]
    for one in both:
        assert "3 of 3 runs finished" in one.wait(0)
    found = records(tmp_path)
    assert [record["attempts"] for record in found.values()] == [1, 1, 1]
    assert {record["status"] for record in found.values()} == {"finished"}
    for rows in all_numbers(tmp_path).values():
        assert [row["epoch"] for row in rows] == [str(epoch) for epoch in range(1, 11)]
