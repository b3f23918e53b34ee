"""The test images moved and resized, at the end of a run."""

import csv
from pathlib import Path

import pytest
import torch

from findings.config.checks import check
from findings.config.identity import identify
from findings.data.augment import shifted
from findings.errors import InputError
from findings.nets.heads import GlobalAveragePool
from findings.records.probes import PROBE_COLUMNS
from findings.training.probes.shifts import moves
from findings.training.probes.sizes import resized
from tiny_runs import go, record_of, tiny


def probed(config: object) -> list[dict[str, str]]:
    with record_of(config).probes.open(newline="") as stream:  # type: ignore[arg-type]
        return list(csv.DictReader(stream))


def numbers_of(rows: list[dict[str, str]], probe: str, number: str) -> dict[str, str]:
    return {row["key"]: row["value"] for row in rows if (row["probe"], row["number"]) == (probe, number)}


@pytest.fixture(scope="module")
def of_both_heads(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[list[dict[str, str]], dict[str, str]]]:
    """Head -> the probes, and the last row, of a run of 40 iterations."""
    found = {}
    for head in ("gap", "fc"):
        directory = tmp_path_factory.mktemp(head)
        config = tiny(directory, model__head=head, evaluation__shifts=[0, 1, 4], evaluation__sizes=[6, 8, 12])
        assert go(config).status == "finished"
        found[head] = probed(config), record_of(config).rows()[-1]
    return found


def test_a_shift_by_nothing_and_the_images_own_size_are_the_plain_evaluation(of_both_heads: dict) -> None:
    for rows, last in of_both_heads.values():
        assert tuple(rows[0]) == PROBE_COLUMNS
        assert {row["iteration"] for row in rows} == {"40"}
        for probe, key in (("shift", "0"), ("size", "8")):
            error = float(numbers_of(rows, probe, "test_error")[key])
            assert error == pytest.approx(float(last["test_error"]), abs=1e-9)
            assert float(numbers_of(rows, probe, "agreement")[key]) == 100


def test_a_shift_of_half_the_image_costs_something(of_both_heads: dict) -> None:
    for rows, _ in of_both_heads.values():
        errors = numbers_of(rows, "shift", "test_error")
        assert list(errors) == ["0", "1", "4"]
        assert float(errors["4"]) > float(errors["0"]) + 10
        assert float(numbers_of(rows, "shift", "agreement")["4"]) < 90


def test_gap_takes_any_size_and_fully_connected_layers_say_why_they_do_not(of_both_heads: dict) -> None:
    for row in of_both_heads["gap"][0]:
        assert row["value"]
        assert not row["remark"]
    sizes = [row for row in of_both_heads["fc"][0] if row["probe"] == "size"]
    for row in sizes:
        if row["key"] in ("6", "8"):  # 6 pixels are halved, rounded up, to the same 2x2 maps as 8
            assert row["value"]
            continue
        assert not row["value"]
        assert row["remark"].startswith("model.head: fully connected layers take maps of 16 x 2 x 2, these are")
    assert [(row["key"], row["number"]) for row in sizes[-2:]] == [("12", "test_error"), ("12", "agreement")]


def test_shifts_move_by_whole_pixels_and_bring_in_zeros() -> None:
    image = torch.arange(1.0, 10).view(1, 1, 3, 3)
    down, up, right, left = (change(image)[0, 0] for change in moves(1))
    assert down.tolist() == [[0, 0, 0], [1, 2, 3], [4, 5, 6]]
    assert up.tolist() == [[4, 5, 6], [7, 8, 9], [0, 0, 0]]
    assert right.tolist() == [[0, 1, 2], [0, 4, 5], [0, 7, 8]]
    assert left.tolist() == [[2, 3, 0], [5, 6, 0], [8, 9, 0]]
    assert torch.equal(shifted(image, 0, 0), image)
    assert [change(image) is not None for change in moves(0)] == [True]
    assert resized(image, 5).shape == (1, 1, 5, 5)


def test_the_pooled_map_does_not_change_when_the_last_map_is_shifted_circularly() -> None:
    head = GlobalAveragePool(4, 10).double()
    maps = torch.randn(3, 4, 5, 5, dtype=torch.float64)
    moved = maps.roll((2, -1), (2, 3))
    assert not torch.equal(maps, moved)
    torch.testing.assert_close(head(maps), head(moved), rtol=0, atol=1e-14)


def test_shifts_are_part_of_the_run(tmp_path: Path) -> None:
    config = tiny(tmp_path)
    assert record_of(config).directory != record_of(tiny(tmp_path, evaluation__shifts=[0, 1])).directory


@pytest.mark.parametrize(
    ("key", "value"), [("shifts", [2, 1]), ("shifts", [8]), ("shifts", [-1]), ("sizes", [3]), ("sizes", [8, 8])]
)
def test_impossible_probes_are_refused(key: str, value: list[int], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"evaluation.{key}: .* is not a rising list of pixels from"):
        check(tiny(tmp_path, **{f"evaluation__{key}": value}))


def test_a_run_stopped_within_its_probes_repeats_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from findings.training.probes import shifts
    from findings.training.signals import Stop
    from findings.training.train import train

    undisturbed = tiny(tmp_path / "undisturbed", evaluation__shifts=[0, 1])
    assert go(undisturbed).status == "finished"
    config = tiny(tmp_path / "disturbed", evaluation__shifts=[0, 1])
    stop = Stop()
    monkeypatch.setattr(shifts, "moves", lambda pixels: stop.ask("the test says so") or moves(pixels))
    assert train(identify(config), stop=stop, progress=lambda *_: None).status == "interrupted"
    assert not record_of(config).probes.exists()
    assert not record_of(config).predictions.exists()
    monkeypatch.undo()
    assert go(config).status == "finished"
    assert probed(config) == probed(undisturbed)
