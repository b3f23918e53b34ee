"""findings sync [SWEEP] [--watch [--every TIME] | --local DIR] [runs_dir=DIR]"""

import argparse
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from findings.cli.arguments import folders, seconds
from findings.errors import InputError
from findings.system import terminal
from findings.system.terminal import say
from findings.training.command import FAILED

if TYPE_CHECKING:
    from rich.console import Console

    from findings.planning.sweeps import Sweep
    from findings.records.record import Record
    from findings.wandb_mirror.uploads import Upload


def run(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    parser.add_argument(
        "sweep", metavar="SWEEP", nargs="?", help="scale/finding, a scale or a file (default: all runs)"
    )
    parser.add_argument("overrides", metavar="override", nargs="*", help="runs_dir=DIR")
    parser.add_argument("--watch", action="store_true", help="again and again, until all runs are finished and sent")
    parser.add_argument(
        "--every",
        type=partial(seconds, key="--every"),
        default=60.0,
        metavar="TIME",
        help="with --watch (default: 60s)",
    )
    parser.add_argument(
        "--local",
        type=Path,
        metavar="DIR",
        help="send nothing: write W&B's logs of all these runs into DIR/wandb, for `wandb leet DIR/wandb`",
    )
    given = parser.parse_intermixed_args(arguments)
    if given.local and given.watch:
        raise InputError("--local", "is done once, and --watch goes on: use one of them")
    name, overrides = given.sweep, given.overrides
    if name and "=" in name:
        name, overrides = None, [name, *overrides]
    runs_dir = folders(overrides, "runs_dir")["runs_dir"]

    from findings.planning.sweeps import find
    from findings.wandb_mirror.server import has_key, host

    sweeps = find(name) if name else None
    if given.local:
        return _write_logs(runs_dir, sweeps, given.local)
    if not has_key():
        raise InputError("W&B", f"no key for {host()} is found: `wandb login`, or set WANDB_API_KEY")
    sync = _Sync(runs_dir, sweeps, terminal.console())
    return sync.watch(given.every) if given.watch else sync.once()


def _write_logs(runs_dir: Path, sweeps: "Sequence[Sweep] | None", folder: Path) -> int:
    """Of every run that has rows; a run that cannot be written costs no other."""
    from rich.progress import track

    from findings.wandb_mirror.contents import covered
    from findings.wandb_mirror.local_logs import write
    from findings.wandb_mirror.uploads import records_of

    console = terminal.console()
    records = [record for record in records_of(runs_dir, sweeps) if covered(record)]
    if not records:
        raise InputError(str(runs_dir), "holds no run that has rows")
    failed = 0
    for record in track(records, "W&B", console=console, transient=True, disable=not console.is_terminal):
        try:
            write(record, folder)
        except Exception as error:  # the client's own kinds, and those of whatever it is made of
            failed += 1
            say(console, f"not written: {record.directory.name}: {type(error).__name__}: {error}")
    say(console, f"{len(records) - failed} of {len(records)} runs are in {folder}/wandb: `wandb leet {folder}/wandb`")
    return FAILED if failed else 0


class _Sync:
    """Sends what is due and says so: a line per run, once; what fails is tried again on the next round."""

    def __init__(self, runs_dir: Path, sweeps: "Sequence[Sweep] | None", console: "Console") -> None:
        self.runs_dir, self.sweeps, self.console = runs_dir, sweeps, console
        self.said: dict[str, str] = {}  # of a run that was not sent: why
        self.summary = ""
        self.failed = False

    def once(self) -> int:
        records = self._round()
        if not records:
            where = f" of {', '.join(sweep.name for sweep in self.sweeps)}" if self.sweeps else ""
            raise InputError(str(self.runs_dir), f"holds no run{where}")
        return FAILED if self.failed else 0

    def watch(self, every: float) -> int:
        from findings.records.record import ENDED
        from findings.wandb_mirror.uploads import is_due

        while True:
            try:
                records = self._round()
                if records and not any(record.status not in ENDED or is_due(record) for record in records):
                    return 0
                time.sleep(every)
            except KeyboardInterrupt:
                self._say("stopped; what is not sent yet, the same command sends")
                return FAILED if self.failed else 0

    def _round(self) -> "list[Record]":
        """Send what is due now; the records as they were before."""
        from rich.progress import Progress

        from findings.wandb_mirror.state import is_mirrored, sent
        from findings.wandb_mirror.uploads import is_due, records_of, upload

        records = records_of(self.runs_dir, self.sweeps)
        due = [record for record in records if is_due(record)]
        self.failed = False
        with Progress(console=self.console, transient=True, disable=not self.console.is_terminal) as bars:
            bar = bars.add_task("W&B", total=len(due))

            def tell(upload: "Upload") -> None:
                self._tell(upload)
                bars.advance(bar)

            upload(due, tell)
        mirrored = [record for record in records if is_mirrored(record)]
        summary = f"{len([record for record in mirrored if sent(record)])} of {len(records)} runs are in W&B"
        if records and not due:
            summary = f"nothing to send: {summary}"
        if len(mirrored) < len(records):
            summary += f"; {len(records) - len(mirrored)} have not begun or are not for W&B (tracking=none)"
        if records and summary != self.summary:
            self.summary = summary
            self._say(summary)
        return records

    def _tell(self, upload: "Upload") -> None:
        name = upload.record.directory.name
        if upload.ending == "sent":
            from findings.wandb_mirror.state import sent

            known = sent(upload.record)
            self.said.pop(name, None)
            self._say(f"sent: {name}: {known.get('epochs')} epochs, {known.get('status')}")
            return
        why = "another process uploads it" if upload.ending == "busy" else upload.detail
        self.failed = self.failed or upload.ending == "failed"
        if self.said.get(name) != why:
            self.said[name] = why
            self._say(f"{'not sent' if upload.ending == 'failed' else 'left'}: {name}: {why}")

    def _say(self, line: str) -> None:
        say(self.console, line)
