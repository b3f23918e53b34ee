"""Reproduce what lectures and papers say about CNN architectures, and judge it with statistics.

For notebooks and scripts, beside the ``findings`` command: :func:`train`, :func:`runs`, :func:`plan` and
:func:`verdicts`. What the user can mend raises :class:`findings.errors.InputError`. Importing findings imports nothing
else: each function imports what it needs when it is called, and torch only where networks are built.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pandas import DataFrame

    from findings.planning.notebook import Plan
    from findings.records.library import RecordedRun, Runs

__version__ = "0.1.0"
__all__ = ["plan", "runs", "train", "verdicts"]


def train(*overrides: str, retry_failed: bool = False) -> "RecordedRun":
    """Train one run in this process, go on with it, or skip it if it is finished: ``findings train`` as a function.

    ``overrides`` are the command's: ``train("model=plain56", "seed=1", "runs_dir=elsewhere")``. It shows how far it is
    and is tracked as the command is. A failed run is trained again only with ``retry_failed``.

    Raises InputError for bad overrides and for a run in training elsewhere, RuntimeError with the reason where training
    failed, and KeyboardInterrupt where it was stopped: the same call then goes on from the checkpoint.
    """
    from findings.engines.foreground import trained

    return trained(overrides, retry_failed=retry_failed)


def runs(runs_dir: "str | Path" = "runs") -> "Runs":
    """The recorded runs of a folder, by id, as they are now; raises InputError where there is no such folder.

    >>> runs().where(model="plain56", status="finished").curves  # all epochs of all of them, for seaborn
    >>> runs()["b7e1787d3e69-s0"].config  # one run, by any part of its id that no other has
    """
    from pathlib import Path

    from findings.records.library import read

    return read(Path(runs_dir))


def plan(name: str, *overrides: str) -> "Plan":
    """The runs of a sweep ("quick/depth-degradation") or a whole scale ("quick"), composed and checked; writes nothing.

    A list of PlannedRun, with a ``table`` of their parameters and multiply-adds. ``overrides`` are those of
    ``findings plan``: ``plan("quick", "seed=0,1")``. Raises InputError naming the run that is wrong, and why.
    """
    from findings.planning.notebook import planned

    return planned(name, overrides)


def verdicts(scale: str, results_dir: "str | Path" = "results") -> "DataFrame":
    """What ``findings report`` last found at a scale, one row per claim; raises InputError naming the nearest scale.

    Columns as in verdicts.json, but for the 95 % interval, which is ``ci95_low`` and ``ci95_high``. Of errors, effects
    are in percentage points. What a claim does not have is missing.
    """
    from pathlib import Path

    from findings.report.frames import verdicts

    return verdicts(Path(results_dir), scale)
