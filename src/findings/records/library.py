"""Recorded runs for notebooks: chosen by position, by id, or by what they are; ``findings.runs("runs")``.

Records and frozen configs are all that is read: no torch, no Hydra. pandas is imported with the first table.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from findings.config.frozen import science
from findings.errors import InputError
from findings.records.record import Record
from findings.system.terminal import warn

if TYPE_CHECKING:
    from pandas import DataFrame

    from findings.records.predictions import Predictions

FIELDS = ("id", "name", "arm", "seed", "status", "scale")


class RecordedRun:
    """One run, as its record was when it was read; ``curves`` and ``probes`` are read anew whenever asked for."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.id = record.directory.name
        self.name = str(record["name"])  # of the network
        self.arm = str(record["arm"])  # the id without the seed
        self.seed = int(record["seed"])
        self.status = record.status  # planned, running, finished, failed or interrupted
        self.scale = str(record["scale"])

    def __repr__(self) -> str:
        return f"<{self.id}: {self.status}>"

    @cached_property
    def config(self) -> dict[str, Any]:
        """What decides its numbers, flat: ``{"seed": 0, "streams": 2, "model.depth": 56, "recipe.lr": 0.1, ...}``.

        ``streams`` is the version of the random streams: runs begun before there was one have 1.
        """
        return {"seed": self.seed, "streams": self.record.get("streams", 1)} | science(self.record.config)

    @property
    def curves(self) -> "DataFrame":
        """metrics.csv: one row per evaluated epoch; errors in percent, what was not measured is NaN."""
        from findings.records import frames

        return frames.curves(self.record)

    @property
    def probes(self) -> "DataFrame":
        """probes.csv: one row per number of a probe, at an iteration; of every finished run its calibration error."""
        from findings.records import frames

        return frames.probes(self.record)

    @property
    def predictions(self) -> "Predictions | None":
        """Class, logits and label of every test image, and their ``confusion``; None where they were not kept."""
        from findings.records import predictions

        return predictions.read(self.record.predictions)


class Runs(Sequence[RecordedRun]):
    """Some runs of a folder, by id."""

    def __init__(self, runs: Iterable[RecordedRun], runs_dir: Path) -> None:
        self._runs = list(runs)
        self.runs_dir = runs_dir

    def __len__(self) -> int:
        return len(self._runs)

    @overload
    def __getitem__(self, key: int | str) -> RecordedRun: ...
    @overload
    def __getitem__(self, key: slice) -> "Runs": ...
    def __getitem__(self, key: int | str | slice) -> "RecordedRun | Runs":
        """By position, or by any part of an id that no other of these runs has: otherwise raises InputError."""
        if isinstance(key, slice):
            return Runs(self._runs[key], self.runs_dir)
        if isinstance(key, str):
            ids = [run.id for run in self._runs]
            return self._runs[
                ids.index(one_run(key, ids, missing=f"no such run in {self.runs_dir}", where=f" in {self.runs_dir}"))
            ]
        return self._runs[key]

    def __repr__(self) -> str:
        return f"<{len(self)} runs of {self.runs_dir}>"

    def _repr_html_(self) -> str:
        return str(self.table._repr_html_())

    def where(self, **wanted: Any) -> "Runs":
        """Those runs that have all these values: of id, name, arm, seed, status, scale, or of a key of their config.

        ``model`` is a network and its variants, whose names go on after a hyphen: "plain56" is plain56-w8, too;
        ``name`` is one exactly. Keys with dots are given as ``**{"recipe.lr": 0.1}``. Raises InputError for a key that
        no run has.
        """
        known = dict.fromkeys([*FIELDS, "model", *(key for run in self if wanted for key in run.config)])
        for key in wanted:
            if self and key not in known:
                raise InputError(key, "no such key of these runs", known, key)
        return Runs((run for run in self if all(_has(run, *item) for item in wanted.items())), self.runs_dir)

    @property
    def curves(self) -> "DataFrame":
        """All rows of all runs, for ``seaborn.lineplot(runs.curves, x="iteration", y="test_error", hue="name")``.

        Each row has its run's id, name, arm, seed, and the config keys in which these runs differ.
        """
        from findings.records import frames

        return frames.all_curves(self)

    @property
    def table(self) -> "DataFrame":
        """One row per run: id, name, seed, status, the last epoch's errors in percent, the config keys that differ."""
        from findings.records import frames

        return frames.table(self)


def read(runs_dir: Path) -> Runs:
    """Every run of a folder that has a record, planned ones included. Raises InputError where there is no folder."""
    if not runs_dir.is_dir():
        raise InputError(str(runs_dir), f"no such folder in {Path.cwd()}; training makes it, or runs_dir names another")
    return Runs(map(RecordedRun, readable(runs_dir)), runs_dir)


def readable(runs_dir: Path) -> list[Record]:
    """Every record of a folder, by id; of one that is damaged no more than a warning."""
    found = [Record(path.parent) for path in sorted(runs_dir.glob("*/record.json"))]
    for record in found:
        if record.damage:
            warn(str(record.damage))
    return [record for record in found if not record.damage]


def one_run(text: str, runs: Iterable[str], *, missing: str, where: str = "") -> str:
    """The one of ``runs`` with this id, or with ``text`` as a part of it.

    ``missing`` is what to say if there is none, ``where`` comes after "run ids" if there are several.
    """
    known = sorted(set(runs))
    found = [text] if text in known else [run for run in known if text in run]
    if len(found) > 1:
        raise InputError(f"'{text}'", f"is part of {len(found)} run ids{where}", found)
    if not found:
        raise InputError(f"'{text}'", missing, known, text)
    return found[0]


def _has(run: RecordedRun, key: str, value: Any) -> bool:
    if key == "model":
        return run.name == value or run.name.startswith(f"{value}-")
    if key in FIELDS:
        return bool(getattr(run, key) == value)
    return key in run.config and bool(run.config[key] == (list(value) if isinstance(value, tuple) else value))
