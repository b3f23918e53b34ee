"""Runs carried to another machine in small files go on there as they would have here."""

import json
import shutil
import tarfile
from pathlib import Path

import pytest

from findings.cli.main import main
from findings.config.arguments import strange
from findings.errors import InputError
from findings.records import transfer
from findings.records.lease import lease
from tiny_runs import go, numbers, record_of, tiny, trained_once


@pytest.fixture
def half_way(tmp_path: Path) -> Path:
    """A runs_dir with a finished run of seed 0 and one of seed 1 that was stopped in its middle."""
    runs = tmp_path / "here"
    assert go(tiny(runs, evaluation__shifts=[0, 1], recipe__iterations=12, recipe__milestones=[8])).status == "finished"
    stopped = tiny(runs, seed=1, trainer__chunk_seconds=0)
    assert go(stopped, until=20).status == "interrupted"
    assert record_of(stopped)["iteration"] % 12, "an epoch's end is no middle"
    return runs


def test_an_unfinished_run_goes_on_and_ends_like_an_undisturbed_one(half_way: Path, tmp_path: Path) -> None:
    files = transfer.export(half_way, tmp_path / "out", part=10_000)
    assert len(files) > 3
    assert all(path.stat().st_size <= 10_000 for path in files)
    there = tmp_path / "there"
    assert all(carried.taken for carried in transfer.bring(tmp_path / "out", there))
    config = tiny(there, seed=1)
    assert record_of(config).status == "interrupted"
    assert go(config).status == "finished"
    assert numbers(record_of(config)) == trained_once(seed=1)
    finished = next(there.glob("*-s0"))
    assert (finished / "probes.csv").read_bytes() == (next(half_way.glob("*-s0")) / "probes.csv").read_bytes()
    predicted = next(half_way.glob("*-s0")) / "predictions.npz"
    assert (finished / "predictions.npz").read_bytes() == predicted.read_bytes()
    assert not (finished / "checkpoints").exists(), "a finished run's checkpoint is not worth carrying"
    assert not list(there.glob(".import-*"))


def test_the_run_that_is_further_on_stays(half_way: Path, tmp_path: Path) -> None:
    transfer.export(half_way, tmp_path / "out")
    assert go(tiny(half_way, seed=1)).status == "finished"
    before = numbers(record_of(tiny(half_way, seed=1)))
    carried = {one.id[-2:]: one for one in transfer.bring(tmp_path / "out", half_way)}
    assert (carried["s0"].taken, carried["s1"].taken) == (False, False)
    assert carried["s1"].why == "finished here at iteration 40"
    assert numbers(record_of(tiny(half_way, seed=1))) == before


def test_a_run_in_training_is_left_alone(half_way: Path, tmp_path: Path) -> None:
    transfer.export(half_way, tmp_path / "out")
    there = tmp_path / "there"
    with lease(there / next(half_way.glob("*-s1")).name):
        carried = {one.id[-2:]: one for one in transfer.bring(tmp_path / "out", there)}
    assert not carried["s1"].taken
    assert carried["s1"].why.startswith("in training by process")


def test_the_commands(half_way: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(tmp_path / "out"), f"runs_dir={half_way}"]) == 0
    assert "export.000" in capsys.readouterr().out
    assert main(["import", str(tmp_path / "out"), f"runs_dir={tmp_path / 'there'}"]) == 0
    assert capsys.readouterr().out.count("brought: resnet8-w4-digits-quick-") == 2
    assert main(["import", str(tmp_path / "out"), f"runs_dir={tmp_path / 'there'}"]) == 0
    assert capsys.readouterr().out.count("left: resnet8-w4-digits-quick-") == 2


def test_what_is_wrong_is_named_and_nothing_is_brought(half_way: Path, tmp_path: Path) -> None:
    out, there = tmp_path / "out", tmp_path / "there"
    files = transfer.export(half_way, out, part=20_000)
    with pytest.raises(InputError, match=r"out: holds an export already"):
        transfer.export(half_way, out)
    with pytest.raises(InputError, match="holds no run to export"):
        transfer.export(tmp_path / "nothing", tmp_path / "more")
    damaged = files[1].read_bytes()
    files[1].write_bytes(damaged[:-1] + b"?")
    with pytest.raises(InputError, match=r"export.001: is damaged"):
        list(transfer.bring(out, there))
    files[1].unlink()
    with pytest.raises(InputError, match=r"export.001: is missing"):
        list(transfer.bring(out, there))
    with pytest.raises(InputError, match=r"holds no export.json"):
        list(transfer.bring(tmp_path, there))
    assert not list(there.glob("*"))


@pytest.mark.parametrize("name", ["../escape", "run/../../escape", "a/checkpoints/other.ckpt", "config.yaml"])
def test_an_archive_with_strange_names_is_refused(name: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    parts = transfer._Parts(out, 10_000)
    (tmp_path / "file").write_text("a")
    with tarfile.open(fileobj=parts, mode="w|gz") as archive:  # type: ignore[call-overload]
        archive.add(tmp_path / "file", name)
    parts.close()
    (out / "export.json").write_text(json.dumps({"runs": [], "parts": parts.written}))
    with pytest.raises(InputError, match="which is no file of a run"):
        list(transfer.bring(out, tmp_path / "there"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "out", "there"]


def test_a_run_under_another_runs_name_is_refused(half_way: Path, tmp_path: Path) -> None:
    run = next(half_way.glob("*-s1"))
    shutil.copytree(run, half_way / run.name.replace("-s1", "-s2"))
    transfer.export(half_way, tmp_path / "out")
    with pytest.raises(InputError, match=r"-s2 holds the config of .*-s1"):
        list(transfer.bring(tmp_path / "out", tmp_path / "there"))


@pytest.mark.parametrize(
    ("target", "refused"),
    [
        ("os.system", True),
        ("findings.nets.cifar.CifarNet", False),
        ("torch.optim.AdamW", False),
        ("my_networks.Net", False),
        ("torch.hub.load", True),
    ],
)
def test_what_is_imported_names_no_strange_code(
    target: str, refused: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To read its config would run it: only findings', torch's optimisers and what lies here are taken."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_networks.py").touch()
    config = {"recipe": {"optimizer": {"_target_": target}}, "evaluation": {"probes": [{"at": [1]}]}}
    assert strange(config) == (target if refused else None)
