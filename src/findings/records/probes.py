"""The table of probes: one row per number, in long form; and the form that it had before probes named their numbers."""

from typing import Any

PROBE_COLUMNS = ("probe", "iteration", "key", "number", "value", "remark")
# earlier: a row per shift or size of the test images; ``images``, their number, is test_images of the curves
EARLIER_COLUMNS = ("probe", "value", "test_error", "agreement", "images", "remark")


def in_long_form(rows: list[dict[str, str]], iterations: Any) -> list[dict[str, str]]:
    """``rows`` of either form as rows with PROBE_COLUMNS, and what else they have.

    The earlier form was written at the end only, which is after so many ``iterations``. Raises KeyError for rows of
    neither form.
    """
    if not rows or "number" in rows[0]:
        return rows
    found = []
    for row in rows:
        others = {name: cell for name, cell in row.items() if name not in EARLIER_COLUMNS}
        for number in ("test_error", "agreement"):
            cells = (row["probe"], str(iterations), row["value"], number, row[number], row["remark"])
            found.append(others | dict(zip(PROBE_COLUMNS, cells, strict=True)))
    return found
