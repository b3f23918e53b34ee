"""What a plan freezes before its first run starts."""

from dataclasses import replace
from pathlib import Path

import pytest

from findings.config.frozen import thaw
from findings.config.identity import identify
from findings.errors import InputError
from findings.planning.freezing import freeze_run
from findings.planning.plan import PlannedRun, count
from findings.records.lease import lease
from findings.records.record import Record
from tiny_runs import tiny


def planned(directory: Path, **changes: object) -> PlannedRun:
    config = tiny(directory, **changes)
    return PlannedRun.of(identify(config), {}, count(config))


def test_every_run_is_on_disk_before_any_starts(tmp_path: Path) -> None:
    runs = [planned(tmp_path, seed=seed) for seed in range(3)]
    for run in runs:
        freeze_run(run)
    for run in runs:
        record = Record(tmp_path / run.id)
        assert thaw(record.config).config == run.config
        assert record.status == "planned"
        assert record["seed"] == run.config.seed


def test_a_run_that_has_begun_keeps_its_threads_and_may_find_its_data_elsewhere(tmp_path: Path) -> None:
    run = freeze_run(planned(tmp_path, trainer__threads=1))
    again = freeze_run(planned(tmp_path, trainer__threads=2, trainer__devices=2))
    assert (again.config.trainer.threads, again.config.trainer.devices) == (1, 2)  # so far it was planned, no more
    Record(tmp_path / run.id).update(attempts=1)
    again = freeze_run(planned(tmp_path, trainer__threads=2, trainer__devices=1, data__root="elsewhere"))
    assert (again.config.trainer.threads, again.config.trainer.devices) == (1, 2)
    assert again.config.data.root == "elsewhere"
    assert thaw(tmp_path / again.id / "config.yaml").config == again.config


def test_a_run_in_training_elsewhere_is_left_alone(tmp_path: Path) -> None:
    run = freeze_run(planned(tmp_path))
    directory = tmp_path / run.id
    before = (directory / "config.yaml").read_text()
    with lease(directory):
        freeze_run(planned(tmp_path, data__root="elsewhere"))
    assert (directory / "config.yaml").read_text() == before


def test_another_runs_config_is_refused_by_its_keys(tmp_path: Path) -> None:
    run, other = planned(tmp_path), planned(tmp_path, recipe__lr=0.2)
    freeze_run(run)
    (tmp_path / run.id).rename(tmp_path / other.id)
    with pytest.raises(InputError, match=r"recipe\.lr \(0\.1 there, 0\.2 here\)"):
        freeze_run(replace(other))


def test_a_damaged_record_stands_in_nobodys_way(tmp_path: Path) -> None:
    """Its run's next start sets it aside."""
    run = freeze_run(planned(tmp_path))
    (tmp_path / run.id / "record.json").write_text('{"status": "fin')
    freeze_run(run)
    assert Record(run.directory).status == "damaged"
