"""Progress of many runs: rich bars on a terminal, a plain line now and then in a log."""

import time
from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from findings.planning.plan import PlannedRun
from findings.system.terminal import Quiet, say


class Display:
    """What `findings run` shows. Work is counted in multiply-adds, so that the ETA knows large networks from small."""

    def __init__(self, runs: Sequence[PlannedRun], console: Console) -> None:
        self.console = console
        self.total = sum(run.work for run in runs)
        self.count, self.ended = len(runs), 0
        self.done: dict[str, int] = {}  # work
        self.bars: dict[str, TaskID] = {}
        self.started, self.quiet = time.monotonic(), Quiet()
        self.skipped = 0  # work that was done before
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[latest]}"),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self.overall = self.progress.add_task(f"{self.count} runs", total=max(1, self.total), latest="")

    def __enter__(self) -> "Display":
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def begin(self, run: PlannedRun) -> None:
        self.bars[run.id] = self.progress.add_task(
            f"  {run.name} s{run.config.seed}", total=run.config.recipe.iterations, latest="starting"
        )

    def advance(self, run: PlannedRun, iteration: int, latest: str) -> None:
        id = run.id
        if id not in self.done:
            self.skipped += run.work * iteration // run.config.recipe.iterations
        self.done[id] = run.work * iteration // run.config.recipe.iterations
        self.progress.update(self.bars[id], completed=iteration, latest=latest)
        self.progress.update(self.overall, completed=sum(self.done.values()))

    def leave(self, run: PlannedRun, reason: str) -> None:
        """Another process trains it."""
        self._drop(run)
        self.say(f"{run.id}: {reason}; waiting for it")

    def end(self, run: PlannedRun, status: str, reason: str) -> None:
        self._drop(run)
        self.ended += 1
        if status == "skipped":
            self.skipped += run.work - self.done.get(run.id, 0)
        if status in ("skipped", "finished"):
            self.done[run.id] = run.work
        self.progress.update(self.overall, completed=sum(self.done.values()))
        self.say(f"[{self.ended}/{self.count}] {status} {run.id}{f': {reason}' if reason else ''}")

    def refresh(self) -> None:
        """In a log: a line now and then that all is well, and when it will be over."""
        if not self.console.is_terminal and self.quiet.is_over():
            percent = 100 * sum(self.done.values()) / max(1, self.total)
            self.say(f"{self.ended} of {self.count} runs, {percent:.0f} % of the work, {self._eta()}")

    def say(self, line: str) -> None:
        self.quiet.begin()
        say(self.console, line)

    def _eta(self) -> str:
        new = sum(self.done.values()) - self.skipped
        if new <= 0:
            return "ETA not known yet"
        seconds = (time.monotonic() - self.started) * (self.total - self.skipped - new) / new
        return f"about {seconds / 60:.0f} min left" if seconds > 90 else f"about {seconds:.0f} s left"

    def _drop(self, run: PlannedRun) -> None:
        bar = self.bars.pop(run.id, None)
        if bar is not None:
            self.progress.remove_task(bar)
