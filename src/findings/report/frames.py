"""Verdicts as a table for notebooks: ``findings.verdicts("quick")``."""

from pathlib import Path

from pandas import DataFrame

from findings.errors import InputError
from findings.report.build import last_verdicts

NUMBERS = ("effect", "ci95_low", "ci95_high", "margin")


def verdicts(results_dir: Path, scale: str) -> DataFrame:
    """One row per claim of results/<scale>/verdicts.json, in its order. Raises InputError naming the nearest scale."""
    known = last_verdicts(results_dir)
    if scale not in known:
        raise InputError(f"'{scale}'", f"there are no verdicts of such a scale in {results_dir}", known, scale)
    rows = []
    for verdict in known[scale]:
        low, high = verdict.pop("ci95") or (None, None)
        rows.append(verdict | {"ci95_low": low, "ci95_high": high})
    frame = DataFrame(rows)
    if rows:  # the interval stands beside its effect
        columns = [name for name in frame.columns if not name.startswith("ci95")]
        columns[columns.index("effect") + 1 : columns.index("effect") + 1] = ["ci95_low", "ci95_high"]
        # n is a count that counted claims do not have
        frame = frame[columns].astype(dict.fromkeys(NUMBERS, "float64") | {"n": "Int64"})
    return frame
