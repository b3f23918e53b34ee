"""Records in ``runs/`` into the tables of ``results/<scale>/<finding>/``, and the tables into evidence.

The tables are small enough to commit, so that a report can be made on a fresh clone. A row is never dropped, and every
number is written such that reading and writing the tables gives the same bytes.
"""

import re
from dataclasses import replace
from pathlib import Path

from findings.errors import InputError
from findings.judging.evidence import Cost, Evidence, Plan, Probe, Row, Run, short
from findings.judging.recorded import (
    METRIC_COLUMNS,
    RUN_COLUMNS,
    RUN_PROBE_COLUMNS,
    Cells,
    Entry,
    read_csv,
    read_record,
)
from findings.records.probes import in_long_form
from findings.system.files import write_if_changed
from findings.system.tables import as_csv
from findings.system.terminal import warn

CURVE_COLUMNS = ("id", "seed", "model", *METRIC_COLUMNS)
CONDITIONS = ("device", "precision", "threads", "execution", "batch_size", "torch")  # under which a cost was measured

Tables = dict[str, Entry]  # by run id


def merge(plan: Plan, folder: Path, runs_dir: Path) -> Evidence:
    """Bring ``folder``'s tables up to date with the records of the plan's arms, and return what they now hold."""
    from findings.judging.images import merge_images  # numpy takes its time to import
    from findings.judging.together import Together

    tables = _brought(plan, folder, runs_dir)
    _write_tables(folder, tables)
    store = Together(folder, runs_dir)
    runs = tuple(replace(run, together=store) for run in _runs(plan, tables))
    return Evidence(plan, runs, _costs(folder / "cost.csv"), merge_images(runs, folder, runs_dir), store)


def as_it_stands(plan: Plan, folder: Path, runs_dir: Path) -> Evidence:
    """What :func:`merge` would bring together of runs that may be going on, and nothing written."""
    return Evidence(plan, _runs(plan, _brought(plan, folder, runs_dir)))


def _runs(plan: Plan, tables: Tables) -> tuple[Run, ...]:
    arms = {arm.id for arm in plan.arms}
    return tuple(_run(*tables[key]) for key in _ordered(tables) if tables[key].run["arm"] in arms)


def _brought(plan: Plan, folder: Path, runs_dir: Path) -> Tables:
    """The tables of ``folder``, and in them the records of the plan's arms."""
    tables = _read_tables(folder)
    for arm in plan.arms:
        for path in sorted(runs_dir.glob(f"{arm.id}-s*/record.json")):
            try:
                found = read_record(path, arm.model)
            except InputError as error:  # one damaged file harms one run
                warn(f"{error}; this run is left out")
                continue
            if found is None:
                continue
            run = found.run
            if run["arm"] != arm.id:  # another arm, whose id goes on after "-s"
                continue
            known = tables.get(run["id"])
            if known and known.run["fingerprint"] != run["fingerprint"]:
                raise InputError(
                    run["id"],
                    f"was trained on other data (fingerprint {run['fingerprint']}) than its row in "
                    f"{short(folder / 'runs.csv')} ({known.run['fingerprint']}): move one of the two away",
                )
            if not known or _progress(run) >= _progress(known.run):
                # a record carried without its probes takes none away
                tables[run["id"]] = found if found.probes or not known else found._replace(probes=known.probes)
    return tables


def _progress(run: Cells) -> tuple[bool, int]:
    """Finished never goes back; otherwise the one further on wins."""
    return run["status"] == "finished", int(run["iteration"])


def _read_tables(folder: Path) -> Tables:
    tables: Tables = {}
    runs, curves = folder / "runs.csv", folder / "curves.csv"
    for row in read_csv(runs) if runs.exists() else []:
        if None in row.values() or not {"id", "arm", "seed", "status", "iteration"} <= row.keys():
            raise InputError(short(runs), f"the row of '{row.get('id')}' is cut short: restore the file")
        tables[row["id"]] = Entry({column: row.get(column, "") for column in RUN_COLUMNS}, [], [])
    for path, columns in ((curves, CURVE_COLUMNS), (folder / "probes.csv", RUN_PROBE_COLUMNS)):
        for row in read_csv(path) if path.exists() else []:
            if row.get("id") not in tables:
                raise InputError(short(path), f"holds '{row.get('id')}', which is not in runs.csv: restore both files")
            entry = tables[row["id"]]
            if path == curves:
                entry.curves.append({name: row.get(name) or "" for name in columns})
            else:
                entry.probes.extend(_probes_of_table(path, row, entry.run["iterations"]))
    return tables


