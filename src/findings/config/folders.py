"""Where conf/, sweeps/ and slurm/ lie: beside src/ in a checkout, inside the package where it was installed."""

from pathlib import Path

PACKAGE = Path(__file__).parents[1]


def shared(folder: str) -> Path:
    """The directory ``conf``, ``sweeps`` or ``slurm``."""
    installed = PACKAGE / "installed" / folder
    return installed if installed.is_dir() else PACKAGE.parents[1] / folder
