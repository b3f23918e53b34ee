"""How a run ends, and what its record says of it."""

import json
import math
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from findings.cli.main import main
from findings.config.frozen import freeze
from findings.config.identity import identify
from findings.data.batches import Batches
from findings.errors import InputError
from findings.records.lease import lease
from findings.training.journal import Journal
from findings.training.processes import Unmet
from findings.training.signals import Stop
from findings.training.train import train
from tiny_runs import go, numbers, record_of, replaced, tiny, trained_once

ARITHMETIC = ("devices", "threads", "fast", "compiled", "precision")  # what decides rounding
SECRET = "0123456789abcdef0123456789abcdef01234567"


def break_at(position: int, error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the batch at ``position`` of epoch 1 raise."""

    def wrap(batch: Any) -> Any:
        def broken(self: Batches, where: int) -> Any:
            if (self.epoch, where) == (1, position):
                raise error
            return batch(self, where)

        return broken

    replaced(Batches, "at", wrap, monkeypatch)


def test_a_finished_run_is_skipped(tmp_path: Path) -> None:
    config = tiny(tmp_path)
    go(config)
    before = record_of(config).metrics.stat().st_mtime_ns
    assert go(config).status == "skipped"
    assert record_of(config).metrics.stat().st_mtime_ns == before
    assert record_of(config)["attempts"] == 1


def test_the_record_says_where_a_result_comes_from_and_nothing_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", SECRET)
    monkeypatch.setenv("HARMLESS", "a-value-of-the-environment")
    config = tiny(tmp_path, tracking="offline")
    go(config)
    record = record_of(config)
    assert set(record["provenance"]) == {"git", "packages", "data", "device", "hosts", "job", "restart", *ARITHMETIC}
    assert record["provenance"]["threads"] == 1
    assert record["provenance"]["data"]["train_images"] == 1437
    assert len(record["provenance"]["data"]["fingerprint"]) >= 32
    assert record["provenance"]["packages"]["torch"]
    assert (record["status"], record["iteration"], record["iterations"]) == ("finished", 40, 40)
    assert record["network"]["parameters"] > 1000
    assert record["wall_seconds"] > 0
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.suffix == ".wandb" for path in files)
    for path in files:
        content = path.read_bytes()
        assert SECRET.encode() not in content, path
        assert b"a-value-of-the-environment" not in content, path


def test_an_error_ends_in_the_record_and_retry_goes_on_from_the_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny(tmp_path, trainer__chunk_seconds=0, trainer__checkpoint_every=0)
    with monkeypatch.context() as patch:
        break_at(3, ValueError("the disk is on fire"), patch)
        outcome = go(config)
    assert (outcome.status, outcome.reason) == ("failed", "ValueError: the disk is on fire")
    record = record_of(config)
    assert record["status"] == "failed"
    assert "in broken" in record["traceback"]
    assert not record["diverged"]
    assert record["iteration"] == 15
    again = go(config)
    assert (again.status, record_of(config)["attempts"]) == ("failed", 1)
    assert "--retry-failed" in again.reason
    assert go(config, retry_failed=True).status == "finished"
    record = record_of(config)
    assert (record["attempts"], record["traceback"], record["reason"]) == (2, "", "")
    assert numbers(record) == trained_once()


def test_an_interrupt_that_does_not_wait_leaves_a_resumable_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny(tmp_path, trainer__chunk_seconds=0, trainer__checkpoint_every=0)
    with monkeypatch.context() as patch:
        break_at(3, KeyboardInterrupt(), patch)
        with pytest.raises(KeyboardInterrupt):
            go(config)
    assert record_of(config)["status"] == "interrupted"
    assert go(config).status == "finished"
    assert numbers(record_of(config)) == trained_once()


def test_restarts_after_a_crash_and_after_a_preemption_are_counted_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_ARRAY_JOB_ID", "7")
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "0")
    config = tiny(tmp_path, trainer__chunk_seconds=0, trainer__checkpoint_every=0)
    with monkeypatch.context() as patch:
        break_at(2, ValueError("the disk is on fire"), patch)
        go(config)
    go(config, until=20, retry_failed=True)
    record = record_of(config)
    assert (record["preemptions"], record["crashes"], record["resumed_at"]) == (0, 1, 14)
    go(config, until=25)
    record = record_of(config)
    assert (record["preemptions"], record["crashes"], record["resumed_at"]) == (1, 1, 20)
    record.update(status="running", asked=False)  # as a process that is killed leaves it
    go(config)
    record = record_of(config)
    assert (record["attempts"], record["preemptions"], record["crashes"]) == (4, 1, 2)


def test_divergence_is_a_result_with_numbers(tmp_path: Path) -> None:
    config = tiny(tmp_path, recipe__lr=1e30)
    outcome = go(config)
    record = record_of(config)
    assert outcome.status == record["status"] == "failed"
    assert record["diverged"]
    assert "diverged" in outcome.reason
    last = record.rows()[-1]
    assert math.isfinite(float(last["train_error"]))
    assert math.isfinite(float(last["test_error"]))
    assert go(config).status == "failed"
    assert len(record_of(config).rows()) == len(record.rows())
    go(config, retry_failed=True)  # begins anew: there are no weights to go on from
    assert numbers(record_of(config)) == numbers(record)
    assert record_of(config)["attempts"] == 2


def test_other_data_of_the_same_name_is_refused(tmp_path: Path) -> None:
    config = tiny(tmp_path)
    go(config, until=5)
    record = record_of(config)
    provenance = record["provenance"]
    provenance["data"]["fingerprint"] = "f" * 64
    record.update(provenance=provenance)
    with pytest.raises(InputError, match=r"data\.name: two data sets are called 'digits'"):
        go(config)


def test_a_directory_with_another_config_is_refused_with_the_keys(tmp_path: Path) -> None:
    config = tiny(tmp_path)
    go(config, until=5)
    path = record_of(config).config
    path.write_text(path.read_text().replace("momentum: 0.9", "momentum: 0.8"))
    with pytest.raises(InputError, match=r"recipe\.momentum \(0\.8 there, 0\.9 here\)"):
        go(config)


def test_a_resumed_run_keeps_the_threads_it_began_with(tmp_path: Path) -> None:
    config = tiny(tmp_path, trainer__chunk_seconds=0)
    go(config, until=5)
    go(tiny(tmp_path, trainer__threads=2))
    assert record_of(config)["provenance"]["threads"] == 1
    assert numbers(record_of(config)) == trained_once()


@pytest.mark.parametrize("torn", ["", "epoch,iter", "header", "row", "cell"])
def test_what_was_being_written_when_all_ended_is_cut(torn: str, tmp_path: Path) -> None:
    config = tiny(tmp_path, trainer__chunk_seconds=0)
    go(config, until=5 if torn in ("", "epoch,iter") else 20)
    metrics = record_of(config).metrics
    text = metrics.read_text() if metrics.exists() else ""
    row = "2,24,1.9,70.1,1.8,60.0,,,1.7,58.9,360,0.01,0.1,9000.5,44.1,14"
    metrics.write_text({"header": text, "row": text + row[:30], "cell": text + row}.get(torn, torn))
    assert go(config).status == "finished"
    assert numbers(record_of(config)) == trained_once()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_before_lightning_is_ready_still_ends_at_a_chunk(
    number: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lightning sets handlers of its own first; one that raised would lose the work."""
    monkeypatch.setattr(Journal, "on_fit_start", lambda *_: os.kill(os.getpid(), number), raising=False)
    config = tiny(tmp_path, trainer__chunk_seconds=0)
    handler = signal.getsignal(number)
    outcome = train(identify(config), stop=Stop(), progress=lambda *_: None)
    assert (outcome.status, outcome.reason) == ("interrupted", f"received {number.name}")
    assert record_of(config)["iteration"] == 1
    assert signal.getsignal(number) is handler


def test_a_slurm_job_is_no_business_of_lightnings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in (("JOB_ID", "7"), ("NTASKS", "4"), ("PROCID", "2"), ("LOCALID", "2"), ("NODEID", "0")):
        monkeypatch.setenv(f"SLURM_{key}", value)
    monkeypatch.setenv("SLURM_JOB_NAME", "a-job")
    config = tiny(tmp_path, recipe__iterations=12, recipe__milestones=[])
    assert go(config).status == "finished"
    assert json.loads(record_of(config).path.read_text())["status"] == "finished"


def test_a_run_that_another_process_took_over_is_left_to_it(tmp_path: Path) -> None:
    from findings.records.lease import Leased

    config = tiny(tmp_path, trainer__chunk_seconds=0)
    other = {"host": "elsewhere", "pid": 1, "born": "1", "job": None}

    def progress(iteration: int, _: int, __: str) -> None:
        if iteration == 15:
            (record_of(config).directory / "lease.json").write_text(json.dumps(other))

    with pytest.raises(Leased):
        train(identify(config), stop=Stop(), progress=progress)
    assert record_of(config)["status"] == "running"
    assert json.loads((record_of(config).directory / "lease.json").read_text()) == other


@pytest.mark.parametrize("error", [Unmet("host:1", "process 1 of 2 does not meet the others"), OSError(28, "No space")])
def test_what_another_start_may_change_is_no_bad_input_of_a_frozen_run(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise error

    frozen = tmp_path / "frozen.yaml"
    frozen.write_text(freeze(identify(tiny(tmp_path))))
    monkeypatch.setattr("findings.cli.train._train", fail)
    assert main(["train", "--frozen", str(frozen)]) == 1
    assert capsys.readouterr().err == f"findings: {error}\n"


def test_a_frozen_run_that_is_in_training_elsewhere_is_told_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tiny(tmp_path)
    frozen = tmp_path / "frozen.yaml"
    frozen.write_text(freeze(identify(config)))
    with lease(record_of(config).directory):
        assert main(["train", "--frozen", str(frozen)]) == 3
    assert "in training by process" in capsys.readouterr().err
