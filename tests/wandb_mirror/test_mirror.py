"""The W&B mirror, through the real client: what it is told, and that it is never in the way."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import transaction_log
from findings.config.identity import identify
from findings.config.schema import Config
from findings.wandb_mirror import mirror as tracking
from findings.wandb_mirror import server as account
from tiny_runs import go, record_of, tiny, trained

SECRET = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def no_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for key in ("WANDB_API_KEY", "WANDB_MODE", "WANDB_BASE_URL"):
        monkeypatch.delenv(key, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("WANDB_CONFIG_DIR", str(tmp_path / "config"))


def segments(config: Config) -> list[dict[str, Any]]:
    return transaction_log.segments(record_of(config).directory)


def test_offline_the_log_says_what_the_record_says(tmp_path: Path) -> None:
    config = tiny(tmp_path, tracking="offline", seed=3)
    config.findings = ["depth-degradation"]
    go(config)
    (segment,) = segments(config)
    identity, run = identify(config), segment["run"]
    assert (run.run_id, run.run_group, run.job_type) == (identity.id, identity.arm, "train")
    assert sorted(run.tags) == ["depth-degradation", "quick"]
    assert segment["config"]["recipe.lr"] == 0.1
    assert segment["config"]["model.depth"] == 8
    assert segment["config"]["seed"] == 3
    assert segment["config"]["trainer.fast"] is True
    assert run.display_name == f"{identity.name} s3"
    rows = record_of(config).rows()
    assert [row["epoch"] for row in segment["rows"]] == [1, 2, 3, 4]
    for mirrored, recorded in zip(segment["rows"], rows, strict=True):
        assert mirrored["_step"] == mirrored["iteration"] == int(recorded["iteration"])
        assert mirrored["test_error"] == pytest.approx(float(recorded["test_error"]))
        assert "validation_error" not in mirrored


def test_probes_are_in_the_summary_but_for_those_of_every_weight(tmp_path: Path) -> None:
    probes = "findings.training.probes"
    asked = f"[{{_target_:{probes}.filters.FirstLayerFilters}},{{_target_:{probes}.jacobian.Jacobian,at:[0,-1]}}]"
    config = tiny(tmp_path, tracking="offline", evaluation__shifts=[1], evaluation__probes=asked)
    go(config)
    (segment,) = segments(config)
    rows = record_of(config).probe_rows()
    expected = {
        f"{row['probe']}/{row['key']}/{row['number']}": float(row["value"])
        for row in rows
        if row["iteration"] == "40" and row["probe"] != "first_layer_filters"
    }
    assert {"shift/1/test_error", "final/test/calibration_error", "jacobian/logits/singular_value_mean"} < set(expected)
    assert {key: value for key, value in segment["summary"].items() if "/" in key} == pytest.approx(expected)


def test_a_resumed_run_mirrors_every_row_once_and_only_what_a_checkpoint_covers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny(tmp_path, tracking="offline", trainer__chunk_seconds=0)
    go(config, until=14)
    time.sleep(1.1)  # the client names its folders by the second
    record = record_of(config)
    record.update(iteration=0)  # as after a kill between the checkpoint and the record
    saved: list[int] = []
    monkeypatch.setattr(
        tracking,
        "log_row",
        lambda run, row, log=tracking.log_row: (saved.append(record_of(config)["iteration"]), log(run, row)),
    )
    go(config)
    first, second = segments(config)
    assert [row["epoch"] for row in first["rows"]] == [1]
    assert [row["_step"] for row in second["rows"]] == [12, 24, 36, 40]
    assert first["run"].run_id == second["run"].run_id
    assert all(covered >= row["_step"] for covered, row in zip(saved, second["rows"], strict=True))


def test_a_client_that_dies_costs_neither_this_run_nor_the_next(tmp_path: Path) -> None:
    config = tiny(tmp_path, tracking="offline", trainer__chunk_seconds=0, trainer__checkpoint_every=0)
    from findings.training.signals import Stop
    from findings.training.train import train

    def progress(iteration: int, _: int, __: str) -> None:
        if iteration == 15:
            children = subprocess.run(
                ["ps", "-o", "pid=,args=", "--ppid", str(os.getpid())], capture_output=True, text=True
            )
            (client,) = (line.split()[0] for line in children.stdout.splitlines() if "wandb-core" in line)
            os.kill(int(client), signal.SIGKILL)

    assert train(identify(config), stop=Stop(), progress=progress, observer=tracking.mirror).status == "finished"
    assert "mirrors all of its rows" in (record_of(config).directory / "wandb" / "mirror.log").read_text()
    following = tiny(tmp_path, tracking="offline", seed=1)
    go(following)
    assert len(segments(following)[0]["rows"]) == 4


@pytest.fixture(params=["refuses", "never answers", "talks nonsense"])
def server(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a server that is of no use."""
    listener = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    if request.param == "refuses":
        listener.close()
    connections = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connections.append(connection)
            if request.param == "talks nonsense":
                connection.recv(1024)
                connection.sendall(b"what?\n\n")

    threading.Thread(target=serve, daemon=True).start()
    yield address
    listener.close()


