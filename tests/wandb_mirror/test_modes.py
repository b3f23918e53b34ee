"""Whether W&B is told of runs: as its own commands and variables say, and as its client can be asked."""

import subprocess
import sys
from pathlib import Path

import pytest

from findings.wandb_mirror import client
from findings.wandb_mirror.mirror import mode


@pytest.fixture(autouse=True)
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("WANDB_MODE", "WANDB_DIR", "WANDB_API_KEY", "WANDB_CONFIG_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


@pytest.mark.parametrize(("command", "expected"), [("offline", "offline"), ("disabled", "none"), ("online", "online")])
def test_what_wandbs_own_command_has_noted_here_holds(
    command: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    subprocess.run([sys.executable, "-m", "wandb", command], check=True, capture_output=True, timeout=60)
    assert mode("auto") == expected
    assert mode("online") == "online"  # what is asked for in so many words
    monkeypatch.setenv("WANDB_MODE", "dryrun")
    assert mode("auto") == "offline"


def test_an_empty_mode_is_none_and_does_not_reach_wandbs_client(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    monkeypatch.setenv("WANDB_MODE", " ")
    assert mode("auto") == "offline"
    assert "WANDB_MODE" not in os.environ
    monkeypatch.setenv("WANDB_MODE", "")
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    assert mode("auto") == "online"


def test_a_setting_that_the_client_does_not_know_is_said_and_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    import wandb

    assert client._known(wandb, ["silent", "x_disable_stats", "x_of_another_version"]) == ["silent", "x_disable_stats"]
    said = capsys.readouterr().err
    assert f"wandb {wandb.__version__} knows no setting x_of_another_version" in said
