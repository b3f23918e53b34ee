"""The charts of a view, over the columns of metrics.csv."""

import hashlib
from collections.abc import Iterable
from typing import Any, NamedTuple

from findings.records.record import COLUMNS

BAND = "band: standard error, not 95 %"  # over the seeds: W&B's bands know no confidence intervals


class Chart(NamedTuple):
    title: str
    metrics: tuple[str, ...]  # columns of metrics.csv
    over: str = "epoch"
    unit: str = "%"
    logarithmic: bool = False


ERROR = (
    Chart("test error", ("test_error",)),
    Chart("training error", ("train_error",)),
    Chart("test and training error", ("test_error", "train_error"), over="iteration"),
    Chart("training error, logarithmic", ("train_error",), logarithmic=True),
)
LOSS = (
    Chart("training loss", ("train_loss",), unit="nats"),
    Chart("test loss", ("test_loss",), unit="nats"),
    Chart("learning rate", ("lr",), over="iteration", unit=""),
)
COST = (
    Chart("time in training", ("seconds",), unit="s"),
    Chart("speed", ("images_per_second",), unit="images/s"),
    Chart("peak memory", ("peak_memory_mib",), unit="MiB"),
)


def line_plots(charts: Iterable[Chart], measured: Iterable[str], of: str) -> list[Any]:
    """Those of the charts that anything was ``measured`` for: W&B's panels, each arm a line, its seeds averaged.

    ``of`` what they are makes their ids, which stay when the view is made again. Raises KeyError for a metric that is
    no column of metrics.csv.
    """
    import wandb_workspaces.reports.v2 as reports

    known = set(measured)
    made: list[Any] = []
    for chart in charts:
        if unknown := {chart.over, *chart.metrics} - set(COLUMNS):
            raise KeyError(f"metrics.csv has no column {', '.join(sorted(unknown))}")
        if not known.issuperset(chart.metrics):
            continue
        panel = reports.LinePlot(
            title=chart.title,
            x=chart.over,
            y=list(chart.metrics),
            title_x=chart.over,
            title_y=f"{chart.unit} ({BAND})" if chart.unit else BAND,
            log_y=chart.logarithmic or None,
            groupby_aggfunc="mean",
            groupby_rangefunc="stderr",
            smoothing_type="none",
            max_runs_to_show=100,
        )
        panel._id = name_of(of, chart.title)
        column, row = len(made) % 2, len(made) // 2
        panel.layout = reports.Layout(x=12 * column, y=8 * row, w=12, h=8)
        made.append(panel)
    return made


def name_of(*parts: str) -> str:
    """Eleven characters, as W&B's own names have, that are the same whenever the same thing is made."""
    return hashlib.sha256("/".join(parts).encode()).hexdigest()[:11]
