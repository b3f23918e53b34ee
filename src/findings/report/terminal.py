"""The verdicts in a terminal."""

import io
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from findings.judging.verdict import Verdict
from findings.report import words

COLOURS = {"reproduced": "green", "contradicted": "red", "inconclusive": "yellow", "not run": "dim"}


def table(verdicts: Sequence[Verdict]) -> Table:
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    shown.add_column("verdict", no_wrap=True)
    shown.add_column("claim", ratio=1)
    for heading in ("effect", "95 % interval", "seeds"):
        shown.add_column(heading, justify="right", no_wrap=True)
    finding = None
    for verdict in verdicts:
        if verdict.because == "not planned":
            continue
        if verdict.finding != finding:
            finding = verdict.finding
            shown.add_row("", Text(f"{finding} ({verdict.scale})", style="bold"))
        plain = verdict.ci95 or (verdict.kind == "computed" and verdict.verdict == "reproduced")
        reason = "" if plain else f" ({verdict.reason})"
        shown.add_row(
            Text(words.word(verdict), style=COLOURS[verdict.verdict]),
            verdict.sentence + reason,
            words.effect(verdict),
            words.interval(verdict),
            words.seeds(verdict),
        )
    return shown


def as_text(content: Table, width: int) -> str:
    """Without colours."""
    out = io.StringIO()
    Console(file=out, width=width, color_system=None, force_terminal=False).print(content)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"
