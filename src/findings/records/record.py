"""What a run leaves behind, in runs/<run id>/: config.yaml, record.json, metrics.csv, checkpoints/last.ckpt; of what
it was probed with, probes.csv (probes.py), and of its end predictions.npz (predictions.py).

The record is the source of truth; everything downstream reads it and nothing else.
"""

import csv
import io
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from findings.errors import InputError
from findings.records.probes import PROBE_COLUMNS, in_long_form
from findings.system.files import needing_room, read_steadily, write_atomically

COLUMNS = (
    "epoch",
    "iteration",
    "train_loss",
    "train_error",
    "remeasured_train_loss",
    "remeasured_train_error",
    "validation_loss",
    "validation_error",
    "test_loss",
    "test_error",
    "test_images",
    "lr",
    "seconds",
    "images_per_second",
    "peak_memory_mib",
    "train_images",  # of train_error and train_loss, which are over as many steps before ``iteration`` as an epoch has
    "timestamp",  # when the row was written: seconds since 1970, empty in records of earlier versions
)
WHOLE = ("epoch", "iteration")  # columns of whole numbers, which no row is without
STATUSES = ("planned", "running", "finished", "failed", "interrupted")
ENDED = ("finished", "failed")  # of themselves: no other start goes on with these
# the columns that differ when a run is repeated
TIMING = ("seconds", "images_per_second", "peak_memory_mib", "timestamp")


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


class Damaged(InputError):
    """A file of one run cannot be read. Others are not harmed; the run's next start sets it aside."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(str(path), f"is damaged ({problem}); its run's next start sets it aside")
        self.path = path


class Record:
    """The record in one run directory. Only the process that holds the run's lease writes it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.path = directory / "record.json"
        self.metrics = directory / "metrics.csv"
        self.probes = directory / "probes.csv"
        self.predictions = directory / "predictions.npz"
        self.config = directory / "config.yaml"
        self.checkpoint = directory / "checkpoints" / "last.ckpt"
        self.damage: Damaged | None = None  # of record.json, which then says nothing
        self.fields = self._read()

    def _read(self) -> dict[str, Any]:
        try:
            fields = json.loads(read_steadily(self.path))
        except FileNotFoundError:
            return {}
        except ValueError as error:
            self.damage = Damaged(self.path, " ".join(str(error).split()))
            return {}
        if not isinstance(fields, dict):
            self.damage = Damaged(self.path, "it holds no keys")
            return {}
        return fields

    def __getitem__(self, key: str) -> Any:
        return self.fields[key]

    def get(self, key: str, default: Any = None) -> Any:
        return self.fields.get(key, default)

    @property
    def status(self) -> str:
        return "damaged" if self.damage else str(self.fields.get("status", "planned"))

    @property
    def is_finished(self) -> bool:
        """And has its rows, to the last."""
        return self.status == "finished" and not self.is_cut_short

    @property
    def is_cut_short(self) -> bool:
        """Whether a finished run has lost its last rows: what can be read of it is not what it found."""
        if self.status != "finished":
            return False
        try:
            rows = self._metrics(last=1)
        except Damaged:
            return True
        return not rows or int(rows[-1]["iteration"]) != self.get("iterations")

    @property
    def has_begun(self) -> bool:
        """Whether the run was ever in training; otherwise it was planned at most."""
        return bool(self.fields.get("attempts"))

    def update(self, **changes: Any) -> None:
        """Change fields of record.json, on disk, at once."""
        self.fields |= changes
        self.directory.mkdir(parents=True, exist_ok=True)
        write_atomically(self.path, json.dumps(self.fields, indent=1) + "\n")

    def write_config(self, text: str) -> None:
        write_atomically(self.config, text)

    def forget_training(self) -> None:
        """Remove rows and checkpoint: the next attempt begins anew."""
        self.metrics.unlink(missing_ok=True)
        self.probes.unlink(missing_ok=True)
        self.predictions.unlink(missing_ok=True)
        self.checkpoint.unlink(missing_ok=True)
        self.update(iteration=0, wall_seconds=0.0)

    def rows(self) -> list[dict[str, str]]:
        """metrics.csv, one row per evaluated epoch; a cell that was not measured is empty. Raises Damaged."""
        return self._metrics()

    def _metrics(self, last: int | None = None) -> list[dict[str, str]]:
        rows = _rows(self.metrics, last)
        if rows and not {"epoch", "iteration"} <= rows[0].keys():
            raise Damaged(self.metrics, f"its columns are {', '.join(rows[0])}")
        return rows

    def probe_rows(self) -> list[dict[str, str]]:
        """probes.csv, one row per number, also where it was written before a probe could name its numbers."""
        return in_long_form(_rows(self.probes), self.get("iterations"))

    def append(self, row: dict[str, Any]) -> None:
        """Add the row of one evaluated epoch."""
        text = _csv([row], COLUMNS, header=not self.metrics.exists())
        with needing_room(self.metrics, len(text)), self.metrics.open("a", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())

    def add_probes(self, rows: list[dict[str, Any]]) -> None:
        """Add what was measured at one iteration, all at once."""
        write_atomically(self.probes, _csv([*self.probe_rows(), *rows], PROBE_COLUMNS, header=True))

    def cut_back(self, iteration: int) -> None:
        """Drop rows after ``iteration``, where the checkpoint stands, and what was being written when all ended."""
        text = _csv([row for row in self.rows() if int(row["iteration"]) <= iteration], COLUMNS, header=True)
        if self.metrics.exists() and self.metrics.read_text() != text:
            write_atomically(self.metrics, text)

    def cut_back_probes(self, iteration: int, *, ended: bool) -> None:
        """Drop what was probed after ``iteration``, and what was predicted unless the run has ``ended``."""
        rows = self.probe_rows()
        left = [row for row in rows if int(row["iteration"]) <= iteration]
        if not left:
            self.probes.unlink(missing_ok=True)
        elif left != rows:
            write_atomically(self.probes, _csv(left, PROBE_COLUMNS, header=True))
        if not ended:
            self.predictions.unlink(missing_ok=True)


def _rows(path: Path, last: int | None = None) -> list[dict[str, str]]:
    """All rows of a table, or the ``last`` ones. Raises Damaged for one that no program of ours has left so."""
    try:
        text = read_steadily(path).decode("utf-8-sig")
    except FileNotFoundError:
        return []
    except UnicodeDecodeError as error:
        raise Damaged(path, str(error)) from None
    lines = text.splitlines()
    if last is not None:
        lines = [*lines[:1], *lines[1:][-last - 1 :]]  # the last of them may be half a row
    rows = [row for row in csv.DictReader(lines) if _complete(row)]
    for row in rows:
        for column in WHOLE:
            if column in row and not row[column].isdigit():
                raise Damaged(path, f"{column} '{row[column]}' is no whole number")
    return rows if last is None else rows[-last:]


def _complete(row: dict[str, str]) -> bool:
    """Rows are written in one piece; after a power cut the last may still be short."""
    return None not in row and None not in row.values()


def _csv(rows: list[dict[str, Any]], columns: tuple[str, ...], *, header: bool) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    if header:
        writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
