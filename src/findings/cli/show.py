"""findings show RUN [OTHER] [--json] [runs_dir=DIR]"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from findings.cli.arguments import folders
from findings.errors import InputError
from findings.records.library import one_run
from findings.records.record import Record
from findings.system import terminal

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from findings.report.terminal_curves import Chart

SHOWN = ("train_error", "remeasured_train_error", "validation_error", "test_error")


def run(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    parser.add_argument("run", metavar="RUN", help="a run's id, or any part of it that no other has")
    parser.add_argument("other", metavar="OTHER", nargs="*", help="another: in what the two differ")
    parser.add_argument("--json", action="store_true", help="the record, the config and the rows, for programs")
    given = parser.parse_intermixed_args(arguments)
    others = [text for text in given.other if "=" not in text]
    if len(others) > 1:
        raise InputError("show", f"compares two runs, not {1 + len(others)}")
    runs_dir = folders([text for text in given.other if "=" in text], "runs_dir")["runs_dir"]
    chosen = [_find(text, runs_dir) for text in (given.run, *others)]

    if given.json:
        told = [_for_programs(record) for record in chosen]
        terminal.say_json(told[0] if len(told) == 1 else told)
        return 0
    console = terminal.console()
    tables = _one(*chosen) if len(chosen) == 1 else _two(*chosen)
    for table in tables:
        console.print(table)
    if len(chosen) == 1 and chosen[0].rows():
        console.print(_curves(chosen[0]))
    if not tables:
        console.print("they do not differ")
    return 0


def _find(text: str, runs_dir: Path) -> Record:
    known = (path.parent.name for path in runs_dir.glob("*/config.yaml"))
    return Record(runs_dir / one_run(text, known, missing=f"no such run in {runs_dir}", where=f" in {runs_dir}"))


def _for_programs(record: Record) -> dict[str, Any]:
    """What is on disk of a run; cells of rows that were not measured are null."""
    science, how = _fields(record)
    rows = [{key: float(cell) if cell else None for key, cell in row.items()} for row in record.rows()]
    return {"id": record.directory.name, "config": science | how, "record": record.fields, "rows": rows}


def _one(record: Record) -> "list[Table]":
    """What the run is, how far it is, where it was trained."""
    rows = record.rows()
    state = {
        "status": record.status,
        "reason": record.get("reason"),
        "iteration": f"{record.get('iteration', 0):,} of {record.get('iterations', 0):,}",
        "attempts": record.get("attempts"),
        "preemptions": record.get("preemptions"),
        "crashes": record.get("crashes"),
        "wall seconds": record.get("wall_seconds"),
        "directory": str(record.directory),
    }
    last = {f"{name} (%)": f"{float(rows[-1][name]):.2f}" for name in SHOWN if rows and rows[-1][name]}
    science, how = _fields(record)
    return [
        _table(record.directory.name, state | last),
        _table("what decides its numbers", science),
        _table("how and where it was trained", how | _provenance(record)),
    ]


def _curves(record: Record) -> "Chart":
    """Test error in the network's colour, training error beside it."""
    from findings.report.figures.looks import look
    from findings.report.terminal_curves import Chart, Line

    colours = {"test_error": look(str(record.get("name"))).colour, "train_error": "grey50"}
    unfinished = int(record.status != "finished")
    lines = []
    for name, colour in colours.items():
        points = tuple((float(row["iteration"]), float(row[name])) for row in record.rows() if row.get(name))
        lines.append(Line(name.replace("_", " "), colour, points, 1, unfinished))
    return Chart(lines, "error", "iteration", height=8)


def _two(one: Record, other: Record) -> "list[Table]":
    """In what they differ: what makes their ids two, and what does not."""
    from rich.table import Table

    tables = []
    fields = zip(_fields(one), _fields(other), strict=True)
    titles = ("these make them two runs", "these are in no run id")
    for title, (ours, theirs) in zip(titles, fields, strict=True):
        if title == titles[1]:
            ours, theirs = ours | _provenance(one), theirs | _provenance(other)
        differing = [key for key in dict.fromkeys([*ours, *theirs]) if ours.get(key) != theirs.get(key)]
        table = Table("key", one.directory.name, other.directory.name, title=title, title_justify="left")
        for key in differing:
            table.add_row(key, _text(ours.get(key)), _text(theirs.get(key)))
        if differing:
            tables.append(table)
    return tables


def _fields(record: Record) -> tuple[dict[str, Any], dict[str, Any]]:
    """The scientific fields, seed included, and the trainer's."""
    from dataclasses import asdict

    from findings.config.frozen import thaw

    run = thaw(record.config)
    science = run.scientific | {"seed": run.config.seed, "streams": run.streams}
    return science, {f"trainer.{key}": value for key, value in asdict(run.config.trainer).items()}


def _provenance(record: Record) -> dict[str, Any]:
    """record.json's, flat."""
    flat: dict[str, Any] = {}
    for key, value in record.get("provenance", {}).items():
        flat |= {f"{key}.{name}": inner for name, inner in value.items()} if isinstance(value, dict) else {key: value}
    return flat


def _table(title: str, fields: dict[str, Any]) -> "Table":
    from rich.table import Table

    table = Table(show_header=False, title=title, title_justify="left")
    for key, value in fields.items():
        if value not in (None, ""):
            table.add_row(key, _text(value))
    return table


def _text(value: Any) -> "Text":
    """As it is: rich would read what stands in brackets as markup."""
    from rich.text import Text

    return Text(", ".join(map(str, value)) if isinstance(value, list) else "-" if value is None else str(value))
