"""The verdicts in a terminal."""

import io
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from findings.judging.verdict import Verdict
from findings.report import words

LEGEND = "  ".join(f"{symbol} {word}" for word, symbol in words.SYMBOLS.items()) + "  --wide says more"
COLOURS = {"reproduced": "green", "contradicted": "red", "inconclusive": "yellow", "not run": "dim"}


def table(verdicts: Sequence[Verdict]) -> Table:
    """A line for each claim, by its id: 80 columns hold it."""
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), caption=LEGEND, caption_justify="left")
    shown.add_column("claim", no_wrap=True, overflow="ellipsis", ratio=1)
    for heading, width in (("effect", 11), ("95 % interval", 16), ("n", 2)):
        shown.add_column(heading, justify="right", no_wrap=True, min_width=width)
    for finding, found in _by_finding(verdicts).items():
        shown.add_row(Text(f"{finding} ({found[0].scale})", style="bold"))
        for verdict in found:
            name = Text.assemble((words.SYMBOLS[verdict.verdict], COLOURS[verdict.verdict]), f" {verdict.id}")
            shown.add_row(name, words.effect(verdict), words.interval(verdict), words.seeds(verdict))
    return shown


def wide_table(verdicts: Sequence[Verdict]) -> Table:
    """Whole sentences, and why a claim is not reproduced. The verdict opens the sentence: so 80 columns hold both."""
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    shown.add_column("claim", ratio=1)
    for heading in ("effect", "95 % interval", "seeds"):
        shown.add_column(heading, justify="right", no_wrap=True)
    for finding, found in _by_finding(verdicts).items():
        shown.add_row(Text(f"{finding} ({found[0].scale})", style="bold"))
        for verdict in found:
            plain = verdict.ci95 or (verdict.kind == "computed" and verdict.verdict == "reproduced")
            reason = "" if plain else f" ({verdict.reason})"
            shown.add_row(
                Text.assemble((f"{words.word(verdict)}:", COLOURS[verdict.verdict]), f" {verdict.sentence}{reason}"),
                words.effect(verdict),
                words.interval(verdict),
                words.seeds(verdict),
            )
    return shown


def _by_finding(verdicts: Sequence[Verdict]) -> dict[str, list[Verdict]]:
    """Those about arms that a scale has, in their order."""
    found: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.because != "not planned":
            found.setdefault(verdict.finding, []).append(verdict)
    return found


def as_text(content: Table, width: int) -> str:
    """Without colours."""
    out = io.StringIO()
    Console(file=out, width=width, color_system=None, force_terminal=False).print(content)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"
