"""Make records of what others' mirrors have sent to a project of W&B.

What is read are the artifacts of the records (artifact.py): every row, as it was recorded, to the last digit. W&B's
history is a copy of it, of which its server may answer with a sample.
"""

import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from findings.errors import InputError
from findings.records.record import ENDED, Record
from findings.records.transfer import Carried, place, progress, refuse_strange
from findings.system.files import write_atomically
from findings.wandb_mirror.artifact import OWN, TYPE
from findings.wandb_mirror.contents import covered
from findings.wandb_mirror.state import note_sent, state

SECONDS = 30  # for an answer
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")  # of a run, a scale or a finding: a folder's, and of no folder above
PLAN, LOCK = "plan.json", "lock.json"


class Project:
    """A project of W&B, ``ENTITY/PROJECT``, and the records in it. Raises what the client raises."""

    def __init__(self, path: str) -> None:
        import wandb

        self.path = path
        self.api = wandb.Api(timeout=SECONDS)

    def records(self) -> list[str]:
        """The names of the artifacts that hold a record each."""
        if TYPE not in [kind.name for kind in self.api.artifact_types(self.path)]:
            return []
        return sorted(collection.name for collection in self.api.artifact_type(TYPE, self.path).collections())

    def runs(self) -> int:
        """How many runs it has, with a record and without."""
        return len(self.api.runs(self.path))

    def pull(
        self, name: str, runs_dir: Path, results_dir: Path, wanted: Callable[[str, list[str]], bool]
    ) -> Carried | None:
        """Bring the record ``name``; None if it is not ``wanted`` (its scale, its findings). What is as far stays.

        Raises InputError if what the artifact holds is no run of ours, or names code that is not.
        """
        artifact, source = self.api.artifact(f"{self.path}/{name}:latest", type=TYPE), f"{self.path}/{name}"
        told = dict(artifact.metadata or {})
        run, scale, findings = (told.get(key, "") for key in ("run", "scale", "findings"))
        for one in (run, scale, *findings):
            if not isinstance(one, str) or not NAME.fullmatch(one):
                raise InputError(source, f"is no record that findings has sent: it speaks of {one!r}")
        if not wanted(scale, findings):
            return None
        here = Record(runs_dir / run)
        if here.path.exists() and progress(here) >= (told["status"] == "finished", told["iteration"]):
            return Carried(run, False, f"{here.status} here at iteration {here.get('iteration', 0)}")
        runs_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=runs_dir, prefix=".pull-") as temporary:
            _download(artifact, OWN, Path(temporary, run))
            record = Record(Path(temporary, run))
            refuse_strange(record, source)
            if record.status not in ENDED:
                raise InputError(source, f"holds a run that is {record.status}")
            carried = place(record, runs_dir)
            if carried.taken:
                here = Record(here.directory)
                note_sent(here, state(here, covered(here)))  # `findings sync` here has nothing to send of it
                for finding in findings:
                    _keep_plan(artifact, finding, results_dir / scale / finding, Path(temporary))
        return carried


def _keep_plan(artifact: Any, finding: str, folder: Path, temporary: Path) -> None:
    """Keep the finding's plan and lock, by which its runs are judged, where it has not been planned here."""
    if (folder / PLAN).exists():
        return
    _download(artifact, (f"{finding}/{LOCK}", f"{finding}/{PLAN}"), temporary)
    for file in sorted((temporary / finding).glob("*.json")):  # the lock first, then what says that it is planned
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / file.name, file.read_text())


def _download(artifact: Any, names: tuple[str, ...], folder: Path) -> None:
    """Those of the artifact's files that are asked for by name, and no other."""
    folder.mkdir(exist_ok=True)
    for name in names:
        if name in artifact.manifest.entries:
            artifact.get_entry(name).download(root=str(folder), skip_cache=True)
