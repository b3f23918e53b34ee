"""`findings evaluate`: weights from a file, in the evaluation that every run has."""

import json
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from findings.cli.main import main
from findings.config.identity import identify
from tiny_runs import go, overrides, record_of, tiny


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert main(["evaluate", *arguments]) == code
    captured = capsys.readouterr()
    return captured.out + captured.err


def test_a_runs_own_weights_have_its_test_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tiny(tmp_path)
    go(config)
    record = record_of(config)
    others = [text for text in overrides() if not text.startswith("model=")]
    for path in (record.checkpoint, tmp_path / "named.safetensors", tmp_path / "wrapped.pt"):
        if path.suffix != ".ckpt":
            whole = torch.load(record.checkpoint, weights_only=True)["state_dict"]
            state = {
                name.removeprefix("network."): value.contiguous()
                for name, value in whole.items()
                if name[:8] == "network."
            }
            if path.suffix == ".pt":
                torch.save({"state_dict": {f"module.{name}": value for name, value in state.items()}}, path)
            else:
                save_file(state, path)
        told = json.loads(said(capsys, "resnet20", "--weights", str(path), "--json", *others))
        assert told["error"] == float(record.rows()[-1]["test_error"])
        assert told["loss"] == pytest.approx(float(record.rows()[-1]["test_loss"]))
        assert (told["images"], told["layout"], told["model"]) == (360, "ours", identify(config).name)


def test_torchvisions_names_are_understood(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from torchvision import models

    torch.manual_seed(0)
    theirs = models.resnet18(num_classes=10)
    theirs.conv1 = torch.nn.Conv2d(1, 64, 7, 2, 3, bias=False)
    save_file(theirs.state_dict(), tmp_path / "theirs.safetensors")
    told = said(capsys, "resnet18", "model.width=64", "--weights", str(tmp_path / "theirs.safetensors"))
    assert "on digits: test error" in told
    assert "360 images (weights named as torchvision's residual networks)" in told


class Trap:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("open('sprung', 'w').close()",)


def test_what_does_not_fit_and_what_is_no_tensor_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("trap.pt").write_bytes(pickle.dumps(Trap()))
    torch.save({"head.weight": torch.zeros(2, 2)}, "other.pt")
    torch.save([1, 2], "list.pt")
    for file, line in (
        ("trap.pt", "trap.pt: cannot be read as tensors alone, and nothing else is"),
        ("other.pt", "other.pt: does not fit CifarNet: "),
        ("list.pt", "list.pt: holds no tensors by their names"),
        ("none.pt", "none.pt: no such file"),
    ):
        told = said(capsys, "resnet20", "--weights", file, code=2)
        assert line in told
        assert told.count("\n") == 1
    assert not Path("sprung").exists()