def test_an_outage_neither_slows_nor_fails_a_run(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = time.monotonic()
    expected = trained(tmp_path / "none")
    without = time.monotonic() - started
    monkeypatch.setenv("WANDB_API_KEY", SECRET)
    monkeypatch.setenv("WANDB_BASE_URL", server)
    config = tiny(tmp_path / "online", tracking="wandb")
    assert tracking.mode(config.tracking.mode) == "online"
    followers: list[subprocess.Popen] = []
    monkeypatch.setattr(
        tracking.subprocess, "Popen", lambda *a, p=subprocess.Popen, **k: followers.append(p(*a, **k)) or followers[-1]
    )
    started = time.monotonic()
    assert go(config).status == "finished"
    assert time.monotonic() - started < without + 3
    assert len(record_of(config).rows()) == len(expected)
    (follower,) = (process for process in followers if "findings.wandb_mirror.mirror" in process.args)
    assert follower.wait(60) == 0
    log = (record_of(config).directory / "wandb" / "mirror.log").read_text()
    assert "W&B cannot be reached" in log
    assert "Traceback" not in log
    (segment,) = segments(config)
    assert [row["epoch"] for row in segment["rows"]] == [1, 2, 3, 4]
    for path in (path for path in tmp_path.rglob("*") if path.is_file()):
        assert SECRET.encode() not in path.read_bytes(), path


def test_the_mode_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert tracking.mode("auto") == "offline"
    (tmp_path / "netrc").write_text(f"machine api.wandb.ai login user password {SECRET}\n")
    assert tracking.mode("auto") == "online"
    monkeypatch.setenv("WANDB_BASE_URL", "https://wandb.example.org")
    assert tracking.mode("auto") == "offline"
    monkeypatch.setenv("WANDB_API_KEY", SECRET)
    assert tracking.mode("auto") == "online"
    for told, meant in (("disabled", "none"), ("dryrun", "offline"), ("offline", "offline"), ("run", "online")):
        monkeypatch.setenv("WANDB_MODE", told)
        assert tracking.mode("auto") == meant
    assert tracking.mode("none") == "none"


def test_a_key_is_found_where_a_login_leaves_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By whichever name the client's version gives W&B's server, and for a server of one's own."""
    for host in ("api.wandb.ai", "api.forge.coreweave.com"):
        (tmp_path / "netrc").write_text(f"machine {host} login user password {SECRET}\n")
        assert account.has_key()
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "settings").write_text("[default]\nbase_url = https://wandb.example.org:8080\n")
    assert account.server() == "https://wandb.example.org:8080"
    assert not account.has_key()
    (tmp_path / "netrc").write_text(f"machine wandb.example.org:8080 login user password {SECRET}\n")
    assert account.has_key()


def test_the_mirror_process_ends_with_a_parent_that_is_gone(tmp_path: Path) -> None:
    config = tiny(tmp_path, trainer__chunk_seconds=0)
    go(config, until=14)
    record = record_of(config)
    record.update(status="running")  # as after a kill
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    (record.directory / "wandb").mkdir()
    arguments = tracking.arguments_of(identify(config), record)
    environment = {**os.environ, "WANDB_BASE_URL": "http://127.0.0.1:9", "WANDB_API_KEY": SECRET}
    command = [sys.executable, "-m", "findings.wandb_mirror.mirror", str(record.directory), str(dead.pid)]
    subprocess.run(command, input=json.dumps(arguments), text=True, check=True, timeout=60, env=environment)
    assert [row["_step"] for row in segments(config)[0]["rows"]] == [12]
