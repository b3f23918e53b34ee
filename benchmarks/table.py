"""What the benchmarks share: one table on the terminal and, with --record, dated rows in results/benchmarks/."""

import argparse
import csv
import io
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

from findings.records import provenance

FOLDER = Path("results", "benchmarks")
# where, when and by what a row was measured; ``others_share``: of the cores' time, had by others just before
CONDITIONS = ("date", "machine", "cores", "torch", "pytorch_lightning", "git", "dirty", "others_share")
LISTENING = 0.5  # seconds for which others are watched before the start

Row = dict[str, Any]


@dataclass(frozen=True)
class Benchmark:
    """A command's table.

    ``shown`` holds for every column on the terminal how it is made of a row, ``columns`` what a row is kept as.
    """

    name: str
    title: str
    shown: dict[str, str]
    columns: tuple[str, ...]

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.name}.csv"

    def run(self, rows: Iterable[Row], machine: str, *, record: bool) -> None:
        """Show ``rows`` as they are measured, on ``machine`` (a processor's or a GPU's name), and keep them if asked.

        Raises SystemExit if the file is one of other columns: before anything is measured.
        """
        if record:
            self._refuse_other_columns()
        conditions = _conditions(machine)
        console = Console()
        if not console.is_terminal:
            console = Console(width=200)  # in a log or a pipe, whole cells are worth more than a narrow table
        if float(conditions["others_share"]) > 0.05:
            console.print(f"note: other processes keep the cores busy ({float(conditions['others_share']):.0%})")
        table = Table(title=f"{self.title}\n{machine}, {conditions['cores']} cores", title_justify="left")
        for index, column in enumerate(self.shown):
            table.add_column(column, justify="right" if index else "left")
        with Live(table, console=console, auto_refresh=False) as live:
            for row in rows:
                table.add_row(*(template.format(**row) for template in self.shown.values()))
                live.refresh()
                if record:
                    self._append(conditions | row)

    def _refuse_other_columns(self) -> None:
        if self.path.exists():
            with self.path.open(newline="") as file:
                found = next(csv.reader(file), None)
            if found != [*CONDITIONS, *self.columns]:
                raise SystemExit(f"{self.path} has other columns than this benchmark writes: move it away")

    def _append(self, row: Row) -> None:
        """In one write at the file's end: earlier rows are never touched."""
        text = io.StringIO()
        writer = csv.DictWriter(text, (*CONDITIONS, *self.columns), lineterminator="\n")
        if not self.path.exists():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            writer.writeheader()
        writer.writerow({key: f"{value:.6g}" if isinstance(value, float) else value for key, value in row.items()})
        with self.path.open("a", newline="") as file:
            file.write(text.getvalue())


def parser(command: str, about: str | None) -> argparse.ArgumentParser:
    """With the option that all benchmarks have; ``about`` is the module's docstring."""
    made = argparse.ArgumentParser(
        prog=f"python -m benchmarks.{command}",
        description=about,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--record", action="store_true", help=f"append the rows to {FOLDER / command}.csv")
    return made


def up_to(most: int, *, factor: int, start: int) -> list[int]:
    """start, start x factor, ... that are not above ``most``; ``most`` itself if it is below ``start``."""
    found = [min(start, most)]
    while found[-1] * factor <= most:
        found.append(found[-1] * factor)
    return found


def _conditions(machine: str) -> Row:
    from findings.cost.measure.machine import Others
    from findings.system.processes import cores

    packages, code = provenance.packages(), provenance.code()
    others = Others()  # before any process of ours is started
    time.sleep(LISTENING)
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine,
        "cores": cores(),
        "torch": packages["torch"],
        "pytorch_lightning": packages["pytorch-lightning"],
        "git": code["sha"],
        "dirty": "" if code["dirty"] is None else str(code["dirty"]).lower(),
        "others_share": others.seconds() / LISTENING / cores(),
    }
