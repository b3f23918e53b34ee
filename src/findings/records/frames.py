"""Records as pandas tables: a run's curves and probes, and those of many runs with what tells the runs apart."""

from collections.abc import Sequence
from typing import Any

from pandas import DataFrame, Series, concat

from findings.records.library import RecordedRun
from findings.records.probes import PROBE_COLUMNS
from findings.records.record import COLUMNS, Record

WHOLE = ("epoch", "iteration", "train_images", "test_images")  # columns that count
TEXT = ("probe", "key", "number", "remark")
ERRORS = ("train_error", "remeasured_train_error", "validation_error", "test_error")


def curves(record: Record) -> DataFrame:
    """metrics.csv, one row per evaluated epoch, all columns numbers; a cell that was not measured is NaN."""
    return _frame(record.rows(), COLUMNS)


def probes(record: Record) -> DataFrame:
    """probes.csv, one row per number, with the remark why there is none."""
    return _frame(record.probe_rows(), PROBE_COLUMNS)


def all_curves(runs: Sequence[RecordedRun]) -> DataFrame:
    """The curves of all runs below each other, each row with id, name, arm, seed and the config keys that differ."""
    each = [run.curves for run in runs]
    heads = _heads(runs, ("id", "name", "arm", "seed"), differing(runs))
    repeated = heads.iloc[[position for position, frame in enumerate(each) for _ in range(len(frame))]]
    # empty ones would have a say in the columns' types
    rows = concat([frame for frame in each if len(frame)] or [_frame([], COLUMNS)], ignore_index=True)
    return concat([repeated.reset_index(drop=True), rows], axis=1)


def table(runs: Sequence[RecordedRun]) -> DataFrame:
    """One row per run: id, name, seed, status, the last epoch's errors in percent, the config keys that differ."""
    last = [(run.record.rows() or [{}])[-1] for run in runs]
    errors = DataFrame({name: _column(name, [row.get(name, "") for row in last]) for name in ERRORS})
    config = _heads(runs, (), differing(runs))
    return concat([_heads(runs, ("id", "name", "seed", "status"), []), errors, config], axis=1)


def differing(runs: Sequence[RecordedRun]) -> list[str]:
    """The config keys whose values are not the same in all runs; without the seed, which is a column anyway."""
    keys = dict.fromkeys(key for run in runs for key in run.config if key != "seed")
    absent = object()
    return [key for key in keys if any(run.config.get(key, absent) != runs[0].config.get(key, absent) for run in runs)]


def _heads(runs: Sequence[RecordedRun], fields: Sequence[str], keys: Sequence[str]) -> DataFrame:
    """One row per run. Lists become text, which can be grouped by and coloured by."""
    columns: dict[str, list[Any]] = {field: [getattr(run, field) for run in runs] for field in fields}
    for key in keys:
        values = [run.config.get(key) for run in runs]
        columns[key] = [str(value) if isinstance(value, list) else value for value in values]
    return DataFrame(columns, index=range(len(runs)))


def _frame(rows: list[dict[str, str]], columns: Sequence[str]) -> DataFrame:
    columns = list(rows[0]) if rows else columns  # records of an earlier version may have fewer
    return DataFrame({name: _column(name, [row[name] for row in rows]) for name in columns})


def _column(name: str, cells: list[str]) -> Series:
    if name in TEXT:
        return Series(cells, dtype="object")
    numbers = [float(cell) if cell else float("nan") for cell in cells]
    return Series(numbers, dtype="float64").astype("int64" if name in WHOLE and all(cells) else "float64")
