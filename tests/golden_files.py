"""Golden data in tests/golden/: what must not change by accident.

``GOLDEN=write pytest tests/training/test_schedule.py tests/config/test_identity.py tests/cli/test_main.py
tests/wandb_mirror/test_views.py`` writes it anew; review the diff.
"""

import json
import os
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "golden"


def golden(name: str, computed: Any) -> Any:
    """What tests/golden/``name`` holds: text, or JSON. ``computed`` is written first if that is asked for."""
    path = FOLDER / name
    is_json = path.suffix == ".json"
    if os.environ.get("GOLDEN") == "write":
        path.write_text(_lines(computed) if is_json else computed)
    text = path.read_text()
    return json.loads(text) if is_json else text


def _lines(content: dict[str, Any]) -> str:
    """One entry a line: a change is one line of the diff."""
    entries = ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in content.items())
    return f"{{\n{entries}\n}}\n"
