"""`findings sync` through the real client, to a server on this machine: everything once, and nothing lost."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from findings.cli.main import main
from findings.config.identity import identify
from findings.config.schema import Config
from findings.training.signals import Stop
from findings.training.train import train
from findings.wandb_mirror import mirror as tracking
from findings.wandb_mirror import uploads
from findings.wandb_mirror.state import sent
from tiny_runs import go, record_of, tiny
from wandb_server import Run, Server, serving

SECRET = "0123456789abcdef0123456789abcdef01234567"
STEPS = [12, 24, 36, 40]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    for key in ("WANDB_MODE", "WANDB_SWEEP_ID", "WANDB_RUN_ID"):
        monkeypatch.delenv(key, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("WANDB_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("WANDB_API_KEY", SECRET)
    with serving() as server:
        monkeypatch.setenv("WANDB_BASE_URL", server.address)
        yield server


def offline(tmp_path: Path, **changes: Any) -> Config:
    config = tiny(tmp_path / "runs", tracking="offline", **changes)
    config.findings = ["depth-degradation"]
    return config


def call(tmp_path: Path, *arguments: str) -> int:
    return main(["sync", *arguments, f"runs_dir={tmp_path / 'runs'}"])


def mirror_of(server: Server, config: Config) -> Run:
    return server.runs[identify(config).id]


def test_a_run_that_was_resumed_offline_arrives_once(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = offline(tmp_path, trainer__chunk_seconds=0)
    go(config, until=14)
    time.sleep(1.1)  # the client names its folders by the second
    go(config)
    assert len(list(record_of(config).directory.glob("wandb/offline-run-*"))) == 2
    assert call(tmp_path) == 0
    run, identity = mirror_of(server, config), identify(config)
    assert list(server.runs) == [identity.id]
    assert run.steps == STEPS
    for mirrored, recorded in zip(run.rows, record_of(config).rows(), strict=True):
        assert mirrored["epoch"] == int(recorded["epoch"])
        assert mirrored["_timestamp"] == pytest.approx(float(recorded["timestamp"])), "when it was sent"
        assert mirrored["test_error"] == pytest.approx(float(recorded["test_error"]))
        assert "validation_error" not in mirrored
    assert (run.state, run.told["groupName"], run.told["jobType"]) == ("finished", identity.arm, "train")
    assert sorted(run.told["tags"]) == ["depth-degradation", "quick"]
    assert run.values["recipe.lr"] == 0.1
    assert f"sent: {identity.id}: 4 epochs, finished" in capsys.readouterr().out

    server.requests.clear()
    assert call(tmp_path) == 0
    assert capsys.readouterr().out == "nothing to send: 1 of 1 runs are in W&B\n"
    assert server.requests == []

    (record_of(config).directory / "wandb" / "sent.json").unlink()  # what was sent is forgotten: the server knows
    assert call(tmp_path) == 0
    assert run.steps == STEPS
    assert not server.unknown

    assert [path.name for path in (tmp_path / "runs").iterdir()] == [identity.id]
    for path in (path for path in tmp_path.rglob("*") if path.is_file()):
        assert SECRET.encode() not in path.read_bytes(), path


def test_of_a_run_in_training_only_what_a_checkpoint_covers(server: Server, tmp_path: Path) -> None:
    config = offline(tmp_path, trainer__chunk_seconds=0)
    go(config, until=20)
    record = record_of(config)
    record.append({**record.rows()[-1], "epoch": 2, "iteration": 24})  # evaluated, but not checkpointed yet
    record.update(status="running")
    assert call(tmp_path) == 0
    run = mirror_of(server, config)
    assert (run.steps, run.state) == ([12], "running")
    go(config)
    assert call(tmp_path) == 0
    assert (run.steps, run.state) == (STEPS, "finished")


def test_the_record_is_an_artifact_of_a_run_that_has_ended(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = offline(tmp_path, trainer__chunk_seconds=0, results_dir=str(tmp_path / "results"))
    plan = tmp_path / "results" / "quick" / "depth-degradation" / "plan.json"
    plan.parent.mkdir(parents=True)
    plan.write_text("{}")
    go(config, until=14)
    assert call(tmp_path) == 0
    assert server.artifacts == {}, "it is not whole yet"
    go(config)
    assert call(tmp_path) == 0
    (artifact,) = server.artifacts.values()
    record = record_of(config)
    assert artifact["committed"]
    assert (artifact["artifactTypeName"], artifact["runName"]) == ("record", record.directory.name)
    assert json.loads(artifact["metadata"])["data"] == record["provenance"]["data"]
    files = ("config.yaml", "record.json", "metrics.csv", "probes.csv", "predictions.npz")
    own = {name: (record.directory / name).read_bytes() for name in files}
    assert artifact["files"] == own | {"depth-degradation/plan.json": b"{}"}


def test_rows_arrive_where_artifacts_are_refused(server: Server, tmp_path: Path) -> None:
    config = offline(tmp_path)
    go(config)
    server.refused |= {"ArtifactType", "CreateArtifact"}
    assert call(tmp_path) == 0
    assert mirror_of(server, config).steps == STEPS


def test_an_end_is_sent_too(server: Server, tmp_path: Path) -> None:
    stopped, diverged = offline(tmp_path, trainer__chunk_seconds=0), offline(tmp_path, recipe__lr=1e30)
    go(stopped, until=14)
    go(diverged)
    assert call(tmp_path) == 0
    assert mirror_of(server, stopped).state == "preempted"
    assert mirror_of(server, diverged).state == "failed"
    assert len(mirror_of(server, diverged).rows) == len(record_of(diverged).rows())


def test_only_the_runs_of_a_sweep(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ours, others = offline(tmp_path), offline(tmp_path, seed=1)
    others.findings = ["wide-vs-deep"]
    hidden = tiny(tmp_path / "runs", seed=2)
    hidden.findings = ["depth-degradation"]
    for config in (ours, others, hidden):
        go(config)
    assert call(tmp_path, "quick/depth-degradation") == 0
    assert list(server.runs) == [identify(ours).id]
    assert "1 of 2 runs are in W&B; 1 have not begun or are not for W&B (tracking=none)" in capsys.readouterr().out


def test_a_run_that_was_online_needs_nothing(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    followers: list[subprocess.Popen] = []
    monkeypatch.setattr(
        tracking.subprocess, "Popen", lambda *a, p=subprocess.Popen, **k: followers.append(p(*a, **k)) or followers[-1]
    )
    config = tiny(tmp_path / "runs", tracking="wandb")
    go(config)
    (follower,) = (process for process in followers if "findings.wandb_mirror.mirror" in process.args)
    assert follower.wait(60) == 0
    run = mirror_of(server, config)
    assert (run.steps, run.state) == (STEPS, "finished")
    server.requests.clear()
    assert call(tmp_path) == 0
    assert server.requests == []
    assert "nothing to send" in capsys.readouterr().out


def test_without_a_key_nothing_is_tried(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    go(offline(tmp_path))
    monkeypatch.delenv("WANDB_API_KEY")
    assert call(tmp_path) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("findings: W&B: no key for 127.0.0.1:")
    assert server.requests == []


def test_what_a_server_does_not_take_is_sent_later(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = offline(tmp_path)
    go(config)

    def refusal() -> str:
        assert call(tmp_path) == 1
        assert not sent(record_of(config))
        line, summary = capsys.readouterr().out.splitlines()
        assert line.startswith(f"not sent: {identify(config).id}: ")
        assert summary == "0 of 1 runs are in W&B"
        assert SECRET not in line
        return line

    with monkeypatch.context() as patch:
        with socket.create_server(("127.0.0.1", 0)) as closed:
            patch.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{closed.getsockname()[1]}")
        assert "W&B cannot be reached: " in refusal()
    with monkeypatch.context() as patch:
        patch.setattr(uploads, "SEND_SECONDS", 0.5)
        assert "no end after 0.5 s; given up" in refusal()
    server.refused = {"UpsertBucket"}
    refusal()
    server.refused = {"file_stream"}  # of which the client says nothing
    assert "the server has not taken every row" in refusal()
    server.refused = set()
    assert call(tmp_path) == 0
    assert mirror_of(server, config).steps == STEPS


def test_watching_ends_with_the_last_run(server: Server, tmp_path: Path) -> None:
    config = offline(tmp_path, trainer__chunk_seconds=0)
    go(config, until=14)
    command = [sys.executable, "-m", "findings.cli", "sync", "--watch", "--every", "0.2s"]

    def watch() -> "subprocess.Popen[str]":
        return subprocess.Popen(
            command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=dict(os.environ)
        )

    watching = watch()
    assert watching.stdout is not None
    assert watching.stdout.readline() == f"sent: {identify(config).id}: 1 epochs, interrupted\n"
    watching.send_signal(signal.SIGINT)
    assert "stopped; what is not sent yet, the same command sends" in watching.communicate(timeout=30)[0]
    assert watching.returncode == 0

    watching = watch()
    assert train(identify(config), stop=Stop(), progress=lambda *_: None, observer=tracking.mirror).status == "finished"
    assert "4 epochs, finished\n1 of 1 runs are in W&B\n" in watching.communicate(timeout=60)[0]
    assert watching.returncode == 0
    assert mirror_of(server, config).steps == STEPS


def test_two_at_once_do_not_send_a_run_twice(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = offline(tmp_path)
    go(config)
    with tracking.uploading(record_of(config).directory, wait=False):
        assert call(tmp_path) == 0
    assert f"left: {identify(config).id}: another process uploads it" in capsys.readouterr().out
    assert not server.runs
