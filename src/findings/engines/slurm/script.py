"""The sbatch script: slurm/array.sbatch with the profile's and the submission's values in it."""

import re
import shlex
import sys
from pathlib import Path

from findings.config.folders import shared
from findings.engines.slurm.profile import Profile
from findings.engines.slurm.submission import Submission
from findings.errors import InputError

TEMPLATE, CHECK = "array.sbatch", "check.sbatch"
PLACE = re.compile(r"\{\{(\w+)\}\}")
# of the profile's keys, those that are options of sbatch by another name or of the same
OPTIONS = ("partition", "account", "qos", "constraint")


def template(name: str = TEMPLATE) -> Path:
    """In the working directory's slurm/ first, then the one that comes with findings."""
    own = Path("slurm", name)
    return own if own.is_file() else shared("slurm") / name


def render(submission: Submission, profile: Profile, max_parallel: int | None) -> str:
    """The script. Nothing that a user typed on the command line is in it: that lies in the runs' configs."""
    most = max_parallel or profile.max_parallel
    of_array = {
        "name": submission.name,
        "array": f"0-{submission.tasks - 1}" + (f"%{most}" if most else ""),
    }
    return _filled(template(), of_array | _values(profile))


def render_check(profile: Profile) -> str:
    """That of `findings submit --check`: one process on one node, with the devices of a task there."""
    return _filled(template(CHECK), _values(profile))


def _values(profile: Profile) -> dict[str, str]:
    return {
        "directives": "\n".join(f"#SBATCH {option}" for option in _options(profile)),
        "nodes": str(profile.nodes),
        "processes": str(profile.devices),
        "cpus": str(profile.task_cpus),
        "time": profile.time,
        "signal": str(profile.signal),
        "excluded": "".join(f",{nodes}" for nodes in _excluded(profile)),
        "setup": "\n".join(profile.setup),
        "scratch": profile.scratch or "",
        "mps": "yes" if profile.mps else "",
        "launcher": profile.launcher,
        "python": shlex.quote(profile.python or sys.executable),
    }


def _filled(path: Path, values: dict[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise InputError(str(path), f"{match[0]}: no such value", [f"{{{{{name}}}}}" for name in values])
        return values[match[1]]

    return PLACE.sub(value, path.read_text())


def _excluded(profile: Profile) -> list[str]:
    """Nodes that the profile's own options exclude: what a task excludes later comes on top."""
    found = [re.fullmatch(r"(?:--exclude[= ]|-x ?)(.+)", option) for option in profile.options]
    return [match[1] for match in found if match]


def _options(profile: Profile) -> list[str]:
    named = [f"--{key}={getattr(profile, key)}" for key in OPTIONS if getattr(profile, key)]
    memory = [f"--mem={profile.memory}"] if profile.memory else []
    devices = [f"--gres={profile.gres}:{profile.shared_devices}"] if profile.gres else []
    return [*named, *memory, *devices, *profile.options]
