"""A cluster as its users know it: conf/cluster/<name>.yaml, typed and checked."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

import yaml

from findings.config.folders import folders
from findings.errors import InputError

CHECKPOINT_SECONDS = 10  # that writing one takes at most, on a slow file system
# SLURM's own forms: minutes, minutes:seconds, hours:minutes:seconds, days-hours, days-hours:minutes, and with seconds
TIME = re.compile(r"(?:(?P<days>\d+)-(?P<clock>\d+(?::\d+){0,2})|(?P<short>\d+(?::\d+){0,2}))")
MEMORY = re.compile(r"\d+[KMGT]?")
CLUSTERS = re.compile(r"(?:--clusters?[= ]|-M ?)(\S+)")
COUNTED = re.compile(r"(.+):(\d+)")
GPU_OPTIONS = re.compile(r"(--gres|--gpus(-per-\w+)?|-G)([= ]|\d|$).*")
WORD = re.compile(r"[\w.,:/@%+=\[\]()*&|-]+")  # what an option of SLURM may hold


class _Loader(yaml.SafeLoader):
    """Of numbers, only whole ones that are written as people do.

    YAML 1.1 also takes 12:00:00 (43,200), 0123 (83) and 2023_456 (2,023,456) for numbers: a time, or an account's name.
    """


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":int", ":float"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"[-+]?(?:0|[1-9]\d*)$"), list("-+0123456789"))


@dataclass
class Profile:
    """How the jobs of one cluster are asked for. Null leaves the choice to SLURM."""

    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    constraint: str | None = None  # features that nodes must have
    nodes: int = 1  # of a run
    devices: int = 1  # of a run on each of its nodes: GPUs, or processes where ``gres`` is null
    task_devices: int | None = None  # of a task whose runs (--pack) have one each, in turn; null: as many as a run has
    gres: str | None = None  # one device, as --gres names it: gpu, gpu:a100
    cpus: int = 4  # cores for each device
    memory: str | None = None  # of a node
    time: str = "04:00:00"  # of a task, which is requeued until its runs are done
    signal: int = 120  # seconds before that time at which runs are told to write checkpoints
    grace: int = 60  # seconds that a preempted task is given (the partition's GraceTime)
    max_parallel: int | None = None  # tasks at a time
    max_tasks: int | None = None  # of an array, where a site caps what one user may have in the queue
    mps: bool = False  # NVIDIA's Multi-Process Service, for runs that share a GPU
    internet: bool = False  # whether compute nodes reach W&B; where they do not, `findings sync` sends from here
    scratch: str | None = None  # a folder on the node, such as $TMPDIR: data sets are copied there once for each task
    setup: list[str] = field(default_factory=list)  # lines of bash before the runs: module load ..., source ...
    launcher: str = ""  # before the interpreter: apptainer exec --nv image.sif
    python: str | None = None  # the interpreter there: python3 of an image; null: the one that submits
    options: list[str] = field(default_factory=list)  # more options of sbatch: --exclusive, --reservation=...

    @property
    def processes(self) -> int:
        """Of one run."""
        return self.nodes * self.devices

    @property
    def shared_devices(self) -> int:
        """Of a task, on each of its nodes."""
        return self.task_devices or self.devices

    @property
    def task_cpus(self) -> int:
        """Cores of each process that SLURM starts: one for each device of a run, or one for all runs of a task."""
        return self.cpus * (self.task_devices or 1)

    @property
    def cluster(self) -> str | None:
        """Of several that SLURM knows of, the one that ``options`` name; or several, of which SLURM chooses one."""
        found = [match[1] for option in self.options if (match := CLUSTERS.fullmatch(option))]
        return found[-1] if found else None


def _folders() -> list[Path]:
    return [folder / "cluster" for folder in folders("conf")]


def names() -> list[str]:
    return sorted({path.stem for folder in _folders() for path in folder.glob("*.yaml")})


def read(name: str, overrides: Sequence[str] = ()) -> Profile:
    """The profile of that name or file, with ``cluster.key=value`` in place of what the file says.

    Raises InputError naming the file and the key.
    """
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    path = Path(name) if name.endswith((".yaml", ".yml")) else _find(name)
    known = [one.name for one in fields(Profile)]
    try:
        content = yaml.load(path.read_text(), _Loader) or {}
    except FileNotFoundError:
        raise InputError(str(path), "no such file") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(str(path), f"cannot be read as YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise InputError(str(path), "holds no keys", known)
    for key in content:
        if key not in known:
            raise InputError(str(path), f"{key}: no such key of a cluster", known, str(key))
    given = dict(override.removeprefix("cluster.").partition("=")[::2] for override in overrides)
    for key in given:
        if key not in known:
            raise InputError(f"cluster.{key}", "no such key of a cluster", known, key)
    where = str(path)
    try:
        merged = OmegaConf.merge(OmegaConf.structured(Profile), OmegaConf.create(content))
        where = "submit"
        for key, value in given.items():
            where = f"cluster.{key}"
            OmegaConf.update(merged, key, yaml.load(value, _Loader))
        profile = OmegaConf.to_object(merged)
    except (OmegaConfBaseException, yaml.YAMLError) as error:
        key = getattr(error, "full_key", None)
        problem = str(error).splitlines()[0]
        raise InputError(where, f"{key}: {problem}" if key and where == str(path) else problem) from None
    assert isinstance(profile, Profile)
    try:
        check(profile)
    except InputError as error:
        raise InputError(path.name, str(error)) from None
    return profile


def _find(name: str) -> Path:
    for folder in _folders():
        if (folder / f"{name}.yaml").is_file():
            return folder / f"{name}.yaml"
    raise InputError("--cluster", f"no profile '{name}' in conf/cluster/", names(), name)


def check(profile: Profile) -> None:
    """Raises InputError naming the key whose value no job could run with."""
    for key in ("nodes", "devices", "cpus", "signal"):
        if getattr(profile, key) < 1:
            raise InputError(key, f"{getattr(profile, key)} is not above 0")
    for key in ("max_parallel", "max_tasks", "task_devices"):
        if getattr(profile, key) is not None and getattr(profile, key) < 1:
            raise InputError(key, f"{getattr(profile, key)} is not above 0; null sets no limit")
    if profile.task_devices and profile.processes > 1:
        raise InputError("task_devices", "is for runs of one device; devices and nodes are those of a run")
    if profile.gres and (counted := COUNTED.fullmatch(profile.gres)):
        raise InputError(
            "gres", f"'{profile.gres}' counts: one device is {counted[1]}, and how many are devices: {counted[2]}"
        )
    if profile.memory is not None and not MEMORY.fullmatch(profile.memory):
        raise InputError("memory", f"'{profile.memory}' is no size such as 16G or 4000M")
    limit = seconds(profile.time)
    for key in ("partition", "account", "qos", "constraint", "gres"):
        value = getattr(profile, key)
        if value is not None and not WORD.fullmatch(value):
            raise InputError(key, f"'{value}' is no word that SLURM takes")
    for option in profile.options:
        if not option.startswith("-") or "\n" in option:
            raise InputError("options", f"'{option}' is no option of sbatch, on one line")
        if GPU_OPTIONS.fullmatch(option):
            raise InputError("options", f"'{option}' asks for GPUs that no run would be told of: set gres and devices")
    if any("\n" in line for line in profile.setup) or "\n" in profile.launcher:
        raise InputError("setup", "each entry, and launcher, is one line of bash")
    if profile.mps and not profile.gres:
        raise InputError("mps", "is for GPUs: gres names none")
    if profile.signal >= limit:
        raise InputError("signal", f"{profile.signal} s before the end is before the start: time is {profile.time}")


def check_grace(profile: Profile, chunk_seconds: float) -> None:
    """Raises InputError if a run that is told to stop could not write its checkpoint in time."""
    needed = chunk_seconds + CHECKPOINT_SECONDS
    for key in ("signal", "grace"):
        if getattr(profile, key) <= needed:
            raise InputError(
                f"cluster.{key}",
                f"{getattr(profile, key)} s is too short: a chunk of steps (trainer.chunk_seconds={chunk_seconds:g}) "
                f"and a checkpoint ({CHECKPOINT_SECONDS} s) need more than {needed:g} s",
            )


def seconds(time: str) -> int:
    """Of a time limit in one of SLURM's forms. Raises InputError for any other."""
    match = TIME.fullmatch(time)
    if not match:
        raise InputError(
            "time", f"'{time}' is none of SLURM's forms: 90 (minutes), 1:30:00, 2-12 (days-hours), 2-12:00:00"
        )
    parts = [int(part) for part in (match["clock"] or match["short"]).split(":")]
    if match["days"] is not None:  # hours first
        hours, minutes, rest = (*parts, 0, 0)[:3]
        return ((int(match["days"]) * 24 + hours) * 60 + minutes) * 60 + rest
    if len(parts) == 1:
        return parts[0] * 60
    return sum(part * 60**power for power, part in enumerate(reversed(parts)))
