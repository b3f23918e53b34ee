"""Where data sets that are downloaded lie."""

import os
from pathlib import Path

from findings.config.schema import DataConfig


def root(config: DataConfig) -> Path:
    """``data.root``, or the folder that FINDINGS_DATA names, or data/ in the working directory."""
    return Path(config.root or os.environ.get("FINDINGS_DATA") or "data").expanduser()
