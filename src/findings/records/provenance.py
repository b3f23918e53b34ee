"""Where a result comes from: an allowlist of facts, never the environment as a whole."""

import contextlib
import json
import os
import platform
import re
import socket
import subprocess
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

from findings.config.folders import PACKAGE, SNAPSHOT

PACKAGES = (
    *("findings", "torch", "pytorch-lightning", "torchmetrics", "hydra-core", "numpy", "wandb", "timm"),
    "torchvision",
)
CPU = Path("/proc/cpuinfo")
INSTRUCTIONS = {"amx_tile": "AMX", "avx512f": "AVX-512", "avx2": "AVX2"}  # the widest first


@lru_cache
def code() -> dict[str, Any]:
    """The commit that the code is of, and whether files differ from it; nulls for an installed package.

    ``page`` is where others see the repository, if ``origin`` says so.
    """
    here = Path(__file__).parent
    if (PACKAGE / SNAPSHOT).exists():
        return dict(json.loads((PACKAGE / SNAPSHOT).read_text()))

    # neither GIT_DIR and its like, which are about another repository, nor whose checkout it is change where it is from
    surroundings = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    command = ["git", "-c", "safe.directory=*", "-C", str(here)]

    def git(*arguments: str) -> str:
        return subprocess.run(
            [*command, *arguments], capture_output=True, text=True, check=True, timeout=20, env=surroundings
        ).stdout.strip()

    try:
        git("ls-files", "--error-unmatch", __file__)  # an installed copy may lie in somebody else's checkout
        found = {"sha": git("rev-parse", "HEAD"), "dirty": bool(git("status", "--porcelain", "--", ":/src", ":/conf"))}
    except (OSError, subprocess.SubprocessError):
        return {"sha": None, "dirty": None}
    with contextlib.suppress(OSError, subprocess.SubprocessError):  # it has no such remote
        found |= {"page": page} if (page := web_page(git("remote", "get-url", "origin"))) else {}
    return found


def web_page(remote: str) -> str | None:
    """Of a repository at a Git server; None for a folder. What its address holds of a user and a password is left out.

    ``git@host:a/b.git``, ``ssh://git@host:22/a/b`` and ``https://user:key@host/a/b.git`` are ``https://host/a/b``.
    """
    web = re.fullmatch(r"(https?)://(?:[^@/]*@)?([^@/]+)/(.+)", remote)
    other = re.fullmatch(r"(?:ssh|git)://(?:[^@/]*@)?([^@/:]+)(?::\d+)?/(.+)", remote) or re.fullmatch(
        r"[\w.-]+@([\w.-]+):/?(.+)", remote
    )
    scheme, host, path = web.groups() if web else ("https", *other.groups()) if other else ("", "", "")
    return f"{scheme}://{host}/{path.rstrip('/').removesuffix('.git')}" if host else None


@lru_cache
def packages() -> dict[str, str]:
    return {package: metadata.version(package) for package in PACKAGES if _installed(package)}


def _installed(package: str) -> bool:
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True


def host() -> str:
    return socket.gethostname()


def job() -> str | None:
    """The SLURM job (and array task) that this process belongs to."""
    array = os.environ.get("SLURM_ARRAY_JOB_ID")
    return f"{array}_{os.environ.get('SLURM_ARRAY_TASK_ID')}" if array else os.environ.get("SLURM_JOB_ID")


def restart() -> int:
    """How often the job was queued again before this start of it."""
    return int(os.environ.get("SLURM_RESTART_COUNT") or 0)


@lru_cache
def processor() -> str:
    """The CPU's name and the widest of its instructions: of one name, virtual ones differ by those several times."""
    try:
        lines = CPU.read_text().splitlines()
        name = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
    flags = {flag for line in lines if line.startswith("flags") for flag in line.split(":", 1)[1].split()}
    widest = next((told for flag, told in INSTRUCTIONS.items() if flag in flags), None)
    return f"{name} ({widest})" if widest else name
