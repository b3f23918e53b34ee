"""Under a W&B agent: which W&B run is ours, and what becomes of it when the agent's job ends early."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import transaction_log
from findings.config.identity import identify
from findings.errors import InputError
from findings.wandb_mirror.agent import run_agent
from findings.wandb_mirror.state import take_imposed
from tiny_runs import OVERRIDES, go, record_of, tiny
from wandb_server import Server, serving

# long enough to be ended before its end
LONGER = {
    "recipe__iterations": 60,
    "trainer__checkpoint_every": 0,
    "trainer__chunk_seconds": 0.05,
}
SECRET = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def no_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for key in ("WANDB_API_KEY", "WANDB_MODE", "WANDB_BASE_URL", "WANDB_PROJECT", "WANDB_ENTITY"):
        monkeypatch.delenv(key, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("WANDB_CONFIG_DIR", str(tmp_path / "config"))


def impose(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, run_id: str) -> None:
    """The environment that `wandb agent` starts a run with."""
    parameters = tmp_path / f"config-{run_id}.yaml"
    parameters.write_text("wandb_version: 1\n\nmodel:\n  value: resnet20\nseed:\n  value: 0\n")
    monkeypatch.setenv("WANDB_SWEEP_ID", "mysweep1")
    monkeypatch.setenv("WANDB_RUN_ID", run_id)
    monkeypatch.setenv("WANDB_SWEEP_PARAM_PATH", str(parameters))
    monkeypatch.setenv("WANDB_PROJECT", "studies")


def test_the_imposed_run_is_kept_whoever_resumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tiny(tmp_path, tracking="offline", trainer__chunk_seconds=0)
    impose(monkeypatch, tmp_path, "given1")
    go(config, until=14)
    assert record_of(config)["wandb"] == {
        "id": "given1",
        "sweep": "mysweep1",
        "project": "studies",
        "entity": None,
        "parameters": {"model": "resnet20", "seed": 0},
    }
    assert not {key for key in os.environ if key in ("WANDB_SWEEP_ID", "WANDB_RUN_ID", "WANDB_SWEEP_PARAM_PATH")}
    time.sleep(1.1)  # the client names its folders by the second
    go(config, until=26)  # without an agent
    time.sleep(1.1)
    impose(monkeypatch, tmp_path, "given2")
    go(config)  # and under another
    segments = transaction_log.segments(record_of(config).directory)
    assert [segment["run"].run_id for segment in segments] == ["given1"] * 3
    assert [segment["run"].sweep_id for segment in segments] == ["mysweep1"] * 3
    assert [segment["run"].project for segment in segments] == ["studies"] * 3
    assert segments[0]["config"]["model"] == "resnet20"
    assert segments[0]["run"].display_name == f"{identify(config).name} s{config.seed}"
    assert [row["_step"] for row in segments[-1]["rows"]] == [12, 24, 36, 40]


def test_the_imposed_run_is_for_one_run_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    impose(monkeypatch, tmp_path, "given1")
    short = {"tracking": "offline", "recipe__iterations": 12, "recipe__milestones": []}
    first, second = tiny(tmp_path, **short), tiny(tmp_path, seed=1, **short)
    go(first)
    go(second)
    assert record_of(second)["wandb"] == {"id": identify(second).id}
    (segment,) = transaction_log.segments(record_of(second).directory)
    assert (segment["run"].run_id, segment["run"].sweep_id) == (identify(second).id, "")


def test_a_run_that_began_without_an_agent_stays_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tiny(tmp_path, tracking="offline", trainer__chunk_seconds=0)
    go(config, until=14)
    time.sleep(1.1)
    impose(monkeypatch, tmp_path, "given1")
    go(config)
    segments = transaction_log.segments(record_of(config).directory)
    assert {segment["run"].run_id for segment in segments} == {identify(config).id}


def test_a_run_id_alone_is_no_agents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_RUN_ID", "mine")
    monkeypatch.delenv("WANDB_SWEEP_ID", raising=False)
    assert take_imposed() is None


# --- W&B's own agent, and a server that hands out runs


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("WANDB_API_KEY", SECRET)
    with serving() as server:
        monkeypatch.setenv("WANDB_BASE_URL", server.address)
        yield server


def create_sweep(directory: Path, **changes: Any) -> str:
    """`wandb sweep` on a file like ours, of one run of a second or two; returns ENTITY/PROJECT/ID."""
    merged = OVERRIDES | {"tracking": "wandb"} | {key.replace("__", "."): value for key, value in changes.items()}
    axes = {key: {"value": value} for key, value in merged.items()} | {"seed": {"values": [0]}}
    command = ["${env}", "findings", "train", "${args_no_hyphens}"]
    content = {"program": "findings", "method": "grid", "name": "one", "parameters": axes, "command": command}
    (directory / "one.yaml").write_text(yaml.safe_dump(content))
    made = subprocess.run(
        [sys.executable, "-m", "wandb", "sweep", "--project", "studies", "one.yaml"],
        cwd=directory, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    found = re.search(r"wandb agent (\S+)", made.stderr + made.stdout)
    assert found, made.stderr
    return found[1]


def agent(directory: Path, sweep: str, request: pytest.FixtureRequest) -> "subprocess.Popen[str]":
    """A task of an array that trains the sweep; whatever fails, it does not outlive the test."""
    task = subprocess.Popen(
        [sys.executable, "-m", "findings.wandb_mirror.agent", sweep],
        cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    request.addfinalizer(task.wait)
    request.addfinalizer(task.terminate)
    return task


def records(directory: Path) -> list[dict[str, Any]]:
    return [yaml.safe_load(path.read_text()) for path in sorted(directory.glob("runs/*/record.json"))]


def test_an_agents_job_that_is_ended_early_goes_on_in_the_same_run(
    server: Server, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    sweep = create_sweep(tmp_path, **LONGER)
    job = agent(tmp_path, sweep, request)
    deadline = time.monotonic() + 120
    while not any(record.get("iteration", 0) >= 12 for record in records(tmp_path)):
        assert time.monotonic() < deadline, "it did not begin"
        assert job.poll() is None, job.communicate()[0]
        time.sleep(0.1)
    job.send_signal(signal.SIGUSR1)
    output = job.communicate(timeout=60)[0]
    assert job.returncode == 75, output
    (record,) = records(tmp_path)
    assert (record["status"], record["reason"]) == ("interrupted", "received SIGTERM"), output
    (run,) = server.runs.values()
    assert (run.state, run.sweep) == ("preempted", sweep.rpartition("/")[2])
    assert record["wandb"]["id"] == run.name
    assert run.steps[0] == 12

    again = agent(tmp_path, sweep, request)
    output = again.communicate(timeout=200)[0]
    assert again.returncode == 0, output
    assert [record["status"] for record in records(tmp_path)] == ["finished"], output
    assert list(server.runs) == [record["wandb"]["id"]]  # W&B's grid had no other run to hand out
    assert (run.state, run.steps) == ("finished", [12, 24, 36, 48, 60])
    assert (run.values["model.depth"], run.values["scale"], run.values["seed"]) == (8, "quick", 0)
    assert not server.unknown
    for path in (path for path in tmp_path.rglob("*") if path.is_file()):
        assert SECRET.encode() not in path.read_bytes(), path


def test_where_wandb_cannot_be_asked_it_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="W&B: no key for api"):
        run_agent("team/studies/x")
    monkeypatch.setenv("WANDB_API_KEY", SECRET)
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    with pytest.raises(InputError, match=r"127\.0\.0\.1:9 cannot be reached from here .*`findings sync` afterwards"):
        run_agent("team/studies/x")