def _probes_of_table(path: Path, row: Cells, iterations: str) -> list[Cells]:
    """What a row of either form says."""
    try:
        found = in_long_form([row], iterations)
    except KeyError as error:
        raise InputError(short(path), f"is no table of probes ({error!r}): restore the file") from error
    return [{name: cells.get(name) or "" for name in RUN_PROBE_COLUMNS} for cells in found]


def _ordered(tables: Tables) -> list[str]:
    """By arm, with numbers as numbers (plain20 before plain110), then by seed."""

    def key(identifier: str) -> tuple[list[tuple[int, int, str]], int]:
        parts = re.split(r"(\d+)", tables[identifier].run["arm"])
        natural = [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]
        return natural, int(tables[identifier].run["seed"])

    return sorted(tables, key=key)


def _write_tables(folder: Path, tables: Tables) -> None:
    order = _ordered(tables)
    write_if_changed(folder / "runs.csv", as_csv(RUN_COLUMNS, [tables[key].run for key in order]))
    rows = [row for key in order for row in sorted(tables[key].curves, key=lambda row: int(row["epoch"]))]
    counted = any(row["train_images"] for row in rows)  # tables of runs of earlier versions stay as they are
    write_if_changed(folder / "curves.csv", as_csv(CURVE_COLUMNS if counted else CURVE_COLUMNS[:-1], rows))
    probes, path = [row for key in order for row in tables[key].probes], folder / "probes.csv"
    known = read_csv(path) if path.exists() else []
    before = [cells for row in known for cells in _probes_of_table(path, row, tables[row["id"]].run["iterations"])]
    if probes != before:  # a table of the earlier form that says the same stays as it is
        write_if_changed(path, as_csv(RUN_PROBE_COLUMNS, probes))


def _costs(path: Path) -> tuple[Cost, ...]:
    """What ``findings measure`` has written beside the tables, if it was called."""
    costs = []
    for row in read_csv(path) if path.exists() else []:
        try:
            cost = Cost(
                model=row["model"],
                arm=row["arm"],
                round=int(row["round"]),
                milliseconds_per_step=float(row["milliseconds_per_step"]),
                images_per_second=float(row["images_per_second"]),
                peak_memory_mib=float(row["peak_memory_mib"]),
                others=float(row["others"]),
                conditions={key: row.get(key, "") for key in CONDITIONS},
            )
            if min(cost.milliseconds_per_step, cost.images_per_second) <= 0:
                raise ValueError(f"round {cost.round} of {cost.model} took no time")
        except (KeyError, ValueError, TypeError) as error:
            raise InputError(short(path), f"is no table of costs ({error!r}): `findings measure` writes it") from error
        costs.append(cost)
    return tuple(costs)


def _run(cells: Cells, curves: list[Cells], probes: list[Cells]) -> Run:
    rows: list[Row] = [
        {column: float(row[column]) if row[column] else None for column in METRIC_COLUMNS} for row in curves
    ]
    return Run(
        id=cells["id"],
        arm=cells["arm"],
        model=cells["model"],
        seed=int(cells["seed"]),
        status=cells["status"],
        diverged=cells["diverged"] == "true",
        iteration=int(cells["iteration"]),
        iterations=int(cells["iterations"]),
        fingerprint=cells["fingerprint"],
        device=cells["device"],
        precision=cells["precision"],
        torch=cells["torch"],
        wall_seconds=float(cells["wall_seconds"] or 0),
        rows=tuple(sorted(rows, key=lambda row: row["epoch"] or 0)),
        probes=tuple(_probe(row) for row in probes),
    )


def _probe(row: Cells) -> Probe:
    try:
        value = float(row["value"]) if row["value"] else None
        return Probe(row["probe"], int(row["iteration"]), row["key"], row["number"], value, row["remark"])
    except ValueError as problem:
        raise InputError("probes.csv", f"{problem} in a row of {row['id']}: restore the file") from problem
