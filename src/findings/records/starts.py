"""The run whose final weights another begins with: ``init_from.run``."""

import re
from pathlib import Path

from findings.config.identity import Run
from findings.errors import InputError
from findings.records.record import Record


def begun_with(run: Run) -> str | None:
    """Its id; of an arm, that of the arm's run with this one's seed. None: ``run`` begins with new weights."""
    given = run.config.init_from.run
    return given if given is None or re.search(r"-s\d+$", given) else f"{given}-s{run.config.seed}"


def source(run: Run) -> Record | None:
    """Its record; raises InputError where it is not there, not finished, or without its weights."""
    name = begun_with(run)
    if name is None:
        return None
    folder = Path(run.config.runs_dir)
    record = Record(folder / name)
    if not record.path.exists():
        known = sorted(path.parent.name for path in folder.glob("*/record.json"))
        raise InputError("init_from.run", f"there is no run {name} in {folder}; train it first", known, name)
    if record.status != "finished":
        raise InputError("init_from.run", f"{name} is {record.status}; it has to be finished first")
    if not record.checkpoint.exists():  # it was imported: weights of finished runs do not travel
        raise InputError("init_from.run", f"the weights of {name} are not in {record.checkpoint.parent}")
    return record
