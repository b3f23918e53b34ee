"""The service starts where several processes share a GPU, ends with the block, and its absence stops nothing."""

import os
from pathlib import Path

import pytest

from findings.engines import mps
from findings.engines.mps import CONTROL, VARIABLES, shared_gpus


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A control program that writes down what it is told, and where."""
    log = tmp_path / "said"
    program = tmp_path / "bin" / CONTROL
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\n[ -d "$CUDA_MPS_PIPE_DIRECTORY" ] || exit 1\n[ -e {tmp_path}/broken ] && exit 1\n'
        '[ -n "$CUDA_VISIBLE_DEVICES" ] && exit 1\n'
        f'[ "$1" = -d ] && echo start >> {log} || cat >> {log}\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2")
    monkeypatch.setattr(mps, "USUAL", tmp_path / "control")
    monkeypatch.setattr(mps, "CONTEXT", "")  # no GPU is needed to answer
    return log


def test_it_starts_and_ends_with_the_block(said: Path) -> None:
    with shared_gpus(4, 1) as served:
        assert served
        folder = Path(os.environ["CUDA_MPS_PIPE_DIRECTORY"])
        assert folder.is_dir()
        assert said.read_text() == "start\n"
    assert said.read_text() == "start\nquit\n"
    assert not folder.exists()
    assert not set(VARIABLES) & os.environ.keys()


def test_it_ends_with_an_error_too(said: Path) -> None:
    with pytest.raises(KeyboardInterrupt), shared_gpus(2, 1):
        raise KeyboardInterrupt
    assert said.read_text() == "start\nquit\n"


@pytest.mark.parametrize(("processes", "gpus"), [(1, 1), (4, 4), (2, 0)])
def test_a_process_with_a_gpu_of_its_own_needs_none(processes: int, gpus: int, said: Path) -> None:
    with shared_gpus(processes, gpus) as served:
        assert not served
    assert not said.exists()


def test_one_that_cannot_start_is_done_without(said: Path, tmp_path: Path) -> None:
    (tmp_path / "broken").touch()
    with shared_gpus(4, 1) as served:
        assert not served
        assert not set(VARIABLES) & os.environ.keys()


def test_one_that_no_process_can_use_is_ended_and_done_without(said: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mps, "CONTEXT", "raise SystemExit(1)")
    with shared_gpus(4, 1) as served:
        assert not served
        assert not set(VARIABLES) & os.environ.keys()
    assert said.read_text() == "start\nquit\n"


def test_one_that_runs_already_is_used_as_it_is(said: Path) -> None:
    mps.USUAL.touch()
    with shared_gpus(4, 1) as served:
        assert served
    assert not said.exists()


def test_the_clusters_own_is_used_as_it_is(said: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CUDA_MPS_PIPE_DIRECTORY", str(tmp_path))
    with shared_gpus(4, 1) as served:
        assert served
    assert not said.exists()
    assert os.environ["CUDA_MPS_PIPE_DIRECTORY"] == str(tmp_path)
