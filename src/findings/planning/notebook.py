"""A plan for notebooks, of which nothing is on disk: ``findings.plan("quick/depth-degradation")``."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from findings.planning.plan import PlannedRun
from findings.planning.request import request

if TYPE_CHECKING:
    from pandas import DataFrame


class Plan(list[PlannedRun]):
    """Planned runs, in the sweep's order; a notebook shows their table."""

    @property
    def table(self) -> "DataFrame":
        """One row per run: id, name, seed, its values on the sweep's axes, and what it costs.

        ``parameters``; ``multiply_adds`` for one image; ``work``: multiply-adds of its training, forward and backward.
        """
        from pandas import DataFrame

        axes = list(dict.fromkeys(axis for run in self for axis in run.varies if axis not in ("scale", "seed")))
        columns = ["id", "name", "seed", *axes, "parameters", "multiply_adds", "iterations", "work"]
        rows = [
            [
                *(run.id, run.name, run.config.seed),
                *(run.varies.get(axis) for axis in axes),
                *(run.complexity.parameters, run.complexity.multiply_adds, run.config.recipe.iterations, run.work),
            ]
            for run in self
        ]
        return DataFrame(rows, columns=columns)

    def _repr_html_(self) -> str:
        return str(self.table._repr_html_())


def planned(name: str, overrides: Sequence[str]) -> Plan:
    """The runs of a sweep, or of all sweeps of a scale, a run of two findings once. Raises InputError."""
    return Plan(request(name, overrides).runs)
