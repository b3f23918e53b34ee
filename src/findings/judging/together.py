"""What several runs say together, from the logits that each keeps: ``together.csv``, a row per group of runs.

Logits are not committed; what was made of them is, so that a fresh clone says the same.
"""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from findings.errors import InputError
from findings.judging.evidence import Run, short
from findings.judging.metrics import Metric, percentage_sampling
from findings.system.files import write_if_changed
from findings.system.tables import as_csv

if TYPE_CHECKING:
    from findings.records.predictions import Predictions

FILE = "together.csv"
COLUMNS = ("metric", "runs", "value")
Of = Callable[["Sequence[Predictions]"], float]


class Together:
    """Values of groups of runs, from the table or, where it has none, from what the runs predict."""

    def __init__(self, folder: Path, runs_dir: Path) -> None:
        self.path, self.runs_dir = folder / FILE, runs_dir
        self.values = self._read()

    def _read(self) -> dict[tuple[str, str], float]:
        if not self.path.exists():
            return {}
        try:
            with self.path.open(newline="", encoding="utf-8") as file:
                return {(row["metric"], row["runs"]): float(row["value"]) for row in csv.DictReader(file)}
        except (KeyError, ValueError, TypeError) as error:
            raise InputError(short(self.path), f"is damaged ({error!r}): restore the file") from error

    def value(self, metric: str, runs: Sequence[Run], of: Of) -> float | None:
        """None where it is not in the table and a run's predictions are not there."""
        from findings.records import predictions  # numpy takes its time to import

        key = metric, " ".join(run.id for run in runs)
        if key not in self.values:
            found = [predictions.read(self.runs_dir / run.id / "predictions.npz") for run in runs]
            known = [each for each in found if each is not None]
            if len(known) < len(found):
                return None
            self.values[key] = float(f"{of(known):.6g}")
        return self.values[key]

    def write(self) -> None:
        """Keep what was found; no row is ever dropped."""
        if self.values:
            rows = [{"metric": m, "runs": runs, "value": f"{v:.6g}"} for (m, runs), v in sorted(self.values.items())]
            write_if_changed(self.path, as_csv(COLUMNS, rows))


def together(name: str, unit: str, sentence: str, of: Of, runs: int, **more: Any) -> Metric:
    """A metric of ``runs`` runs of one arm, by what each predicts of every test image."""

    def found(group: Sequence[Run] | Run) -> float | None:
        members = [group] if isinstance(group, Run) else group
        store = members[0].together
        return store.value(name, members, of) if store else None

    resolution = percentage_sampling("test_error", "test_images")
    return Metric(name, unit, sentence, found, runs=runs, resolution=resolution, **more)


def ensemble_error(members: int) -> Metric:
    """The test error of the mean of so many networks' class probabilities, in percent."""

    def of(group: "Sequence[Predictions]") -> float:
        import numpy as np

        mean = sum(_probabilities(each) for each in group)
        return 100 * float(np.mean(np.argmax(mean, axis=1) != group[0].labels))

    what = "one network" if members == 1 else f"the mean of {members} networks' class probabilities"
    return together(f"ensemble_error_{members}", "%", f"the test error of {what}", of, members, is_error=True)


def agreement() -> Metric:
    """The percentage of test images that two runs of one arm take for the same class."""

    def of(group: "Sequence[Predictions]") -> float:
        return 100 * float((group[0].classes == group[1].classes).mean())

    return together("agreement", "pp", "the share of test images that two runs predict alike", of, 2, better="higher")


def _probabilities(one: "Predictions") -> Any:
    import numpy as np

    logits = one.logits.astype(np.float64)
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)
