"""Where conf/, sweeps/, slurm/ and studies/ are looked for.

In the working directory first, then in packages that extend findings, then in what comes with findings: beside src/ in
a checkout, inside the package where it was installed. A file of an earlier place stands for the one of the same name
in a later place, as on Hydra's search path, whose parts these folders of conf/ are (search_path.py).

A package extends findings by an entry point that names a module with these folders inside it:

    [project.entry-points."findings.extensions"]
    ours = "our_package"
"""

import sys
import traceback
from functools import lru_cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

from findings.errors import InputError

PACKAGE = Path(__file__).parents[1]
EXTENSIONS = "findings.extensions"
SNAPSHOT = "snapshot.json"  # in a copy of the package that a cluster's jobs run


def shared(folder: str) -> Path:
    """The directory ``conf``, ``sweeps`` or ``slurm`` that comes with findings."""
    installed = PACKAGE / "installed" / folder
    return installed if installed.is_dir() else PACKAGE.parents[1] / folder


def folders(folder: str) -> list[Path]:
    """All directories of that name, in the order in which they are searched."""
    # what was handed to a cluster brings all it needs: a later edit changes no queued run
    own = [] if _is_snapshot() else [Path(), *extensions().values()]
    candidates = [*(place / folder for place in own), shared(folder)]
    return [found for found in dict.fromkeys(place.resolve() for place in candidates) if found.is_dir()]


@lru_cache
def extensions() -> dict[str, Path]:
    """{module: its directory} of the packages that extend findings. Raises InputError for one that is not there."""
    found = {}
    for point in sorted(entry_points(group=EXTENSIONS), key=lambda point: point.name):
        spec = find_spec(point.value)
        places = list(spec.submodule_search_locations or ()) if spec else []
        if not places:
            raise InputError(f"{EXTENSIONS}: {point.name}", f"there is no package '{point.value}'")
        found[point.value] = Path(places[0])
    return found


def importable() -> None:
    """Let modules of the working directory be imported, as Python does for a script that lies there.

    In a job of a cluster those that were copied with the code come first, wherever it is started.
    """
    here, code = str(Path.cwd()), str(PACKAGE.parent)
    if _is_snapshot():
        if sys.path[0] != code:
            sys.path.insert(0, code)
    elif here not in sys.path and "" not in sys.path:
        sys.path.insert(0, here)


def _is_snapshot() -> bool:
    return (PACKAGE / SNAPSHOT).exists()


def described(error: Exception) -> str:
    """What went wrong in code that is not ours, and where, in one line."""
    last = traceback.extract_tb(error.__traceback__)[-1:]
    where = f" ({Path(last[0].filename).name}, line {last[0].lineno})" if last else ""
    if isinstance(error, SyntaxError):
        where = f" (line {error.lineno})"
    return f"{type(error).__name__}: {error}{where}"
